package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** What every value can be asked: its type's name, its truth, its length, its elements. */
final class Types {
    private Types() {}

    /** The type as Python and its users call it. */
    static String name(Value value) {
        return switch (value) {
            case Value.Undefined undefined -> "undefined (" + undefined.what() + ")";
            case Value.None none -> "none";
            case Value.Bool bool -> "a boolean";
            case Value.Int integer -> "an integer";
            case Value.Float number -> "a float";
            case Value.Str str -> "a string";
            case Sequence sequence -> switch (sequence.kind()) {
                case LIST -> "a list";
                case TUPLE -> "a tuple";
                case RANGE -> "a range";
                case GENERATOR -> "a generator";
                case KEYS, VALUES, ITEMS -> "a view of a dict";
            };
            case Value.Dict dict -> "a dict";
            case Value.Namespace namespace -> "a namespace";
            case Value.Function function -> "a function";
            case Value.Native object -> object.name();
        };
    }

    /** Python's truth: empty things, zero, none and undefined are false. */
    static boolean truth(Value value) {
        return switch (value) {
            case Value.Undefined undefined -> false;
            case Value.None none -> false;
            case Value.Bool bool -> bool.value();
            case Value.Int integer -> integer.value().signum() != 0;
            case Value.Float number -> number.value() != 0;
            case Value.Str str -> !str.text().isEmpty();
            case Sequence sequence ->
                sequence.kind() == Sequence.Kind.GENERATOR || !sequence.items().isEmpty();
            case Value.Dict dict -> !dict.entries().isEmpty();
            case Value.Namespace namespace -> true;
            case Value.Function function -> true;
            case Value.Native object -> true;
        };
    }

    /** Number of elements, in a string of characters (code points). */
    static int length(Environment environment, Value value) {
        return switch (value) {
            case Value.Str str -> Text.length(str.text());
            case Sequence sequence -> sequence.items().size();
            case Value.Dict dict -> dict.entries().size();
            case Value.Undefined undefined -> 0;
            default -> environment.fail(name(value) + " has no length; test its type before");
        };
    }

    /** The elements that iteration visits; paid for. A copy of what may change meanwhile. */
    static List<Value> elements(Environment environment, Value value) {
        switch (value) {
            case Sequence sequence -> {
                environment.step(sequence.items().size());
                return sequence.kind() == Sequence.Kind.LIST ? List.copyOf(sequence.items()) : sequence.items();
            }
            case Value.Dict dict -> {
                return Dicts.keys(environment, dict);
            }
            case Value.Str str -> {
                environment.step(str.text().length());
                List<Value> characters = new ArrayList<>();
                str.text().codePoints().forEach(c -> characters.add(Value.of(Character.toString(c))));
                return characters;
            }
            case Value.Undefined undefined -> {
                return List.of();
            }
            default -> throw environment.error(name(value) + " cannot be iterated; give a list, a dict or a string");
        }
    }

    /** A value that must be a whole number, cut to the range of an int. */
    static int index(Environment environment, Value value, String what) {
        return switch (value) {
            case Value.Int integer -> cut(integer.value());
            case Value.Bool bool -> bool.value() ? 1 : 0;
            default -> environment.fail(what + " is " + name(value) + ", give a whole number");
        };
    }

    static int cut(BigInteger value) {
        return value.bitLength() < 32
                ? value.intValue()
                : value.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    /** A name or place that is not there, as an error about its use will call it. */
    static Value undefined(String what) {
        return new Value.Undefined(what);
    }
}
