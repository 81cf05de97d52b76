package dev.prairie.text.grammar;

import java.math.BigDecimal;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** When two values are the same to JSON Schema: numbers by what they are worth, objects whatever the order. */
final class JsonEquality {
    private JsonEquality() {}

    static boolean same(JsonNode a, JsonNode b) {
        if (a.isNumber() && b.isNumber()) {
            return worth(a).compareTo(worth(b)) == 0;
        }
        if (a.isArray() && b.isArray()) {
            boolean same = a.size() == b.size();
            for (int i = 0; same && i < a.size(); i++) {
                same = same(a.get(i), b.get(i));
            }
            return same;
        }
        if (a.isObject() && b.isObject()) {
            boolean same = a.size() == b.size();
            for (Map.Entry<String, JsonNode> entry : a.properties()) {
                JsonNode other = b.get(entry.getKey());
                same &= other != null && same(entry.getValue(), other);
            }
            return same;
        }
        return a.equals(b);
    }

    /** Whether a value is of a type. */
    static boolean isOf(JsonNode value, String type) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isString();
            case "number" -> value.isNumber();
            case "integer" ->
                value.isNumber() && worth(value).stripTrailingZeros().scale() <= 0;
            case "boolean" -> value.isBoolean();
            default -> value.isNull();
        };
    }

    private static BigDecimal worth(JsonNode number) {
        return number.decimalValue();
    }
}
