package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.math.BigInteger;
import java.util.Set;

/** Jinja's tests, as in {@code value is defined}. */
final class Tests {
    private static final Set<String> NAMES = Set.of(
            "boolean", "callable", "defined", "divisibleby", "eq", "==", "equalto", "escaped", "even", "false", "filter",
            "float", "ge", ">=", "gt", ">", "greaterthan", "in", "integer", "iterable", "le", "<=", "lower", "lt", "<",
            "lessthan", "mapping", "ne", "!=", "none", "number", "odd", "sameas", "sequence", "string", "test", "true",
            "undefined", "upper");

    private final Environment environment;
    private final Comparison comparison;

    Tests(Environment environment) {
        this.environment = environment;
        this.comparison = new Comparison(environment);
    }

    static boolean has(String name) {
        return NAMES.contains(name);
    }

    boolean test(String name, Value value, Arguments arguments) {
        boolean result =
                switch (name) {
                    case "defined" -> !(value instanceof Value.Undefined);
                    case "undefined" -> value instanceof Value.Undefined;
                    case "none" -> value instanceof Value.None;
                    case "boolean" -> value instanceof Value.Bool;
                    case "true" -> value instanceof Value.Bool bool && bool.value();
                    case "false" -> value instanceof Value.Bool bool && !bool.value();
                    case "integer" -> value instanceof Value.Int;
                    case "float" -> value instanceof Value.Float;
                    case "number" -> Comparison.isNumber(value);
                    case "string" -> value instanceof Value.Str;
                    case "mapping" -> value instanceof Value.Dict;
                    case "sequence" ->
                        value instanceof Value.Str
                                || value instanceof Value.Dict
                                || value instanceof Value.Undefined
                                || (value instanceof Sequence sequence && sequence.kind().indexed());
                    case "iterable" ->
                        value instanceof Value.Str
                                || value instanceof Value.Dict
                                || value instanceof Value.Undefined
                                || value instanceof Sequence;
                    case "callable" ->
                        value instanceof Value.Function
                                || (value instanceof Value.Native object
                                        && object.function().isPresent());
                    case "escaped" -> value instanceof Value.Str str && str.safe();
                    case "filter" -> value instanceof Value.Str str && Filters.has(str.text());
                    case "test" -> value instanceof Value.Str str && has(str.text());
                    case "lower" -> StringMethods.isLower(new Printer(environment).print(value));
                    case "upper" -> StringMethods.isUpper(new Printer(environment).print(value));
                    case "odd" -> remainder(value, BigInteger.TWO).equals(BigInteger.ONE);
                    case "even" -> remainder(value, BigInteger.TWO).signum() == 0;
                    case "divisibleby" -> {
                        Value divisor = arguments.required("num");
                        yield remainder(value, whole(divisor)).signum() == 0;
                    }
                    case "sameas" -> comparison.same(value, arguments.required("other"));
                    case "in" -> comparison.in(value, arguments.required("seq"));
                    case "eq", "==", "equalto" -> comparison.equal(value, arguments.required("other"));
                    case "ne", "!=" -> !comparison.equal(value, arguments.required("other"));
                    case "lt", "<", "lessthan" -> comparison.compare(value, arguments.required("other")) < 0;
                    case "le", "<=" -> comparison.compare(value, arguments.required("other")) <= 0;
                    case "gt", ">", "greaterthan" -> comparison.compare(value, arguments.required("other")) > 0;
                    case "ge", ">=" -> comparison.compare(value, arguments.required("other")) >= 0;
                    default -> throw environment.error("no test is called '" + name + "'; use one of Jinja's");
                };
        arguments.end();
        return result;
    }

    private BigInteger remainder(Value value, BigInteger divisor) {
        return divisor.signum() == 0
                ? environment.fail("division by zero; test the divisor before")
                : whole(value).mod(divisor.abs());
    }

    private BigInteger whole(Value value) {
        return switch (value) {
            case Value.Int integer -> integer.value();
            case Value.Bool bool -> bool.value() ? BigInteger.ONE : BigInteger.ZERO;
            default -> environment.fail(Types.name(value) + " is no whole number; test with 'is integer' before");
        };
    }
}
