package dev.prairie.text.grammar;

import dev.prairie.text.pattern.CharClasses;
import dev.prairie.text.pattern.CharSet;
import dev.prairie.text.pattern.PatternCursor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads regular expressions in ECMAScript's dialect, which JSON Schema asks for and which OpenAI's clients send, as far
 * as an automaton can hold them. {@link dev.prairie.text.pattern} reads another dialect (Oniguruma's: nested sets, POSIX
 * names, other meanings of {@code \d}, {@code \w}, {@code $}), so that the two share sets of characters and a cursor, and no reader.
 *
 * <p>{@code ^} and {@code $} are understood where they stand at an edge of the whole, in or out of groups. A lazy
 * quantifier is read like the greedy one: which texts match is the same.
 *
 * @see <a href="https://tc39.es/ecma262/#sec-patterns">ECMAScript patterns</a>
 */
final class RegexReader extends PatternCursor {
    private static final int DEEPEST = 60;
    private static final CharSet LINE_ENDS = CharSet.of("\n\r\u2028\u2029");
    private static final CharSet DIGITS = CharSet.range('0', '9');
    private static final CharSet WORD = CharSet.of("_").or(DIGITS).or(letters());

    private int depth;

    /** A pattern as read, edges not yet understood. */
    private sealed interface Part {
        record Chars(CharSet set) implements Part {}

        record Sequence(List<Part> parts) implements Part {}

        record Either(List<Part> options) implements Part {}

        record Repeat(Part part, int least, int most) implements Part {}

        /** {@code ^} or {@code $}. */
        record Edge(boolean begin) implements Part {}
    }

    private RegexReader(String pattern) {
        super(pattern);
    }

    /** Texts that are matched from beginning to end. */
    static Expr whole(String pattern) {
        RegexReader reader = new RegexReader(pattern);
        return reader.language(reader.read(), Expr.Chars::new, null);
    }

    /**
     * Texts in which the pattern is found somewhere, as JSON Schema means it.
     *
     * @param chars how a character of a set is written
     * @param any any text
     */
    static Expr found(String pattern, Function<CharSet, Expr> chars, Expr any) {
        RegexReader reader = new RegexReader(pattern);
        return reader.language(reader.read(), chars, any);
    }

    private Part read() {
        Part part = either();
        if (at < pattern.length()) {
            throw fault("an unmatched ')'");
        }
        return part;
    }

    private Expr language(Part part, Function<CharSet, Expr> chars, @Nullable Expr any) {
        List<Expr> options = new ArrayList<>();
        for (List<Part> branch : branches(part)) {
            List<Part> parts = new ArrayList<>(branch);
            boolean begins = any == null;
            boolean ends = any == null;
            while (!parts.isEmpty() && parts.getFirst().equals(new Part.Edge(true))) {
                parts.removeFirst();
                begins = true;
            }
            while (!parts.isEmpty() && parts.getLast().equals(new Part.Edge(false))) {
                parts.removeLast();
                ends = true;
            }
            List<Expr> all = new ArrayList<>();
            if (!begins && any != null) {
                all.add(any);
            }
            parts.forEach(inner -> all.add(expression(inner, chars)));
            if (!ends && any != null) {
                all.add(any);
            }
            options.add(new Expr.Sequence(all));
        }
        return options.size() == 1 ? options.getFirst() : new Expr.Either(options);
    }

    /** The ways through a part, split at groups with edges in them where they stand first or last. */
    private List<List<Part>> branches(Part part) {
        List<List<Part>> result = new ArrayList<>();
        switch (part) {
            case Part.Either either -> either.options().forEach(option -> result.addAll(branches(option)));
            case Part.Sequence sequence -> {
                List<Part> parts = sequence.parts();
                int last = parts.size() - 1;
                if (last >= 0 && parts.getFirst() instanceof Part.Either either && hasEdge(either)) {
                    for (Part option : either.options()) {
                        List<Part> one = new ArrayList<>(List.of(option));
                        one.addAll(parts.subList(1, parts.size()));
                        result.addAll(branches(flat(one)));
                    }
                } else if (last > 0 && parts.getLast() instanceof Part.Either either && hasEdge(either)) {
                    for (Part option : either.options()) {
                        List<Part> one = new ArrayList<>(parts.subList(0, last));
                        one.add(option);
                        result.addAll(branches(flat(one)));
                    }
                } else {
                    result.add(parts);
                }
            }
            default -> result.add(List.of(part));
        }
        if (result.size() > 100) {
            throw fault("more than 100 ways to stand at an edge");
        }
        return result;
    }

    private static Part flat(List<Part> parts) {
        List<Part> all = new ArrayList<>();
        for (Part part : parts) {
            if (part instanceof Part.Sequence sequence) {
                all.addAll(sequence.parts());
            } else {
                all.add(part);
            }
        }
        return new Part.Sequence(all);
    }

    private static boolean hasEdge(Part part) {
        return switch (part) {
            case Part.Chars chars -> false;
            case Part.Edge edge -> true;
            case Part.Repeat repeat -> hasEdge(repeat.part());
            case Part.Either either -> either.options().stream().anyMatch(RegexReader::hasEdge);
            case Part.Sequence sequence -> sequence.parts().stream().anyMatch(RegexReader::hasEdge);
        };
    }

    private Expr expression(Part part, Function<CharSet, Expr> chars) {
        return switch (part) {
            case Part.Chars set -> chars.apply(set.set());
            case Part.Sequence sequence ->
                new Expr.Sequence(sequence.parts().stream()
                        .map(inner -> expression(inner, chars))
                        .toList());
            case Part.Either either ->
                new Expr.Either(either.options().stream()
                        .map(inner -> expression(inner, chars))
                        .toList());
            case Part.Repeat repeat -> new Expr.Repeat(expression(repeat.part(), chars), repeat.least(), repeat.most());
            case Part.Edge edge -> throw fault("'" + (edge.begin() ? '^' : '$') + "' inside of it");
        };
    }

    private Part either() {
        if (++depth > DEEPEST) {
            throw fault("more than " + DEEPEST + " nested groups");
        }
        List<Part> options = new ArrayList<>();
        do {
            options.add(sequence());
        } while (accept('|'));
        depth--;
        return options.size() == 1 ? options.getFirst() : new Part.Either(options);
    }

    private Part sequence() {
        List<Part> parts = new ArrayList<>();
        while (at < pattern.length() && peek() != '|' && peek() != ')') {
            parts.add(repeated(atom()));
        }
        return parts.size() == 1 ? parts.getFirst() : flat(parts);
    }

    private Part repeated(Part part) {
        int least;
        int most;
        if (accept('*')) {
            least = 0;
            most = Expr.Repeat.FOREVER;
        } else if (accept('+')) {
            least = 1;
            most = Expr.Repeat.FOREVER;
        } else if (accept('?')) {
            least = 0;
            most = 1;
        } else if (at + 1 < pattern.length() && peek() == '{' && DIGITS.contains(pattern.charAt(at + 1))) {
            at++;
            least = count(Thompson.MOST_LEAST);
            most = !accept(',') ? least : peek() == '}' ? Expr.Repeat.FOREVER : count(Thompson.MOST_LEAST);
            if (!accept('}')) {
                throw fault("a count without '}'");
            }
            if (most != Expr.Repeat.FOREVER && most < least) {
                throw fault("a count {" + least + "," + most + "}");
            }
        } else {
            return part;
        }
        accept('?');
        if (hasEdge(part)) {
            throw fault("a repeated '^' or '$'");
        }
        if (at < pattern.length() && "*+?".indexOf(peek()) >= 0) {
            throw fault("nothing to repeat before '" + (char) peek() + "'");
        }
        return new Part.Repeat(part, least, most);
    }

    private Part atom() {
        int c = next();
        return switch (c) {
            case '(' -> group();
            case '[' -> new Part.Chars(set());
            case '.' -> new Part.Chars(LINE_ENDS.not());
            case '^' -> new Part.Edge(true);
            case '$' -> new Part.Edge(false);
            case '\\' -> new Part.Chars(escape(false));
            case '*', '+', '?' -> throw fault("nothing to repeat before '" + (char) c + "'");
            default -> new Part.Chars(CharSet.range(c, c));
        };
    }

    private Part group() {
        if (accept('?') && !accept(':')) {
            boolean named =
                    pattern.startsWith("<", at) && !pattern.startsWith("<=", at) && !pattern.startsWith("<!", at);
            int end = named ? pattern.indexOf('>', at) : -1;
            if (end < 0) {
                throw fault("look-around, which no automaton of this kind can hold");
            }
            at = end + 1;
        }
        Part inner = either();
        if (!accept(')')) {
            throw fault("a group without ')'");
        }
        return inner;
    }

    private CharSet set() {
        boolean negated = accept('^');
        List<CharSet> members = new ArrayList<>();
        while (peek() != ']') {
            CharSet first = member();
            if (peek() == '-' && at + 1 < pattern.length() && pattern.charAt(at + 1) != ']') {
                at++;
                CharSet last = member();
                int[] from = first.ranges();
                int[] to = last.ranges();
                if (from[0] != from[from.length - 1] || to[0] != to[to.length - 1]) {
                    members.addAll(List.of(first, CharSet.of("-"), last));
                } else if (to[0] < from[0]) {
                    throw fault("a range that ends before it begins");
                } else {
                    members.add(CharSet.range(from[0], to[0]));
                }
            } else {
                members.add(first);
            }
        }
        at++;
        CharSet set = CharSet.union(members);
        return negated ? set.not() : set;
    }

    private CharSet member() {
        int c = next();
        return c == '\\' ? escape(true) : CharSet.range(c, c);
    }

    private CharSet escape(boolean inSet) {
        int c = next();
        return switch (c) {
            case 'd' -> DIGITS;
            case 'D' -> DIGITS.not();
            case 'w' -> WORD;
            case 'W' -> WORD.not();
            case 's' -> space();
            case 'S' -> space().not();
            case 'p', 'P' -> property(c == 'P');
            case 'n' -> CharSet.of("\n");
            case 'r' -> CharSet.of("\r");
            case 't' -> CharSet.of("\t");
            case 'f' -> CharSet.of("\f");
            case 'v' -> CharSet.of("\u000B");
            case '0' -> CharSet.of("\0");
            case 'x' -> one(hex(2));
            case 'u' -> one(accept('{') ? braced() : unit());
            case 'c' -> one(next() & 0x1F);
            default -> {
                if (c == 'b' && inSet) {
                    yield CharSet.of("\b");
                }
                if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || DIGITS.contains(c)) {
                    throw fault("the escape \\" + (char) c);
                }
                yield one(c);
            }
        };
    }

    private static CharSet one(int c) {
        return CharSet.range(c, c);
    }

    private static CharSet letters() {
        return CharSet.range('a', 'z').or(CharSet.range('A', 'Z'));
    }

    /** White space and line ends, as the standard lists them. */
    private static CharSet space() {
        return CharSet.of("\t\n\u000B\f\r \u00A0\uFEFF\u1680\u2028\u2029\u202F\u205F\u3000")
                .or(CharSet.range(0x2000, 0x200A));
    }

    private CharSet property(boolean not) {
        if (!accept('{')) {
            throw fault("a property without '{'");
        }
        int end = pattern.indexOf('}', at);
        if (end < 0) {
            throw fault("a property without '}'");
        }
        String name = pattern.substring(at, end);
        at = end + 1;
        CharSet set = CharClasses.named(name.substring(name.indexOf('=') + 1))
                .orElseThrow(() -> fault("the property '" + name + "'"));
        return not ? set.not() : set;
    }

    private int braced() {
        int end = pattern.indexOf('}', at);
        if (end < at + 1 || end > at + 6) {
            throw fault("an escape \\u{…} without one to six digits");
        }
        int value = hex(end - at);
        at++;
        if (value > Character.MAX_CODE_POINT) {
            throw fault("a character beyond U+10FFFF");
        }
        return value;
    }

    /** Four digits; two such escapes in a row may be one character. */
    private int unit() {
        int first = hex(4);
        if (Character.isHighSurrogate((char) first) && pattern.startsWith("\\u", at)) {
            int back = at;
            at += 2;
            int second = hex(4);
            if (Character.isLowSurrogate((char) second)) {
                return Character.toCodePoint((char) first, (char) second);
            }
            at = back;
        }
        return first;
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(next(), 16);
            if (digit < 0) {
                throw fault("an escape without " + digits + " hexadecimal digits");
            }
            value = 16 * value + digit;
        }
        return value;
    }

    @Override
    protected GrammarException refused(String message) {
        return new GrammarException(message);
    }
}
