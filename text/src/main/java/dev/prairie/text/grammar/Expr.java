package dev.prairie.text.grammar;

import dev.prairie.text.pattern.CharSet;
import java.util.BitSet;
import java.util.List;

/** What a grammar is made of, whichever notation it came from. */
sealed interface Expr {
    /** The empty text. */
    Expr EMPTY = new Sequence(List.of());

    /** No text at all, not even the empty one. */
    Expr NOTHING = new Either(List.of());

    /** One character of a set. */
    record Chars(CharSet set) implements Expr {}

    /** These characters. */
    record Text(String text) implements Expr {}

    /** Parts one after the other. */
    record Sequence(List<Expr> parts) implements Expr {}

    /** One of several. */
    record Either(List<Expr> options) implements Expr {}

    /** A part {@code least .. most} times. */
    record Repeat(Expr part, int least, int most) implements Expr {
        /** For {@code most}: no limit. */
        static final int FOREVER = -1;
    }

    /** Whatever the rule says; the only way to recursion. */
    record Call(Rule rule) implements Expr {}

    /** One whole token of the vocabulary. */
    record Token(Name name, boolean negated) implements Expr {}

    /** What a {@link Token} is known by. */
    sealed interface Name {
        /** By its number. */
        record Id(int id) implements Name {}

        /** By its text, which must be one token of the vocabulary. */
        record Spelled(String text) implements Name {}

        /** By its text if the vocabulary has a special token of that text; otherwise no token. */
        record IfSpecial(String text) implements Name {}
    }

    /** States {@code 0 .. states - 1}, the first of which begins, with an expression on each edge. */
    record Graph(int states, List<Edge> edges, BitSet finals) implements Expr {}

    /** An edge of a {@link Graph}. */
    record Edge(int from, Expr label, int to) {}

    /** What is both; neither may call a rule or name a token. */
    record Both(Expr left, Expr right) implements Expr {}

    static Expr sequence(Expr... parts) {
        return new Sequence(List.of(parts));
    }

    static Expr either(Expr... options) {
        return new Either(List.of(options));
    }

    static Expr optional(Expr part) {
        return new Repeat(part, 0, 1);
    }

    static Expr star(Expr part) {
        return new Repeat(part, 0, Repeat.FOREVER);
    }
}
