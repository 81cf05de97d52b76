package dev.prairie.text.grammar;

import java.math.BigDecimal;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Shows of two schemas that no value that is written for one holds for the other. What cannot be shown is taken not to be
 * so: types, constants, a property that both require, one that one requires and the other forbids, and bounds are looked
 * at.
 */
final class SchemaDifference {
    private static final int FEW = 1_000;
    private static final int DEEPEST = 4;

    private final SchemaReader reader;

    SchemaDifference(SchemaReader reader) {
        this.reader = reader;
    }

    /** Whether two options of a schema exclude each other; what the schema itself says holds for both. */
    boolean between(Schema both, Schema one, Schema other) {
        return between(List.of(one), List.of(other), types(both), DEEPEST);
    }

    private static Set<String> types(Schema schema) {
        Set<String> types = new LinkedHashSet<>();
        JsonNode said = schema.node().path("type");
        for (JsonNode type : said.isArray() ? said.values() : List.of(said)) {
            types.add(type.asString(""));
        }
        types.remove("");
        return types;
    }

    private boolean between(List<Schema> one, List<Schema> other, Set<String> outside, int depth) {
        if (depth == 0) {
            return false;
        }
        for (List<Schema> a : reader.ways(one)) {
            for (List<Schema> b : reader.ways(other)) {
                if (!differ(a, b, outside, depth)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean differ(List<Schema> a, List<Schema> b, Set<String> outside, int depth) {
        Optional<List<JsonNode>> valuesOfA = reader.fewValues(a, FEW);
        Optional<List<JsonNode>> valuesOfB = reader.fewValues(b, FEW);
        if (valuesOfA.isPresent() && valuesOfB.isPresent()) {
            return valuesOfA.get().stream()
                    .allMatch(value -> valuesOfB.get().stream().noneMatch(known -> JsonEquality.same(value, known)));
        }
        Set<String> typesOfA = declared(a, valuesOfA, outside);
        Set<String> typesOfB = declared(b, valuesOfB, outside);
        if (typesOfA.isEmpty() || typesOfB.isEmpty()) {
            return false;
        }
        Set<String> common = new LinkedHashSet<>();
        for (String type : typesOfA) {
            for (String known : typesOfB) {
                if (type.equals(known) || (isNumber(type) && isNumber(known))) {
                    common.add(type.equals("integer") ? "number" : type);
                }
            }
        }
        return common.stream().allMatch(type -> switch (type) {
            case "object" -> objects(a, b, depth);
            case "number" -> ranges(a, b, "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum");
            case "string" -> ranges(a, b, "minLength", "", "maxLength", "");
            case "array" -> ranges(a, b, "minItems", "", "maxItems", "");
            default -> false;
        });
    }

    private static boolean isNumber(String type) {
        return type.equals("integer") || type.equals("number");
    }

    private Set<String> declared(List<Schema> way, Optional<List<JsonNode>> values, Set<String> outside) {
        Set<String> types = new LinkedHashSet<>(reader.types(way));
        if (types.isEmpty() && values.isPresent()) {
            for (String type : List.of("object", "array", "string", "number", "boolean", "null")) {
                if (values.get().stream().anyMatch(value -> JsonEquality.isOf(value, type))) {
                    types.add(type);
                }
            }
        }
        return types.isEmpty() ? outside : types;
    }

    private boolean objects(List<Schema> a, List<Schema> b, int depth) {
        return forbids(a, b)
                || forbids(b, a)
                || a.stream()
                        .flatMap(schema -> schema.node().path("required").valueStream())
                        .map(name -> name.asString(""))
                        .filter(name -> required(b, name))
                        .anyMatch(name -> {
                            List<Schema> mine = property(a, name);
                            List<Schema> others = property(b, name);
                            return !mine.isEmpty() && !others.isEmpty() && between(mine, others, Set.of(), depth - 1);
                        });
    }

    /** Whether one requires a property that the other does not allow. */
    private static boolean forbids(List<Schema> requiring, List<Schema> forbidding) {
        return requiring.stream()
                .flatMap(schema -> schema.node().path("required").valueStream())
                .map(name -> name.asString(""))
                .anyMatch(name -> forbidding.stream()
                        .anyMatch(schema -> isFalse(schema.at("properties", name))
                                || (schema.at("properties", name).isEmpty()
                                        && isFalse(schema.at("additionalProperties")))));
    }

    private static boolean isFalse(Optional<Schema> schema) {
        return schema.filter(said -> said.node().isBoolean() && !said.node().asBoolean())
                .isPresent();
    }

    private static boolean required(List<Schema> way, String name) {
        return way.stream()
                .flatMap(schema -> schema.node().path("required").valueStream())
                .anyMatch(known -> known.asString("").equals(name));
    }

    private static List<Schema> property(List<Schema> way, String name) {
        return way.stream()
                .flatMap(schema -> schema.at("properties", name).stream())
                .toList();
    }

    private static boolean ranges(List<Schema> a, List<Schema> b, String from, String above, String to, String below) {
        return apart(a, b, from, above, to, below) || apart(b, a, from, above, to, below);
    }

    /** Whether all of the first lies below all of the second. */
    private static boolean apart(
            List<Schema> low, List<Schema> high, String from, String above, String to, String below) {
        for (Schema lower : low) {
            for (Schema higher : high) {
                for (String end : List.of(to, below)) {
                    for (String begin : List.of(from, above)) {
                        Optional<BigDecimal> most = lower.number(end);
                        Optional<BigDecimal> least = higher.number(begin);
                        boolean strict = end.equals(below) || begin.equals(above);
                        if (most.isPresent() && least.isPresent()) {
                            int order = most.get().compareTo(least.get());
                            if (order < 0 || (order == 0 && strict)) {
                                return true;
                            }
                        }
                    }
                }
            }
        }
        return false;
    }
}
