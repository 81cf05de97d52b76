package dev.prairie.text.template;

import dev.prairie.text.template.Value.Dict;
import dev.prairie.text.template.Value.Sequence;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Mappings with Python's keys: {@code 1}, {@code 1.0} and {@code true} are one key, which keeps its first spelling. */
final class Dicts {
    private static final int DEEPEST_KEY = 32;

    private Dicts() {}

    static Dict empty() {
        return new Dict(new LinkedHashMap<>());
    }

    static Dict of(Map<String, Value> values) {
        Dict dict = empty();
        values.forEach((key, value) -> dict.entries().put(key, new Dict.Entry(Value.of(key), value)));
        return dict;
    }

    static Optional<Value> get(Environment environment, Dict dict, Value key) {
        return Optional.ofNullable(dict.entries().get(key(environment, key, 0))).map(Dict.Entry::value);
    }

    static boolean contains(Environment environment, Dict dict, Value key) {
        return dict.entries().containsKey(key(environment, key, 0));
    }

    static void put(Environment environment, Dict dict, Value key, Value value) {
        environment.step();
        dict.entries().merge(key(environment, key, 0), new Dict.Entry(key, value),
                (old, fresh) -> new Dict.Entry(old.key(), fresh.value()));
    }

    static Optional<Value> remove(Environment environment, Dict dict, Value key) {
        return Optional.ofNullable(dict.entries().remove(key(environment, key, 0))).map(Dict.Entry::value);
    }

    static List<Value> keys(Environment environment, Dict dict) {
        environment.step(dict.entries().size());
        return dict.entries().values().stream().map(Dict.Entry::key).toList();
    }

    static List<Value> values(Environment environment, Dict dict) {
        environment.step(dict.entries().size());
        return dict.entries().values().stream().map(Dict.Entry::value).toList();
    }

    /** Pairs of key and value. */
    static List<Value> items(Environment environment, Dict dict) {
        environment.step(2L * dict.entries().size());
        return dict.entries().values().stream()
                .map(entry -> (Value) Value.tuple(entry.key(), entry.value()))
                .toList();
    }

    /** A Java object that equals another exactly if Python holds the two keys equal. */
    static Object key(Environment environment, Value value) {
        return key(environment, value, 0);
    }

    private static Object key(Environment environment, Value value, int depth) {
        environment.step();
        return switch (value) {
            case Value.Str str -> str.text();
            case Value.Int integer -> new Number(new BigDecimal(integer.value()));
            case Value.Bool bool -> new Number(bool.value() ? BigDecimal.ONE : BigDecimal.ZERO);
            case Value.Float number -> Double.isFinite(number.value())
                    ? new Number(new BigDecimal(number.value()).stripTrailingZeros())
                    : (Object) number.value();
            case Value.None none -> none;
            case Value.Undefined undefined -> Value.Undefined.class;
            case Sequence sequence when sequence.kind() == Sequence.Kind.TUPLE -> {
                if (depth > DEEPEST_KEY) {
                    yield environment.fail("a key is nested deeper than " + DEEPEST_KEY + " tuples; use a plain one");
                }
                List<Object> parts = new ArrayList<>();
                for (Value item : sequence.items()) {
                    parts.add(key(environment, item, depth + 1));
                }
                yield parts;
            }
            default ->
                environment.fail(Types.name(value) + " cannot be a key; use a string, a number or a tuple of such");
        };
    }

    /** A number as a key; 1.0 is 1. */
    private record Number(BigDecimal value) {
        Number {
            value = value.signum() == 0 ? BigDecimal.ZERO : value.stripTrailingZeros();
        }
    }
}
