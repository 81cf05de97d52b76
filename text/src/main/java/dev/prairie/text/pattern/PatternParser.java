package dev.prairie.text.pattern;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads the regular expressions of tokenizer files. The dialect is Oniguruma's, less what a finite automaton cannot do
 * (back references) and less look-around of more than one character. A possessive quantifier is read as a greedy one:
 * in these files it only spares a backtracking engine work that an automaton never has.
 *
 * @see <a href="https://github.com/kkos/oniguruma/blob/master/doc/RE">Oniguruma's regular expressions</a>
 */
final class PatternParser extends PatternCursor {
    private static final int DEEPEST = 100;
    private static final int LARGEST_COUNT = 1000;

    private int depth;
    private boolean ignoringCase;

    private PatternParser(String pattern) {
        super(pattern);
    }

    static Node parse(String pattern) {
        PatternParser parser = new PatternParser(pattern);
        Node node = parser.choice();
        if (parser.at < pattern.length()) {
            throw parser.fault("an unmatched ')'");
        }
        return node;
    }

    private Node choice() {
        if (++depth > DEEPEST) {
            throw fault("more than " + DEEPEST + " nested groups");
        }
        boolean caseOutside = ignoringCase;
        List<Node> options = new ArrayList<>();
        do {
            options.add(sequence());
        } while (accept('|'));
        ignoringCase = caseOutside;
        depth--;
        return options.size() == 1 ? options.getFirst() : new Node.Choice(options);
    }

    private Node sequence() {
        List<Node> parts = new ArrayList<>();
        while (at < pattern.length() && peek() != '|' && peek() != ')') {
            parts.add(repeated(atom()));
        }
        return parts.size() == 1 ? parts.getFirst() : new Node.Sequence(parts);
    }

    private Node repeated(Node part) {
        Node node = part;
        while (at < pattern.length()) {
            int least;
            int most;
            if (accept('*')) {
                least = 0;
                most = Node.Repeat.FOREVER;
            } else if (accept('+')) {
                least = 1;
                most = Node.Repeat.FOREVER;
            } else if (accept('?')) {
                least = 0;
                most = 1;
            } else if (peek() == '{' && at + 1 < pattern.length() && isCount(pattern.charAt(at + 1))) {
                at++;
                least = peek() == ',' ? 0 : count(LARGEST_COUNT);
                most = !accept(',') ? least : peek() == '}' ? Node.Repeat.FOREVER : count(LARGEST_COUNT);
                expect('}');
                if (most < least) {
                    throw fault("a count {" + least + "," + most + "}");
                }
            } else {
                break;
            }
            boolean lazy = accept('?');
            if (!lazy) {
                accept('+');
            }
            if (node instanceof Node.Look) {
                throw fault("a repeated look-around");
            }
            node = new Node.Repeat(node, least, most, lazy);
        }
        return node;
    }

    private Node atom() {
        int c = next();
        return switch (c) {
            case '(' -> group();
            case '[' -> new Node.Chars(set());
            case '.' -> new Node.Chars(CharSet.of("\n").not());
            case '^' -> new Node.Look(Node.Side.NOT_BEHIND, CharSet.of("\n").not());
            case '$' -> new Node.Look(Node.Side.NOT_AHEAD, CharSet.of("\n").not());
            case '\\' -> escape();
            case '*', '+', '?' -> throw fault("nothing to repeat before '" + (char) c + "'");
            default -> literal(c);
        };
    }

    private Node group() {
        if (!accept('?')) {
            return closed(choice());
        }
        if (accept(':') || accept('>')) {
            return closed(choice());
        }
        if (accept('=')) {
            return look(Node.Side.AHEAD);
        }
        if (accept('!')) {
            return look(Node.Side.NOT_AHEAD);
        }
        if (accept('<')) {
            if (accept('=')) {
                return look(Node.Side.BEHIND);
            }
            expect('!');
            return look(Node.Side.NOT_BEHIND);
        }
        boolean outside = ignoringCase;
        boolean on = true;
        while (peek() != ':' && peek() != ')') {
            int flag = next();
            switch (flag) {
                case '-' -> on = false;
                case 'i' -> ignoringCase = on;
                default -> throw fault("the flag '" + Character.toString(flag) + "'");
            }
        }
        if (accept(')')) { // for the rest of the enclosing group, whose end restores it
            return new Node.Sequence(List.of());
        }
        expect(':');
        Node inner = closed(choice());
        ignoringCase = outside;
        return inner;
    }

    private Node look(Node.Side side) {
        Node inner = closed(choice());
        // (?!$) and the like are of no use to tokenizers; one character is what their patterns look at.
        if (inner instanceof Node.Chars chars) {
            return new Node.Look(side, chars.set());
        }
        if (inner instanceof Node.Choice choice && choice.options().stream().allMatch(Node.Chars.class::isInstance)) {
            return new Node.Look(
                    side,
                    CharSet.union(choice.options().stream()
                            .map(option -> ((Node.Chars) option).set())
                            .toList()));
        }
        throw fault("a look-around of more than one character");
    }

    private Node closed(Node node) {
        expect(')');
        return node;
    }

    private Node literal(int c) {
        CharSet one = CharSet.range(c, c);
        return new Node.Chars(ignoringCase ? one.ignoringCase() : one);
    }

    private Node escape() {
        int c = next();
        return switch (c) {
            case 'b' -> new Node.Look(Node.Side.BORDER, CharClasses.word());
            case 'B' -> new Node.Look(Node.Side.NOT_BORDER, CharClasses.word());
            case 'A' -> new Node.Look(Node.Side.NOT_BEHIND, CharSet.ALL);
            case 'z', 'Z' -> new Node.Look(Node.Side.NOT_AHEAD, CharSet.ALL);
            case '1', '2', '3', '4', '5', '6', '7', '8', '9', 'k', 'g', 'G', 'K', 'X', 'R' ->
                throw fault("the escape \\" + (char) c);
            default -> isSetEscape(c) ? new Node.Chars(setEscape(c)) : literal(character(c));
        };
    }

    /** A bracketed set whose '[' is read: ranges, escapes, sets in it, and intersections. */
    private CharSet set() {
        if (++depth > DEEPEST) {
            throw fault("more than " + DEEPEST + " nested sets");
        }
        boolean negated = accept('^');
        CharSet whole = CharSet.ALL;
        List<CharSet> parts = new ArrayList<>();
        for (boolean first = true; first || peek() != ']'; first = false) {
            if (pattern.startsWith("&&", at)) {
                at += 2;
                whole = whole.and(CharSet.union(parts));
                parts.clear();
            } else {
                parts.add(member());
            }
        }
        expect(']');
        depth--;
        CharSet set = whole.and(CharSet.union(parts));
        if (ignoringCase) {
            set = set.ignoringCase();
        }
        return negated ? set.not() : set;
    }

    private CharSet member() {
        if (pattern.startsWith("[:", at)) {
            int end = pattern.indexOf(":]", at);
            if (end > 0) {
                boolean not = pattern.charAt(at + 2) == '^';
                String name = pattern.substring(at + (not ? 3 : 2), end);
                at = end + 2;
                return named(name, not);
            }
        }
        int c = next();
        if (c == '[') {
            return set();
        }
        if (c == '\\') {
            c = next();
            if (isSetEscape(c)) {
                return setEscape(c);
            }
            c = c == 'b' ? '\b' : character(c);
        }
        if (peek() != '-' || at + 1 >= pattern.length() || pattern.charAt(at + 1) == ']') {
            return CharSet.range(c, c);
        }
        at++;
        int last = next();
        if (last == '[') {
            at--;
            return CharSet.of(Character.toString(c) + "-");
        }
        if (last == '\\') {
            int escaped = next();
            if (isSetEscape(escaped)) {
                return CharSet.of(Character.toString(c) + "-").or(setEscape(escaped));
            }
            last = character(escaped);
        }
        if (last < c) {
            throw fault("a range that ends before it begins");
        }
        return CharSet.range(c, last);
    }

    private static boolean isSetEscape(int c) {
        return "sSdDwWhHpP".indexOf(c) >= 0;
    }

    private CharSet setEscape(int c) {
        return switch (c) {
            case 's' -> CharClasses.whiteSpace();
            case 'S' -> CharClasses.whiteSpace().not();
            case 'd' -> named("Nd", false);
            case 'D' -> named("Nd", true);
            case 'w' -> CharClasses.word();
            case 'W' -> CharClasses.word().not();
            case 'h' -> hexadecimal();
            case 'H' -> hexadecimal().not();
            default -> {
                boolean not = c == 'P';
                String name;
                if (accept('{')) {
                    int end = pattern.indexOf('}', at);
                    if (end < 0) {
                        throw fault("a property without '}'");
                    }
                    name = pattern.substring(at, end);
                    at = end + 1;
                } else {
                    name = Character.toString(next());
                }
                yield name.startsWith("^") ? named(name.substring(1), !not) : named(name, not);
            }
        };
    }

    private static CharSet hexadecimal() {
        return CharSet.of("0123456789abcdefABCDEF");
    }

    private CharSet named(String name, boolean not) {
        CharSet set = CharClasses.named(name).orElseThrow(() -> fault("the property '" + name + "'"));
        return not ? set.not() : set;
    }

    /** The character that an escape stands for, its letter being read. */
    private int character(int c) {
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'f' -> '\f';
            case 'v' -> 0x0B;
            case 'a' -> 0x07;
            case 'e' -> 0x1B;
            case '0' -> 0;
            case 'u' -> hex(4);
            case 'x' -> {
                if (accept('{')) {
                    int end = pattern.indexOf('}', at);
                    int value = hex(end - at);
                    expect('}');
                    yield value;
                }
                yield hex(2);
            }
            default -> {
                if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
                    throw fault("the escape \\" + (char) c);
                }
                yield c;
            }
        };
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(next(), 16);
            value = 16 * value + digit;
            if (digit < 0 || value > Character.MAX_CODE_POINT) {
                throw fault("a character number");
            }
        }
        if (digits < 1) {
            throw fault("a character number");
        }
        return value;
    }

    private static boolean isCount(char c) {
        return c == ',' || (c >= '0' && c <= '9');
    }

    private void expect(char c) {
        if (!accept(c)) {
            throw fault("a missing '" + c + "'");
        }
    }
}
