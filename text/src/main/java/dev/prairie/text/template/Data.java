package dev.prairie.text.template;

import dev.prairie.text.template.Value.Dict;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Values from outside: plain Java objects as JSON libraries make them, JSON trees and JSON text. */
final class Data {
    private static final int DEEPEST = 200;
    private static final JsonMapper JSON = new JsonMapper();

    private Data() {}

    /**
     * The value of null, a Boolean, a Number, a String, a List, a Map with string keys, a {@link JsonNode}, or any nesting
     * of them.
     *
     * @throws IllegalArgumentException for other types, and for data nested deeper than 200 levels
     */
    static Value of(@Nullable Object object) {
        return of(object, 0);
    }

    private static Value of(@Nullable Object object, int depth) {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("template data are nested deeper than " + DEEPEST
                    + " levels; give flatter ones");
        }
        return switch (object) {
            case null -> Value.NONE;
            case Value value -> value;
            case Boolean bool -> Value.of(bool);
            case String text -> Value.of(text);
            case BigInteger integer -> new Value.Int(integer);
            case BigDecimal decimal -> new Value.Float(decimal.doubleValue());
            case Double number -> new Value.Float(number);
            case Float number -> new Value.Float(number);
            case Number number -> Value.of(number.longValue());
            case List<?> list -> {
                List<Value> items = new ArrayList<>();
                for (Object item : list) {
                    items.add(of(item, depth + 1));
                }
                yield Value.list(items);
            }
            case Map<?, ?> map -> {
                Dict dict = Dicts.empty();
                map.forEach((key, value) -> {
                    String name = String.valueOf(key);
                    dict.entries().put(name, new Dict.Entry(Value.of(name), of(value, depth + 1)));
                });
                yield dict;
            }
            case JsonNode node -> node(node, depth);
            default ->
                throw new IllegalArgumentException("template data: " + object.getClass().getName()
                        + " found; give strings, numbers, booleans, lists and maps");
        };
    }

    private static Value node(JsonNode node, int depth) {
        if (node.isObject()) {
            Dict dict = Dicts.empty();
            node.properties().forEach(property -> dict.entries()
                    .put(
                            property.getKey(),
                            new Dict.Entry(Value.of(property.getKey()), of(property.getValue(), depth + 1))));
            return dict;
        }
        if (node.isArray()) {
            List<Value> items = new ArrayList<>();
            node.forEach(item -> items.add(of(item, depth + 1)));
            return Value.list(items);
        }
        if (node.isBoolean()) {
            return Value.of(node.booleanValue());
        }
        if (node.isIntegralNumber()) {
            return new Value.Int(node.bigIntegerValue());
        }
        if (node.isNumber()) {
            return new Value.Float(node.doubleValue());
        }
        return node.isString() ? Value.of(node.stringValue()) : Value.NONE;
    }

    /** The filter {@code from_json}. */
    static Value parse(Environment environment, String json) {
        environment.text(json.length());
        try {
            return of(JSON.readTree(json));
        } catch (JacksonException fault) {
            throw environment.error("from_json: not valid JSON, " + fault.getOriginalMessage() + "; give it JSON text");
        }
    }
}
