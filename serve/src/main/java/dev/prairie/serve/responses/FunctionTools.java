package dev.prairie.serve.responses;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.ChatOrder;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Tool;
import dev.prairie.serve.api.ToolChoice;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads {@code tools} and {@code tool_choice}. Tools that OpenAI's own servers run are not here. */
final class FunctionTools {
    private static final int MOST_TOOLS = 128;

    private FunctionTools() {}

    static ChatOrder read(Fields fields, ChatOrder order) {
        List<Tool> tools = new ArrayList<>();
        List<JsonNode> given = fields.array("tools", MOST_TOOLS);
        for (int i = 0; i < given.size(); i++) {
            tools.add(tool(Fields.fieldsOf(given.get(i), "tools[" + i + "]")));
        }
        boolean parallel = fields.bool("parallel_tool_calls", true);
        JsonNode choice = fields.node("tool_choice");
        ToolChoice which = choice(choice);
        if (choice != null && choice.path("type").stringValue("").equals("allowed_tools")) {
            Set<String> allowed = allowed(Fields.fieldsOf(choice, "tool_choice"));
            tools.removeIf(tool -> !allowed.contains(tool.name()));
        }
        if (tools.isEmpty() && (which instanceof ToolChoice.Required || which instanceof ToolChoice.Named)) {
            throw ApiException.invalid("tool_choice", "there are no tools to choose from, give some");
        }
        return order.withTools(tools, which, parallel);
    }

    private static Tool tool(Fields tool) {
        String type = tool.string("type");
        if (!type.equals("function")) {
            throw ApiException.unsupported(tool.name("type"), "\"" + type + "\", only \"function\" is supported yet");
        }
        String name = Tool.name(tool.string("name"), tool.name("name"));
        String description = tool.has("description") ? tool.string("description") : null;
        Tool read = Tool.of(name, description, tool.node("parameters"), tool.bool("strict", false));
        tool.accept("allowed_callers", "output_schema");
        tool.unsupported("async", "defer_loading");
        tool.end();
        return read;
    }

    private static ToolChoice choice(@Nullable JsonNode choice) {
        if (choice == null) {
            return ToolChoice.AUTO;
        }
        if (choice.isString()) {
            return mode(choice.stringValue(), "tool_choice");
        }
        Fields fields = Fields.fieldsOf(choice, "tool_choice");
        String type = fields.string("type");
        ToolChoice which = switch (type) {
            case "function" -> new ToolChoice.Named(fields.string("name"));
            case "allowed_tools" -> mode(fields.string("mode"), fields.name("mode"));
            default ->
                throw ApiException.unsupported(
                        fields.name("type"), "\"" + type + "\", only \"function\" is supported yet");
        };
        fields.accept("tools");
        fields.end();
        return which;
    }

    private static ToolChoice mode(String mode, String name) {
        return switch (mode) {
            case "auto" -> ToolChoice.AUTO;
            case "none" -> ToolChoice.NONE;
            case "required" -> ToolChoice.REQUIRED;
            default -> throw ApiException.invalid(name, "\"" + mode + "\", give auto, none or required");
        };
    }

    private static Set<String> allowed(Fields choice) {
        Set<String> names = new HashSet<>();
        List<JsonNode> tools = choice.array("tools", MOST_TOOLS);
        for (int i = 0; i < tools.size(); i++) {
            names.add(Fields.fieldsOf(tools.get(i), "tool_choice.tools[" + i + "]")
                    .string("name"));
        }
        return names;
    }
}
