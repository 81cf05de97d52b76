package dev.prairie.text.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * Reads JSON Schema (2020-12, and what draft 7 says differently) as a grammar of the texts that a model may write. The
 * grammar is never wider than the schema, and narrower where that makes better answers: properties come in the order in
 * which the schema names them; where it names properties (or first items) and does not speak of others, there are no
 * others; where it does not say a type, the type is the one that its words are about; numbers have at most 16 digits.
 *
 * <p>Everything that is said of one place of the document is taken together: a place is a list of schemas that all
 * hold. References and {@code allOf} add to the list, {@code anyOf} and {@code oneOf} split it into ways. {@code oneOf} is
 * taken where its schemas can be shown to exclude each other ({@link SchemaDifference}), and refused elsewhere.
 *
 * <p>One word is kept only in part: {@code uniqueItems} holds for items of up to ten values; for open-ended ones (strings,
 * numbers, objects) no automaton could hold it, and it is left to the model.
 *
 * @see <a href="https://json-schema.org/draft/2020-12/json-schema-validation">JSON Schema 2020-12</a>
 */
final class SchemaReader {
    private static final int MOST_WAYS = 256;
    private static final int DEEPEST = 100;

    private static final Set<String> VALUES = Set.of("enum", "const");

    /** Words that say something of a value, and of which type; those of numbers and integers alike say "number". */
    private static final Map<String, String> ABOUT = Map.ofEntries(
            Map.entry("properties", "object"),
            Map.entry("required", "object"),
            Map.entry("additionalProperties", "object"),
            Map.entry("minProperties", "object"),
            Map.entry("maxProperties", "object"),
            Map.entry("items", "array"),
            Map.entry("prefixItems", "array"),
            Map.entry("minItems", "array"),
            Map.entry("maxItems", "array"),
            Map.entry("uniqueItems", "array"),
            Map.entry("pattern", "string"),
            Map.entry("format", "string"),
            Map.entry("minLength", "string"),
            Map.entry("maxLength", "string"),
            Map.entry("minimum", "number"),
            Map.entry("maximum", "number"),
            Map.entry("exclusiveMinimum", "number"),
            Map.entry("exclusiveMaximum", "number"),
            Map.entry("multipleOf", "number"));

    private static final List<String> TYPES =
            List.of("object", "array", "string", "number", "integer", "boolean", "null");

    private final SchemaDocument document;
    private final Map<List<Schema>, Rule> rules = new HashMap<>();
    private int depth;

    private SchemaReader(JsonNode node) {
        document = new SchemaDocument(node);
    }

    static Expr read(JsonNode node) {
        // An empty schema asks for "some JSON", by which people mean an object.
        if (node.isObject() && node.isEmpty()) {
            return JsonText.OBJECT;
        }
        SchemaReader reader = new SchemaReader(node);
        return reader.value(List.of(reader.document.root()));
    }

    /** A value that all of some schemas hold for. */
    Expr value(List<Schema> schemas) {
        List<Schema> place = schemas.stream().distinct().toList();
        Rule known = rules.get(place);
        if (known == null) {
            known = new Rule(
                    place.isEmpty() ? "value" : "schema " + place.getFirst().pointer());
            rules.put(place, known);
            known.define(deeper(() -> {
                List<Expr> ways = new ArrayList<>();
                ways(place).forEach(way -> ways.add(way(way)));
                return ways.size() == 1 ? ways.getFirst() : new Expr.Either(ways);
            }));
        }
        return new Expr.Call(known);
    }

    private <T> T deeper(Supplier<T> reading) {
        if (++depth > DEEPEST) {
            throw new GrammarException("the schema is nested more than " + DEEPEST
                    + " deep, or refers to itself without" + " end; put parts of it under '$defs' and refer to them");
        }
        T read = reading.get();
        depth--;
        return read;
    }

    /** The ways in which some schemas can hold together: lists in which no reference and no choice is left. */
    List<List<Schema>> ways(List<Schema> schemas) {
        List<List<Schema>> ways = new ArrayList<>();
        deeper(() -> {
            ways(new ArrayList<>(schemas), new LinkedHashSet<>(), ways);
            return ways;
        });
        return ways;
    }

    private void ways(List<Schema> open, Set<Schema> done, List<List<Schema>> ways) {
        while (!open.isEmpty()) {
            Schema schema = open.removeFirst();
            document.check(schema);
            if (schema.node().isBoolean()) {
                if (!schema.node().asBoolean()) {
                    return;
                }
                continue;
            }
            if (!done.add(schema)) {
                continue;
            }
            if (schema.has("$ref")) {
                open.addFirst(document.resolve(schema));
                if (document.standsAlone(schema)) {
                    done.remove(schema);
                    continue;
                }
            }
            open.addAll(schema.list("allOf"));
            List<Schema> any = schema.list("anyOf");
            List<Schema> one = schema.list("oneOf");
            if (!one.isEmpty()) {
                mustDiffer(schema, one);
            }
            if (!any.isEmpty() || !one.isEmpty()) {
                for (Schema first : any.isEmpty() ? one : any) {
                    for (Schema second : any.isEmpty() || one.isEmpty() ? List.of(first) : one) {
                        List<Schema> more = new ArrayList<>(List.of(first, second));
                        more.addAll(open);
                        deeper(() -> {
                            ways(more, new LinkedHashSet<>(done), ways);
                            return ways;
                        });
                    }
                }
                return;
            }
        }
        if (ways.size() == MOST_WAYS) {
            throw new GrammarException("the schema's 'anyOf' and 'allOf' multiply to more than " + MOST_WAYS
                    + " combinations at one place; write fewer");
        }
        ways.add(List.copyOf(done));
    }

    private void mustDiffer(Schema schema, List<Schema> options) {
        SchemaDifference difference = new SchemaDifference(this);
        for (int i = 0; i < options.size(); i++) {
            for (int k = i + 1; k < options.size(); k++) {
                if (!difference.between(schema, options.get(i), options.get(k))) {
                    throw schema.wrong(
                            "oneOf",
                            "its schemas " + i + " and " + k
                                    + " may hold for the same value; use 'anyOf', or give both a"
                                    + " required property with different constants");
                }
            }
        }
    }

    private Expr way(List<Schema> way) {
        if (way.stream().anyMatch(schema -> VALUES.stream().anyMatch(schema::has))) {
            List<JsonNode> values = values(way);
            return new Expr.Either(values.stream().map(JsonText::constant).toList());
        }
        return typed(way);
    }

    /** The values that {@code enum} and {@code const} leave, as far as the other words hold for them. */
    List<JsonNode> values(List<Schema> way) {
        List<JsonNode> values = new ArrayList<>();
        boolean first = true;
        for (Schema schema : way) {
            for (String word : VALUES) {
                JsonNode said = schema.node().get(word);
                if (said != null) {
                    if (word.equals("enum") && !said.isArray()) {
                        throw schema.wrong("enum", "it must be a list of values, but is " + said);
                    }
                    List<JsonNode> own = word.equals("const") ? List.of(said) : List.copyOf(said.values());
                    values = first ? new ArrayList<>(own) : common(values, own);
                    first = false;
                }
            }
        }
        Set<String> types = types(way);
        values.removeIf(value -> !types.isEmpty() && types.stream().noneMatch(type -> JsonEquality.isOf(value, type)));
        if (!about(way).isEmpty()) {
            // With something else to hold, a value must be a text of the grammar of everything but the list of values.
            Grammar rest = Grammar.of(typed(way));
            values.removeIf(value -> !rest.matches(JsonText.compact(value)));
        }
        return values;
    }

    private static List<JsonNode> common(List<JsonNode> a, List<JsonNode> b) {
        List<JsonNode> both = new ArrayList<>(a);
        both.removeIf(value -> b.stream().noneMatch(other -> JsonEquality.same(value, other)));
        return both;
    }

    private Expr typed(List<Schema> way) {
        Set<String> types = emitted(way);
        if (types.isEmpty()) {
            return new Expr.Either(
                    way.stream().anyMatch(schema -> schema.has("type")) ? List.of() : List.of(JsonText.VALUE));
        }
        List<Expr> options = new ArrayList<>();
        for (String type : types) {
            options.add(
                    switch (type) {
                        case "object" -> new ObjectSchema(this, way).expression();
                        case "array" -> new ArraySchema(this, way).expression();
                        case "string" -> ScalarSchema.string(way);
                        case "number" -> ScalarSchema.number(way, false);
                        case "integer" -> ScalarSchema.number(way, true);
                        case "boolean" -> JsonText.BOOLEAN;
                        default -> JsonText.NULL;
                    });
        }
        return options.size() == 1 ? options.getFirst() : new Expr.Either(options);
    }

    /** The types of the values that are written: those that are declared, or else those that the words are about. */
    Set<String> emitted(List<Schema> way) {
        return way.stream().anyMatch(schema -> schema.has("type")) ? types(way) : about(way);
    }

    private static Set<String> about(List<Schema> way) {
        Set<String> about = new LinkedHashSet<>();
        for (Schema schema : way) {
            for (String word : schema.node().propertyNames()) {
                String type = ABOUT.get(word);
                // A format that is only a note says nothing of the type either.
                if (type != null
                        && (!word.equals("format") || Formats.pattern(schema).isPresent())) {
                    about.add(type);
                }
            }
        }
        return about;
    }

    /** The types that all of some schemas declare; empty if none does, or if they exclude each other. */
    Set<String> types(List<Schema> way) {
        Set<String> types = new LinkedHashSet<>();
        boolean first = true;
        for (Schema schema : way) {
            JsonNode said = schema.node().get("type");
            if (said == null) {
                continue;
            }
            Set<String> own = new LinkedHashSet<>();
            for (JsonNode type : said.isArray() ? said.values() : List.of(said)) {
                if (!type.isString() || !TYPES.contains(type.asString())) {
                    throw schema.wrong("type", "there is no type " + type + "; the types are " + TYPES);
                }
                own.add(type.asString());
            }
            if (own.contains("number")) {
                own.remove("integer");
            }
            if (first) {
                types = own;
            } else {
                Set<String> both = new LinkedHashSet<>();
                for (String type : types) {
                    for (String other : own) {
                        if (type.equals(other) || (type.equals("integer") && other.equals("number"))) {
                            both.add(type);
                        } else if (type.equals("number") && other.equals("integer")) {
                            both.add(other);
                        }
                    }
                }
                types = both;
            }
            first = false;
        }
        return types;
    }

    /**
     * The values that some schemas leave, if these are few and all known; otherwise nothing.
     *
     * @param most how many are few
     */
    java.util.Optional<List<JsonNode>> fewValues(List<Schema> schemas, int most) {
        List<JsonNode> all = new ArrayList<>();
        for (List<Schema> way : ways(schemas)) {
            if (way.stream().noneMatch(schema -> VALUES.stream().anyMatch(schema::has))) {
                Set<String> types = emitted(way);
                if (types.isEmpty() || !Set.of("boolean", "null").containsAll(types)) {
                    return java.util.Optional.empty();
                }
                var factory = tools.jackson.databind.node.JsonNodeFactory.instance;
                if (types.contains("boolean")) {
                    all.add(factory.booleanNode(true));
                    all.add(factory.booleanNode(false));
                }
                if (types.contains("null")) {
                    all.add(factory.nullNode());
                }
            } else {
                all.addAll(values(way));
            }
        }
        if (all.size() > 4 * most) {
            return java.util.Optional.empty();
        }
        List<JsonNode> distinct = new ArrayList<>();
        for (JsonNode value : all) {
            if (distinct.stream().noneMatch(other -> JsonEquality.same(value, other))) {
                distinct.add(value);
            }
        }
        return distinct.size() > most ? java.util.Optional.empty() : java.util.Optional.of(distinct);
    }
}
