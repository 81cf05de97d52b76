package dev.prairie.text.grammar;

import dev.prairie.text.pattern.CharSet;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/**
 * How JSON is written. White space stands after the opening of an object or array, after commas and colons and before the
 * closing: none, one space, or a line break with up to twenty blanks. More would let a model write blanks for ever.
 *
 * <p>Strings come in two forms. Free ones may use every escape of the standard. Where the content matters (a pattern, a
 * format, a name that must not be another) a character has one spelling, so that a grammar can tell what it is: itself, or
 * the short escape where it must be escaped.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc8259">JSON</a>
 */
final class JsonText {
    private static final CharSet CONTROL = CharSet.range(0, 0x1F);
    private static final CharSet ESCAPED = CONTROL.or(CharSet.of("\"\\"));
    private static final CharSet HEX = CharSet.of("0123456789abcdefABCDEF");
    private static final String SHORT = "\"\\\b\f\n\r\t";
    private static final String LETTERS = "\"\\bfnrt";

    /** Digits that an integer, or the whole part of a number, has at most. */
    static final int MOST_DIGITS = 16;

    static final Expr SPACE = call(
            "space",
            Expr.either(
                    Expr.EMPTY,
                    new Expr.Text(" "),
                    Expr.sequence(new Expr.Text("\n"), new Expr.Repeat(new Expr.Chars(CharSet.of(" \t")), 0, 20))));

    /** One character of a free string; both halves of an escaped pair of surrogates together are one. */
    static final Expr CHARACTER = call("character", character());

    static final Expr STRING = call("string", quoted(Expr.star(character())));

    static final Expr INTEGER = call("integer", integer());

    static final Expr NUMBER = call("number", number());

    static final Expr BOOLEAN = Expr.either(new Expr.Text("true"), new Expr.Text("false"));

    static final Expr NULL = new Expr.Text("null");

    /** Any value, and any object. */
    static final Expr VALUE;

    static final Expr OBJECT;

    static {
        Rule value = new Rule("value");
        Expr any = new Expr.Call(value);
        OBJECT = call("object", list("{", Expr.sequence(STRING, new Expr.Text(":"), SPACE, any), "}"));
        value.define(Expr.either(OBJECT, call("array", list("[", any, "]")), STRING, NUMBER, BOOLEAN, NULL));
        VALUE = any;
    }

    private JsonText() {}

    private static Expr call(String name, Expr body) {
        Rule rule = new Rule(name);
        rule.define(body);
        return new Expr.Call(rule);
    }

    private static Expr list(String open, Expr item, String close) {
        Expr more = Expr.star(Expr.sequence(comma(), item));
        return bracketed(open, Expr.optional(Expr.sequence(item, more)), close);
    }

    /** What stands between the brackets of an object or array. */
    static Expr bracketed(String open, Expr content, String close) {
        return Expr.sequence(new Expr.Text(open), SPACE, content, SPACE, new Expr.Text(close));
    }

    static Expr comma() {
        return Expr.sequence(new Expr.Text(","), SPACE);
    }

    static Expr quoted(Expr content) {
        return Expr.sequence(new Expr.Text("\""), content, new Expr.Text("\""));
    }

    private static Expr character() {
        Expr hex = new Expr.Chars(HEX);
        Expr high = Expr.sequence(chars("dD"), chars("89abAB"), hex, hex);
        Expr low = Expr.sequence(new Expr.Text("\\u"), chars("dD"), chars("cdefCDEF"), hex, hex);
        Expr notSurrogate = Expr.either(
                Expr.sequence(new Expr.Chars(HEX.and(CharSet.of("dD").not())), hex, hex, hex),
                Expr.sequence(chars("dD"), chars("01234567"), hex, hex));
        return Expr.either(
                new Expr.Chars(ESCAPED.not()),
                Expr.sequence(
                        new Expr.Text("\\"),
                        Expr.either(
                                chars(LETTERS + "/"),
                                Expr.sequence(
                                        new Expr.Text("u"), Expr.either(notSurrogate, Expr.sequence(high, low))))));
    }

    private static Expr chars(String characters) {
        return new Expr.Chars(CharSet.of(characters));
    }

    private static Expr digits(int least, int most) {
        return new Expr.Repeat(new Expr.Chars(CharSet.range('0', '9')), least, most);
    }

    private static Expr integer() {
        return Expr.either(
                new Expr.Text("0"),
                Expr.sequence(
                        Expr.optional(new Expr.Text("-")),
                        new Expr.Chars(CharSet.range('1', '9')),
                        digits(0, MOST_DIGITS - 1)));
    }

    /** Exponents have two digits, so that every reader's doubles can hold the number. */
    private static Expr number() {
        Expr whole = Expr.either(
                new Expr.Text("0"), Expr.sequence(new Expr.Chars(CharSet.range('1', '9')), digits(0, MOST_DIGITS - 1)));
        return Expr.sequence(
                Expr.optional(new Expr.Text("-")),
                whole,
                Expr.optional(Expr.sequence(new Expr.Text("."), digits(1, MOST_DIGITS))),
                Expr.optional(Expr.sequence(chars("eE"), Expr.optional(chars("+-")), digits(1, 2))));
    }

    /** A character of a set inside quotes, in its one spelling. */
    static Expr spelled(CharSet set) {
        List<Expr> options = new ArrayList<>();
        CharSet plain = set.and(ESCAPED.not());
        if (plain.ranges().length > 0) {
            options.add(new Expr.Chars(plain));
        }
        for (int c = 0; c <= '\\'; c++) {
            if (ESCAPED.contains(c) && set.contains(c)) {
                options.add(new Expr.Text(escape(c)));
            }
        }
        return options.size() == 1 ? options.getFirst() : new Expr.Either(options);
    }

    private static String escape(int c) {
        int known = SHORT.indexOf(c);
        if (known >= 0) {
            return "\\" + LETTERS.charAt(known);
        }
        return ESCAPED.contains(c) ? String.format(java.util.Locale.ROOT, "\\u%04x", c) : Character.toString(c);
    }

    /** A string with its quotes. */
    static String quote(String content) {
        StringBuilder text = new StringBuilder("\"");
        content.codePoints().forEach(c -> text.append(escape(c)));
        return text.append('"').toString();
    }

    /** This very value. */
    static Expr constant(JsonNode value) {
        if (value.isString()) {
            return new Expr.Text(quote(value.asString()));
        }
        if (!value.isContainer()) {
            return new Expr.Text(value.toString());
        }
        List<Expr> parts = new ArrayList<>();
        if (value.isObject()) {
            value.properties().forEach(entry -> {
                parts.add(parts.isEmpty() ? Expr.EMPTY : comma());
                parts.add(Expr.sequence(new Expr.Text(quote(entry.getKey()) + ":"), SPACE, constant(entry.getValue())));
            });
            return bracketed("{", new Expr.Sequence(parts), "}");
        }
        value.forEach(item -> {
            parts.add(parts.isEmpty() ? Expr.EMPTY : comma());
            parts.add(constant(item));
        });
        return bracketed("[", new Expr.Sequence(parts), "]");
    }

    /** A value as text that {@link #constant} allows. */
    static String compact(JsonNode value) {
        if (value.isString()) {
            return quote(value.asString());
        }
        if (!value.isContainer()) {
            return value.toString();
        }
        List<String> parts = new ArrayList<>();
        if (value.isObject()) {
            value.properties().forEach(entry -> parts.add(quote(entry.getKey()) + ":" + compact(entry.getValue())));
            return "{" + String.join(",", parts) + "}";
        }
        value.forEach(item -> parts.add(compact(item)));
        return "[" + String.join(",", parts) + "]";
    }

    /** Any string, with its quotes, but these. */
    static Expr stringOtherThan(Iterable<String> names) {
        List<TreeMap<Integer, Integer>> next = new ArrayList<>(List.of(new TreeMap<>()));
        BitSet taken = new BitSet();
        for (String name : names) {
            int state = 0;
            for (int c : name.codePoints().toArray()) {
                Integer child = next.get(state).get(c);
                if (child == null) {
                    child = next.size();
                    next.get(state).put(c, child);
                    next.add(new TreeMap<>());
                }
                state = child;
            }
            taken.set(state);
        }
        int other = next.size();
        List<Expr.Edge> edges = new ArrayList<>();
        for (int state = 0; state < other; state++) {
            List<CharSet> named = new ArrayList<>();
            for (var edge : next.get(state).entrySet()) {
                CharSet one = CharSet.range(edge.getKey(), edge.getKey());
                named.add(one);
                edges.add(new Expr.Edge(state, spelled(one), edge.getValue()));
            }
            edges.add(new Expr.Edge(state, spelled(CharSet.union(named).not()), other));
        }
        edges.add(new Expr.Edge(other, spelled(CharSet.ALL), other));
        BitSet finals = new BitSet();
        finals.set(0, other + 1);
        finals.andNot(taken);
        return quoted(new Expr.Graph(other + 1, edges, finals));
    }
}
