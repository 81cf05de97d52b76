package dev.prairie.text.template;

import dev.prairie.text.template.Token.Kind;

/**
 * Number literals: {@code 12}, {@code 1_000}, {@code 0xff}, {@code 0b1}, {@code 0o7}, {@code 1.5}, {@code 2e-3}. After a
 * dot only digits count, so that {@code matrix.0.1} is two subscripts.
 */
final class NumberLexer {
    private static final int MOST_DIGITS = 1000;

    private final String source;
    private final int start;

    NumberLexer(String source, int start) {
        this.source = source;
        this.start = start;
    }

    void addTo(Lexer lexer) {
        int end = prefixed();
        Kind kind = Kind.INTEGER;
        if (end < 0) {
            end = digits(start, 10);
            boolean subscript = start > 0 && source.charAt(start - 1) == '.';
            int fraction = subscript ? end : fraction(end);
            int exponent = subscript ? end : exponent(fraction);
            if (exponent > end) {
                kind = Kind.FLOAT;
                end = exponent;
            }
        }
        if (end - start > MOST_DIGITS) {
            throw lexer.lexing(start, "a number of " + (end - start) + " digits; write one of at most " + MOST_DIGITS);
        }
        lexer.add(kind, source.substring(start, end).replace("_", ""), start);
        lexer.advance(end);
    }

    private int prefixed() {
        if (source.charAt(start) != '0' || start + 1 >= source.length()) {
            return -1;
        }
        int radix = radix(source.charAt(start + 1));
        int from = start + 2 < source.length() && source.charAt(start + 2) == '_' ? start + 3 : start + 2;
        int end = radix == 0 ? start : digits(from, radix);
        return radix != 0 && end > from ? end : -1;
    }

    /** The radix that the letter after a zero stands for; 0 if none. */
    static int radix(char letter) {
        return switch (letter) {
            case 'x', 'X' -> 16;
            case 'o', 'O' -> 8;
            case 'b', 'B' -> 2;
            default -> 0;
        };
    }

    private int fraction(int from) {
        return from + 1 < source.length() && source.charAt(from) == '.' && isDigit(from + 1, 10)
                ? digits(from + 1, 10)
                : from;
    }

    private int exponent(int from) {
        if (from >= source.length() || (source.charAt(from) != 'e' && source.charAt(from) != 'E')) {
            return from;
        }
        int at = from + 1;
        if (at < source.length() && (source.charAt(at) == '+' || source.charAt(at) == '-')) {
            at++;
        }
        return isDigit(at, 10) ? digits(at, 10) : from;
    }

    private int digits(int from, int radix) {
        int at = from;
        while (isDigit(at, radix) || (at > from && at < source.length() && source.charAt(at) == '_' && isDigit(at + 1, radix))) {
            at++;
        }
        return at;
    }

    private boolean isDigit(int at, int radix) {
        return at < source.length() && source.charAt(at) < 128 && Character.digit(source.charAt(at), radix) >= 0;
    }
}
