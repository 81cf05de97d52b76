package dev.prairie.text.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a template computes with: Python's values, as far as Jinja shows them. Nothing of Java can be reached from one;
 * every operation is a switch over these types.
 */
sealed interface Value {
    Value NONE = new None();
    Value TRUE = new Bool(true);
    Value FALSE = new Bool(false);

    static Value of(boolean value) {
        return value ? TRUE : FALSE;
    }

    static Value of(long value) {
        return new Int(BigInteger.valueOf(value));
    }

    static Value of(String text) {
        return new Str(text, false);
    }

    static Sequence list(List<Value> items) {
        return new Sequence(Sequence.Kind.LIST, items);
    }

    static Sequence tuple(Value... items) {
        return new Sequence(Sequence.Kind.TUPLE, List.of(items));
    }

    static Value function(String name, Function.Body body) {
        return new Function(name, body);
    }

    /** What a missing name, key or attribute gives: prints as nothing, is false, and fails when it is used otherwise. */
    record Undefined(String what) implements Value {}

    /** Python's {@code None}. */
    record None() implements Value {}

    record Bool(boolean value) implements Value {}

    record Int(BigInteger value) implements Value {}

    record Float(double value) implements Value {}

    /** Text; {@code safe} marks what the filter {@code safe} gave, to which other text is added escaped. */
    record Str(String text, boolean safe) implements Value {}

    /** Several values in order. */
    record Sequence(Kind kind, List<Value> items) implements Value {
        /** What Python would have made of it. */
        enum Kind {
            LIST("[", "]"),
            TUPLE("(", ")"),
            RANGE("[", "]"),
            /** What a filter such as {@code map} gives: can only be iterated, and is always true. */
            GENERATOR("<generator [", "]>"),
            KEYS("dict_keys([", "])"),
            VALUES("dict_values([", "])"),
            ITEMS("dict_items([", "])");

            private final String opening;
            private final String closing;

            Kind(String opening, String closing) {
                this.opening = opening;
                this.closing = closing;
            }

            String opening() {
                return opening;
            }

            String closing() {
                return closing;
            }

            /** Whether an element can be asked for by its index. */
            boolean indexed() {
                return this == LIST || this == TUPLE || this == RANGE;
            }
        }

        public Sequence {
            if (kind != Kind.LIST) {
                items = List.copyOf(items);
            } else if (!(items instanceof ArrayList)) {
                items = new ArrayList<>(items);
            }
        }
    }

    /** A mapping in the order of insertion. */
    record Dict(Map<Object, Entry> entries) implements Value {
        /** A key as it was first written, and its value now. */
        record Entry(Value key, Value value) {}
    }

    /** What {@code namespace()} gives: the one thing whose attributes {@code set} can change from an inner scope. */
    record Namespace(Map<String, Value> attributes) implements Value {}

    /** Something that can be called. */
    record Function(String name, Body body) implements Value {
        /** What it does. */
        @FunctionalInterface
        interface Body {
            Value call(Arguments arguments);
        }
    }

    /** An object of the engine's own with named attributes, such as {@code loop}; some can be called. */
    record Native(String name, Map<String, Supplier<Value>> attributes, Optional<Function> function) implements Value {}
}
