package dev.prairie.serve.openai;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Tool;
import dev.prairie.serve.api.ToolChoice;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Reads {@code tools} and {@code tool_choice} of a chat. */
final class ToolFields {
    private static final int MOST_TOOLS = 128;

    private ToolFields() {}

    static List<Tool> tools(Fields fields) {
        JsonNode given = fields.node("tools");
        if (given == null) {
            return List.of();
        }
        if (!given.isArray() || given.size() > MOST_TOOLS) {
            throw ApiException.invalid("tools", "give an array of at most " + MOST_TOOLS + " tools");
        }
        List<Tool> tools = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            tools.add(tool(given.get(i), "tools[" + i + "]"));
        }
        return tools;
    }

    private static Tool tool(JsonNode given, String field) {
        Fields tool = Fields.fieldsOf(given, field);
        if (!given.path("type").stringValue("").equals("function")
                || !given.path("function").isObject()) {
            throw ApiException.invalid(field, "give {\"type\": \"function\", \"function\": {\"name\", …}}");
        }
        tool.accept("type", "function");
        Fields function = Fields.fieldsOf(given.get("function"), field + ".function");
        String name = Tool.name(function.string("name"), function.name("name"));
        JsonNode parameters = function.node("parameters");
        if (parameters != null && !parameters.isObject()) {
            throw Fields.wrongType(function.name("parameters"), "a JSON schema", parameters);
        }
        if (function.has("description")) {
            function.string("description");
        }
        boolean strict = function.bool("strict", false);
        function.end();
        tool.end();
        return new Tool(name, given, strict);
    }

    /** Which tools may be called; what is not said is for the model to decide. */
    static ToolChoice choice(Fields fields, List<Tool> tools) {
        JsonNode choice = fields.node("tool_choice");
        if (choice == null) {
            return ToolChoice.AUTO;
        }
        if (choice.isObject()) {
            Fields named = Fields.fieldsOf(choice, "tool_choice");
            String type = named.string("type");
            Fields function = named.fields("function");
            if (!type.equals("function") || function == null) {
                throw ApiException.unsupported(
                        "tool_choice", "only {\"type\": \"function\", \"function\": {\"name\"}} names a tool here");
            }
            String name = function.string("name");
            function.end();
            named.end();
            return new ToolChoice.Named(name);
        }
        String word = Fields.string(choice, "tool_choice");
        return switch (word) {
            case "auto" -> ToolChoice.AUTO;
            case "none" -> ToolChoice.NONE;
            case "required" -> {
                if (tools.isEmpty()) {
                    throw ApiException.invalid("tool_choice", "\"required\", but there are no tools; give some");
                }
                yield ToolChoice.REQUIRED;
            }
            default ->
                throw ApiException.invalid(
                        "tool_choice", "\"" + word + "\", give \"auto\", \"none\", \"required\" or a tool's name");
        };
    }
}
