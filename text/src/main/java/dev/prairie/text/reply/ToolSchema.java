package dev.prairie.text.reply;

import dev.prairie.text.grammar.Grammar;
import dev.prairie.text.grammar.UnsupportedSchemaException;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * A tool as the grammar of its calls needs it.
 *
 * @param name       by which it is called: letters, digits and what needs no quoting in JSON or in a tag
 * @param parameters the JSON Schema of its arguments
 * @param strict     whether that must be kept; else what cannot be kept of it is left to the model, and only an object is
 *                   asked for
 */
public record ToolSchema(String name, JsonNode parameters, boolean strict) {
    /** Words of a schema that narrow nothing. */
    private static final Set<String> REMARKS =
            Set.of("type", "title", "description", "default", "examples", "enum", "deprecated");

    /** The arguments as one JSON object. */
    Grammar arguments() {
        try {
            return Grammar.jsonSchema(parameters);
        } catch (UnsupportedSchemaException beyond) {
            if (strict) {
                throw beyond;
            }
            return Grammar.jsonObject();
        }
    }

    /**
     * Whether its arguments can be written one by one: an object of named properties, each of which stands for itself.
     */
    boolean hasPlainProperties() {
        JsonNode properties = parameters.path("properties");
        if (!parameters.path("type").stringValue("").equals("object") || !properties.isObject()) {
            return false;
        }
        String text = parameters.toString();
        boolean plain = !text.contains("\"$ref\"") && !text.contains("\"$defs\"");
        for (JsonNode property : properties) {
            if (isText(property)) {
                plain &= REMARKS.containsAll(property.propertyNames());
            }
        }
        for (String word : parameters.propertyNames()) {
            plain &= Set.of("type", "properties", "required", "title", "description", "additionalProperties", "$schema")
                    .contains(word);
        }
        return plain && !parameters.path("additionalProperties").isObject();
    }

    /** Whether a property is written as bare text, without quotes. */
    static boolean isText(JsonNode property) {
        return property.path("type").stringValue("").equals("string");
    }

    /** Whether the arguments always have this property. */
    boolean requires(String property) {
        for (JsonNode required : parameters.path("required")) {
            if (required.stringValue("").equals(property)) {
                return true;
            }
        }
        return false;
    }
}
