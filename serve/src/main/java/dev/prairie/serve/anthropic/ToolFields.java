package dev.prairie.serve.anthropic;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.ChatOrder;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Tool;
import dev.prairie.serve.api.ToolChoice;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Reads {@code tools} and {@code tool_choice}. Tools that Anthropic's own servers run are not here. */
final class ToolFields {
    private static final int MOST_TOOLS = 128;

    private ToolFields() {}

    static ChatOrder read(Fields fields, ChatOrder order) {
        List<Tool> tools = new ArrayList<>();
        List<JsonNode> given = fields.array("tools", MOST_TOOLS);
        for (int i = 0; i < given.size(); i++) {
            tools.add(tool(Fields.fieldsOf(given.get(i), "tools[" + i + "]")));
        }
        Fields choice = fields.fields("tool_choice");
        if (choice == null) {
            return order.withTools(tools, ToolChoice.AUTO, true);
        }
        ToolChoice which = switch (choice.string("type")) {
            case "auto" -> ToolChoice.AUTO;
            case "any" -> ToolChoice.REQUIRED;
            case "none" -> ToolChoice.NONE;
            case "tool" -> new ToolChoice.Named(choice.string("name"));
            default ->
                throw ApiException.invalid(
                        choice.name("type"), "\"" + choice.string("type") + "\", give auto, any, tool or none");
        };
        boolean parallel = !choice.bool("disable_parallel_tool_use", false);
        choice.end();
        if (tools.isEmpty() && !(which instanceof ToolChoice.None) && !(which instanceof ToolChoice.Auto)) {
            throw ApiException.invalid("tool_choice", "there are no tools to choose from, give some");
        }
        return order.withTools(tools, which, parallel);
    }

    private static Tool tool(Fields tool) {
        String type = tool.has("type") ? tool.string("type") : "custom";
        if (!type.equals("custom")) {
            throw ApiException.unsupported(tool.name("type"), "\"" + type + "\", only tools of your own are supported");
        }
        String name = Tool.name(tool.string("name"), tool.name("name"));
        JsonNode schema = tool.node("input_schema");
        if (schema == null || !schema.isObject()) {
            throw ApiException.invalid(tool.name("input_schema"), "missing, give a JSON Schema of an object");
        }
        Tool read = Tool.of(
                name, tool.has("description") ? tool.string("description") : null, schema, tool.bool("strict", false));
        tool.accept(
                "cache_control", "eager_input_streaming", "defer_loading", "allowed_callers", "input_examples", "type");
        tool.end();
        return read;
    }
}
