package dev.prairie.text.grammar;

import dev.prairie.text.pattern.CharSet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads llama.cpp's grammars: rules of literals, sets of characters, tokens and other rules, with repetitions.
 *
 * @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md">GBNF guide</a>
 */
final class GbnfReader {
    private static final int DEEPEST = 100;
    private static final int LARGEST_COUNT = 1_000_000;

    private final String source;
    private final Map<String, Rule> rules = new LinkedHashMap<>();
    /** Where each rule was first called, for the message if it is never defined. */
    private final Map<String, Integer> called = new LinkedHashMap<>();

    private int at;
    private int depth;

    private GbnfReader(String source) {
        this.source = source;
    }

    static Expr read(String source, String root) {
        GbnfReader reader = new GbnfReader(source);
        reader.rules();
        Rule rule = reader.rules.get(root);
        if (rule == null || !rule.isDefined()) {
            throw new GrammarException("the grammar has no rule '" + root + "', with which it would begin; it has "
                    + reader.rules.values().stream()
                            .filter(Rule::isDefined)
                            .map(Rule::name)
                            .limit(20)
                            .toList());
        }
        return new Expr.Call(rule);
    }

    private void rules() {
        space(true);
        while (at < source.length()) {
            int from = at;
            String name = name();
            space(false);
            if (!source.startsWith("::=", at)) {
                throw fault("expected '::=' after the rule name '" + name + "'");
            }
            at += 3;
            space(true);
            Rule rule = rules.computeIfAbsent(name, Rule::new);
            if (rule.isDefined()) {
                at = from;
                throw fault("the rule '" + name + "' is defined a second time; join both with '|'");
            }
            rule.define(alternatives(false));
            if (at < source.length() && source.charAt(at) != '\n' && source.charAt(at) != '\r') {
                throw fault("'" + source.charAt(at) + "' was not expected");
            }
            space(true);
        }
        called.forEach((name, place) -> {
            Rule rule = rules.get(name);
            if (rule == null || !rule.isDefined()) {
                at = place;
                throw fault("the rule '" + name + "' is called but not defined");
            }
        });
    }

    private Expr alternatives(boolean nested) {
        if (++depth > DEEPEST) {
            throw fault("more than " + DEEPEST + " nested groups");
        }
        List<Expr> options = new ArrayList<>();
        options.add(sequence(nested));
        while (at < source.length() && source.charAt(at) == '|') {
            at++;
            space(true);
            options.add(sequence(nested));
        }
        depth--;
        return options.size() == 1 ? options.getFirst() : new Expr.Either(options);
    }

    private Expr sequence(boolean nested) {
        List<Expr> parts = new ArrayList<>();
        while (at < source.length()) {
            char c = source.charAt(at);
            Expr part;
            if (c == '"') {
                part = literal();
            } else if (c == '[') {
                part = new Expr.Chars(set());
            } else if (c == '.') {
                at++;
                part = new Expr.Chars(CharSet.ALL);
            } else if (c == '<' || c == '!') {
                part = token();
            } else if (c == '(') {
                at++;
                space(true);
                part = alternatives(true);
                if (at >= source.length() || source.charAt(at) != ')') {
                    throw fault("a group without ')'");
                }
                at++;
            } else if (isName(c)) {
                int from = at;
                String name = name();
                called.putIfAbsent(name, from);
                part = new Expr.Call(rules.computeIfAbsent(name, Rule::new));
            } else {
                break;
            }
            space(nested);
            parts.add(repeated(part, nested));
        }
        return parts.size() == 1 ? parts.getFirst() : new Expr.Sequence(parts);
    }

    private Expr repeated(Expr part, boolean nested) {
        Expr result = part;
        while (at < source.length()) {
            char c = source.charAt(at);
            if (c == '*') {
                result = Expr.star(result);
            } else if (c == '+') {
                result = new Expr.Repeat(result, 1, Expr.Repeat.FOREVER);
            } else if (c == '?') {
                result = Expr.optional(result);
            } else if (c == '{') {
                result = counted(result);
            } else {
                break;
            }
            at++;
            space(nested);
        }
        return result;
    }

    /** {@code {2}}, {@code {2,}} or {@code {2,4}}, up to but without the brace. */
    private Expr counted(Expr part) {
        at++;
        space(false);
        int least = count();
        int most = least;
        space(false);
        if (at < source.length() && source.charAt(at) == ',') {
            at++;
            space(false);
            most = at < source.length() && source.charAt(at) == '}' ? Expr.Repeat.FOREVER : count();
            space(false);
        }
        if (at >= source.length() || source.charAt(at) != '}') {
            throw fault("a repetition without '}'");
        }
        if (least > Thompson.MOST_LEAST) {
            throw fault("a repetition of at least " + least + ", more than " + Thompson.MOST_LEAST);
        }
        if (most != Expr.Repeat.FOREVER && most < least) {
            throw fault("a repetition of at least " + least + " and at most " + most);
        }
        return new Expr.Repeat(part, least, most);
    }

    private int count() {
        int from = at;
        int value = 0;
        while (at < source.length() && source.charAt(at) >= '0' && source.charAt(at) <= '9') {
            value = 10 * value + source.charAt(at++) - '0';
            if (value > LARGEST_COUNT) {
                throw fault("a repetition of more than " + LARGEST_COUNT);
            }
        }
        if (at == from) {
            throw fault("expected a number in the repetition");
        }
        return value;
    }

    private Expr literal() {
        at++;
        StringBuilder text = new StringBuilder();
        while (peek("a literal without closing quote") != '"') {
            text.appendCodePoint(character());
        }
        at++;
        return new Expr.Text(text.toString());
    }

    private CharSet set() {
        at++;
        boolean negated = peek("a set without ']'") == '^';
        if (negated) {
            at++;
        }
        List<CharSet> ranges = new ArrayList<>();
        while (peek("a set without ']'") != ']') {
            int first = character();
            int last = first;
            if (peek("a set without ']'") == '-' && at + 1 < source.length() && source.charAt(at + 1) != ']') {
                at++;
                last = character();
                if (last < first) {
                    throw fault("a range that ends before it begins");
                }
            }
            ranges.add(CharSet.range(first, last));
        }
        at++;
        CharSet set = CharSet.union(ranges);
        return negated ? set.not() : set;
    }

    private Expr token() {
        boolean negated = source.charAt(at) == '!';
        if (negated) {
            at++;
        }
        if (peek("'!' without a token") != '<') {
            throw fault("expected a token such as <[10]> or <think> after '!'");
        }
        int end = source.indexOf('>', at);
        if (end < 0) {
            throw fault("a token without '>'");
        }
        String text = source.substring(at, end + 1);
        Expr.Name name;
        if (text.matches("<\\[[0-9]{1,9}]>")) {
            name = new Expr.Name.Id(Integer.parseInt(text.substring(2, text.length() - 2)));
        } else if (text.startsWith("<[") || text.indexOf('\n') >= 0) {
            throw fault("a token number must look like <[10]>");
        } else {
            name = new Expr.Name.Spelled(text);
        }
        at = end + 1;
        return new Expr.Token(name, negated);
    }

    /** A character of a literal or set, escapes resolved. */
    private int character() {
        int c = source.codePointAt(at);
        at += Character.charCount(c);
        if (c != '\\') {
            return c;
        }
        char escape = (char) peek("an escape without a character");
        at++;
        return switch (escape) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case '"', '[', ']', '\\', '-', '^' -> escape;
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            default -> {
                at--;
                throw fault("the escape \\" + escape + " is not known");
            }
        };
    }

    private int hex(int digits) {
        long value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(peek("an escape that ends too early"), 16);
            if (digit < 0) {
                throw fault("an escape of " + digits + " hexadecimal digits");
            }
            value = 16 * value + digit;
            at++;
        }
        if (value > Character.MAX_CODE_POINT) {
            throw fault("U+" + Long.toHexString(value) + " is beyond the last character, U+10FFFF");
        }
        return (int) value;
    }

    private int peek(String otherwise) {
        if (at >= source.length()) {
            throw fault(otherwise);
        }
        return source.charAt(at);
    }

    private String name() {
        int from = at;
        while (at < source.length() && isName(source.charAt(at))) {
            at++;
        }
        if (at == from) {
            throw fault("expected the name of a rule: letters, digits and '-'");
        }
        return source.substring(from, at);
    }

    private static boolean isName(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    }

    private void space(boolean lines) {
        while (at < source.length()) {
            char c = source.charAt(at);
            if (c == '#') {
                while (at < source.length() && source.charAt(at) != '\n' && source.charAt(at) != '\r') {
                    at++;
                }
            } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
                at++;
            } else {
                break;
            }
        }
    }

    private GrammarException fault(String what) {
        int line = 1;
        int column = 1;
        for (int i = 0; i < Math.min(at, source.length()); i++) {
            column++;
            if (source.charAt(i) == '\n') {
                line++;
                column = 1;
            }
        }
        return new GrammarException("grammar, line " + line + ":" + column + ": " + what);
    }
}
