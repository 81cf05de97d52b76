package dev.prairie.serve.api;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads a request object field by field. Every field must be read, accepted or refused by name: what is left over at the
 * end is an error, so that nothing a client asks for is silently ignored. An explicit null counts as absent.
 */
public final class Fields {
    private final ObjectNode object;
    private final String prefix;
    private final Set<String> known = new HashSet<>();

    public Fields(ObjectNode object) {
        this(object, "");
    }

    private Fields(ObjectNode object, String prefix) {
        this.object = object;
        this.prefix = prefix;
    }

    /** The field's full name, as an error gives it. */
    public String name(String field) {
        return prefix + field;
    }

    /** The field's value; null if absent. */
    @Nullable
    public JsonNode node(String field) {
        known.add(field);
        JsonNode value = object.get(field);
        return value == null || value.isNull() ? null : value;
    }

    public boolean has(String field) {
        return node(field) != null;
    }

    public String string(String field) {
        JsonNode value = node(field);
        if (value == null) {
            throw new ApiException(
                    400, "invalid_request_error", name(field) + ": missing, give a string", name(field), "missing");
        }
        return string(value, name(field));
    }

    public static String string(JsonNode value, String name) {
        if (!value.isString()) {
            throw wrongType(name, "a string", value);
        }
        return value.stringValue();
    }

    public boolean bool(String field, boolean otherwise) {
        JsonNode value = node(field);
        if (value == null) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw wrongType(name(field), "true or false", value);
        }
        return value.booleanValue();
    }

    public OptionalLong integer(String field, long least, long most) {
        JsonNode value = node(field);
        return value == null ? OptionalLong.empty() : OptionalLong.of(integer(value, name(field), least, most));
    }

    public static long integer(JsonNode value, String name, long least, long most) {
        if (!value.isIntegralNumber()) {
            throw wrongType(name, "a whole number", value);
        }
        if (!value.canConvertToLong() || value.longValue() < least || value.longValue() > most) {
            throw ApiException.invalid(name, value + ", give " + least + " to " + most);
        }
        return value.longValue();
    }

    /** A number from {@code least} to {@code most}. */
    public float number(String field, float otherwise, double least, double most) {
        JsonNode value = node(field);
        if (value == null) {
            return otherwise;
        }
        if (!value.isNumber()) {
            throw wrongType(name(field), "a number", value);
        }
        double number = value.doubleValue();
        if (!(number >= least && number <= most)) {
            throw ApiException.invalid(name(field), value + ", give " + least + " to " + most);
        }
        return (float) number;
    }

    /** A number above 0, and at most {@code most}. */
    public float positive(String field, float otherwise, double most) {
        float number = number(field, otherwise, 0, most);
        if (number == 0) {
            throw ApiException.invalid(name(field), "0, give more than 0 and at most " + most);
        }
        return number;
    }

    /** The object in this field; null if absent. */
    @Nullable
    public Fields fields(String field) {
        JsonNode value = node(field);
        return value == null ? null : fieldsOf(value, name(field));
    }

    public static Fields fieldsOf(JsonNode value, String name) {
        if (value instanceof ObjectNode inner) {
            return new Fields(inner, name + ".");
        }
        throw wrongType(name, "an object", value);
    }

    /** Strings in this field, alone or in an array of at most {@code most}; empty if absent. */
    public List<String> strings(String field, int most) {
        JsonNode value = node(field);
        if (value == null) {
            return List.of();
        }
        if (value.isString()) {
            return List.of(value.stringValue());
        }
        if (!value.isArray()) {
            throw wrongType(name(field), "a string or an array of strings", value);
        }
        if (value.size() > most) {
            throw ApiException.invalid(name(field), value.size() + " strings, give at most " + most);
        }
        List<String> strings = new ArrayList<>();
        for (int i = 0; i < value.size(); i++) {
            strings.add(string(value.get(i), name(field) + "[" + i + "]"));
        }
        return strings;
    }

    /** Every field by its name, all of them read by this. */
    public java.util.Map<String, Object> all() {
        java.util.Map<String, Object> all = new java.util.LinkedHashMap<>();
        object.properties().forEach(entry -> all.put(entry.getKey(), entry.getValue()));
        known.addAll(all.keySet());
        return all;
    }

    /** Fields that mean nothing here and do no harm. */
    public void accept(String... names) {
        known.addAll(List.of(names));
    }

    /** A field that would change the answer: only absence, {@code false}, 0, or emptiness can be honoured. */
    public void unsupported(String... names) {
        for (String field : names) {
            JsonNode value = node(field);
            boolean asksForNothing = value == null
                    || (value.isBoolean() && !value.booleanValue())
                    || (value.isNumber() && value.doubleValue() == 0)
                    || (value.isString() && value.stringValue().isEmpty())
                    || (value.isContainer() && value.isEmpty());
            if (!asksForNothing) {
                throw ApiException.unsupported(name(field), "not supported yet, leave it out");
            }
        }
    }

    /** To be called last: refuses fields that nobody has asked about. */
    public void end() {
        for (String field : object.propertyNames()) {
            if (!known.contains(field)) {
                throw new ApiException(
                        400,
                        "invalid_request_error",
                        name(field) + ": unknown field, leave it out",
                        name(field),
                        "unknown_parameter");
            }
        }
    }

    public static ApiException wrongType(String name, String wanted, JsonNode found) {
        return new ApiException(
                400,
                "invalid_request_error",
                name + ": " + found.getNodeType().name().toLowerCase(java.util.Locale.ROOT) + " found, give " + wanted,
                name,
                "invalid_type");
    }
}
