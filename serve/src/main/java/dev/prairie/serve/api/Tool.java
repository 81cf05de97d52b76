package dev.prairie.serve.api;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A tool that a model may call.
 *
 * @param name       by which it is called
 * @param definition as templates expect it: {@code {"type": "function", "function": {"name", "description",
 *                   "parameters"}}}
 * @param strict     whether arguments must be what the schema of its parameters allows
 */
public record Tool(String name, JsonNode definition, boolean strict) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.:/-]{1,128}");

    /** A tool of that description; {@code parameters} is a JSON Schema, null for a tool that takes none. */
    public static Tool of(String name, @Nullable String description, @Nullable JsonNode parameters, boolean strict) {
        ObjectNode function = JsonNodeFactory.instance.objectNode().put("name", name);
        if (description != null) {
            function.put("description", description);
        }
        if (parameters != null) {
            function.set("parameters", parameters);
        }
        ObjectNode definition = JsonNodeFactory.instance.objectNode().put("type", "function");
        definition.set("function", function);
        return new Tool(name, definition, strict);
    }

    /** The schema of its arguments: any object, where nothing is said. */
    public JsonNode parameters() {
        JsonNode parameters = definition.path("function").path("parameters");
        return parameters.isObject() && !parameters.isEmpty()
                ? parameters
                : JsonNodeFactory.instance.objectNode().put("type", "object");
    }

    /**
     * The name, if it is one.
     *
     * @throws ApiException if {@code field} holds something that no model could call
     */
    public static String name(String name, String field) {
        if (!NAME.matcher(name).matches()) {
            throw ApiException.invalid(
                    field, "\"" + name + "\", give 1 to 128 letters, digits or any of _ - . : / without blanks");
        }
        return name;
    }
}
