package dev.prairie.text.template;

import java.util.Set;

/** Jinja's filters, as in {@code value | trim}: which there are, and who does them. */
final class Filters {
    private static final Set<String> NUMBERS = Set.of("abs", "int", "float", "round");

    private static final Set<String> TEXT = Set.of(
            "capitalize", "center", "e", "escape", "forceescape", "format", "indent", "lower", "replace", "safe",
            "string", "striptags", "title", "trim", "truncate", "upper", "urlencode", "wordcount");

    private static final Set<String> SEQUENCES = Set.of(
            "batch", "count", "dictsort", "first", "groupby", "items", "join", "last", "length", "list", "map", "max",
            "min", "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "sort", "sum", "unique");

    private static final Set<String> OTHERS = Set.of("attr", "d", "default", "from_json", "tojson");

    private Filters() {}

    static boolean has(String name) {
        return NUMBERS.contains(name) || TEXT.contains(name) || SEQUENCES.contains(name) || OTHERS.contains(name);
    }

    static Value apply(Environment environment, String name, Value value, Arguments arguments) {
        Value result;
        if (TEXT.contains(name)) {
            result = new TextFilters(environment, arguments).apply(name, value);
        } else if (SEQUENCES.contains(name)) {
            result = new SequenceFilters(environment, arguments).apply(name, value);
        } else if (NUMBERS.contains(name)) {
            result = new NumberFilters(environment, arguments).apply(name, value);
        } else {
            result = switch (name) {
                case "tojson" -> JsonPrinter.filter(environment, value, arguments);
                case "from_json" -> Data.parse(environment, new Printer(environment).print(value));
                case "attr" -> new Access(environment).attribute(value, arguments.requiredString("name"));
                case "d", "default" -> {
                    Value otherwise = arguments.next("default_value").orElse(Value.of(""));
                    boolean falseToo = arguments.bool("boolean", false);
                    yield value instanceof Value.Undefined || (falseToo && !Types.truth(value)) ? otherwise : value;
                }
                default ->
                    environment.fail("no filter is called '" + name + "'; use one of Jinja's, or leave it out");
            };
        }
        arguments.end();
        return result;
    }
}
