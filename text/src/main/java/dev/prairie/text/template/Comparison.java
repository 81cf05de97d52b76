package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Python's equality, order and membership. */
final class Comparison {
    private final Environment environment;

    Comparison(Environment environment) {
        this.environment = environment;
    }

    boolean equal(Value a, Value b) {
        environment.step();
        return switch (a) {
            case Value.Undefined undefined -> b instanceof Value.Undefined;
            case Value.None none -> b instanceof Value.None;
            case Value.Bool bool -> isNumber(b) && number(a, b) == 0;
            case Value.Int integer -> isNumber(b) && number(a, b) == 0;
            case Value.Float value ->
                isNumber(b) && !Double.isNaN(value.value()) && !isNan(b) && number(a, b) == 0;
            case Value.Str str -> b instanceof Value.Str other && str.text().equals(other.text());
            case Sequence sequence ->
                b instanceof Sequence other
                        && sequence.kind() == other.kind()
                        && equalItems(sequence.items(), other.items());
            case Value.Dict dict -> b instanceof Value.Dict other && equalEntries(dict, other);
            case Value.Namespace namespace -> a == b;
            case Value.Function function -> a == b;
            case Value.Native object -> a == b;
        };
    }

    private boolean equalItems(List<Value> a, List<Value> b) {
        if (a.size() != b.size()) {
            return false;
        }
        environment.enter();
        boolean equal = true;
        for (int i = 0; i < a.size() && equal; i++) {
            equal = equal(a.get(i), b.get(i));
        }
        environment.leave();
        return equal;
    }

    private boolean equalEntries(Value.Dict a, Value.Dict b) {
        if (a.entries().size() != b.entries().size()) {
            return false;
        }
        environment.enter();
        boolean equal = true;
        for (Map.Entry<Object, Value.Dict.Entry> entry : a.entries().entrySet()) {
            Value.Dict.Entry other = b.entries().get(entry.getKey());
            if (other == null || !equal(entry.getValue().value(), other.value())) {
                equal = false;
                break;
            }
        }
        environment.leave();
        return equal;
    }

    /** Negative, zero or positive; numbers with numbers, strings with strings, lists and tuples element by element. */
    int compare(Value a, Value b) {
        environment.step();
        if (isNumber(a) && isNumber(b)) {
            return number(a, b);
        }
        if (a instanceof Value.Str x && b instanceof Value.Str y) {
            return Text.compare(x.text(), y.text());
        }
        if (a instanceof Sequence x
                && b instanceof Sequence y
                && x.kind() == y.kind()
                && x.kind().indexed()) {
            environment.enter();
            for (int i = 0; i < Math.min(x.items().size(), y.items().size()); i++) {
                if (!equal(x.items().get(i), y.items().get(i))) {
                    int order = compare(x.items().get(i), y.items().get(i));
                    environment.leave();
                    return order;
                }
            }
            environment.leave();
            return Integer.compare(x.items().size(), y.items().size());
        }
        throw environment.error(
                Types.name(a) + " and " + Types.name(b) + " have no order; compare values of one type");
    }

    /** Order for sorting: equal values are equal even where they have no order. */
    int order(Value a, Value b) {
        return equal(a, b) ? 0 : compare(a, b);
    }

    /** Whether {@code item} is in {@code container}. */
    boolean in(Value item, Value container) {
        return switch (container) {
            case Value.Str str when item instanceof Value.Str part -> {
                environment.step(str.text().length() >> 6);
                yield str.text().contains(part.text());
            }
            case Value.Str str ->
                environment.fail("only a string can be in a string, not " + Types.name(item) + "; test its type");
            case Value.Dict dict -> Dicts.contains(environment, dict, item);
            case Sequence sequence -> {
                for (Value each : Types.elements(environment, sequence)) {
                    if (equal(each, item)) {
                        yield true;
                    }
                }
                yield false;
            }
            case Value.Undefined undefined -> false;
            default ->
                environment.fail("nothing can be in " + Types.name(container) + "; test for a list, dict or string");
        };
    }

    /** Whether the two are the same object; small things of one type and content always are. */
    boolean same(Value a, Value b) {
        return a == b
                || (a.getClass() == b.getClass()
                        && !(a instanceof Sequence)
                        && !(a instanceof Value.Dict)
                        && !(a instanceof Value.Namespace)
                        && Objects.equals(a, b));
    }

    static boolean isNumber(Value value) {
        return value instanceof Value.Int || value instanceof Value.Float || value instanceof Value.Bool;
    }

    private static boolean isNan(Value value) {
        return value instanceof Value.Float number && Double.isNaN(number.value());
    }

    private int number(Value a, Value b) {
        double x = Numbers.toDouble(environment, a);
        double y = Numbers.toDouble(environment, b);
        if (Double.isFinite(x) && Double.isFinite(y)) {
            return exact(a).compareTo(exact(b));
        }
        if (Double.isFinite(x) || Double.isFinite(y) || !(a instanceof Value.Int && b instanceof Value.Int)) {
            return Double.compare(x, y);
        }
        return exact(a).compareTo(exact(b));
    }

    private static BigDecimal exact(Value value) {
        return switch (value) {
            case Value.Int integer -> new BigDecimal(integer.value());
            case Value.Bool bool -> bool.value() ? BigDecimal.ONE : BigDecimal.ZERO;
            case Value.Float number -> new BigDecimal(number.value());
            default -> throw new IllegalStateException("not a number");
        };
    }
}
