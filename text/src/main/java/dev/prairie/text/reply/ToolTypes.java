package dev.prairie.text.reply;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.StringNode;

/** What the schemas of the tools say about arguments that a model wrote without quotes. */
final class ToolTypes {
    static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private final Map<String, JsonNode> parameters = new HashMap<>();

    ToolTypes(List<JsonNode> tools) {
        for (JsonNode tool : tools) {
            JsonNode function = tool.has("function") ? tool.get("function") : tool;
            parameters.put(
                    function.path("name").stringValue(""),
                    function.path("parameters").path("properties"));
        }
    }

    /** The argument as JSON: a string where the schema says so, or where it is nothing else. */
    JsonNode value(String tool, String argument, String text) {
        JsonNode properties = parameters.get(tool);
        JsonNode type = properties == null
                ? StringNode.valueOf("")
                : properties.path(argument).path("type");
        if (type.isString() && type.stringValue().equals("string")) {
            return StringNode.valueOf(text);
        }
        try {
            JsonNode value = JSON.readTree(text.strip());
            return value.isMissingNode() ? StringNode.valueOf(text) : value;
        } catch (JacksonException noJson) {
            return switch (text.strip()) { // Python's spelling
                case "True" -> JSON.readTree("true");
                case "False" -> JSON.readTree("false");
                case "None" -> JSON.readTree("null");
                default -> StringNode.valueOf(text);
            };
        }
    }
}
