package dev.prairie.text.tokenizer;

/**
 * Cuts UTF-8 text into the pieces of GPT-2, across which no merge happens. It finds what the pattern
 * <pre>{@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}</pre>
 * finds, in one pass over bytes: a regular expression engine would be slower and could exhaust the stack on long runs.
 * White space is Unicode's White_Space property.
 *
 * @see <a href="https://github.com/openai/gpt-2/blob/master/src/encoder.py">the pattern in OpenAI's encoder.py</a>
 */
final class Gpt2Words {
    private static final int SPACE = 0;
    private static final int LETTER = 1;
    private static final int NUMBER = 2;
    private static final int OTHER = 3;

    private static final byte[] ASCII = ascii();

    private Gpt2Words() {}

    /** The end of the piece that begins at {@code from} in valid UTF-8, for {@code from < utf8.length}. */
    static int next(byte[] utf8, int from) {
        int first = utf8[from];
        if (first == '\'') {
            int contraction = contraction(utf8, from + 1);
            if (contraction > 0) {
                return from + 1 + contraction;
            }
        }
        // One leading space joins whatever non-space follows it.
        int body = first == ' ' && from + 1 < utf8.length ? from + 1 : from;
        int kind = kind(utf8, body);
        if (kind == SPACE) {
            return endOfSpace(utf8, from);
        }
        int at = body;
        do {
            at += width(utf8[at]);
        } while (at < utf8.length && kind(utf8, at) == kind);
        return at;
    }

    /** A run of white space, less its last character if text follows: that one belongs to the text, or stands alone. */
    private static int endOfSpace(byte[] utf8, int from) {
        int last = from;
        int at = from;
        while (at < utf8.length && kind(utf8, at) == SPACE) {
            last = at;
            at += width(utf8[at]);
        }
        return at == utf8.length || last == from ? at : last;
    }

    private static int contraction(byte[] utf8, int at) {
        int one = at < utf8.length ? utf8[at] : 0;
        int two = at + 1 < utf8.length ? utf8[at + 1] : 0;
        return switch (one) {
            case 's', 't', 'm', 'd' -> 1;
            case 'r', 'v' -> two == 'e' ? 2 : 0;
            case 'l' -> two == 'l' ? 2 : 0;
            default -> 0;
        };
    }

    private static int width(byte first) {
        return first >= 0 ? 1 : first < (byte) 0xE0 ? 2 : first < (byte) 0xF0 ? 3 : 4;
    }

    private static int kind(byte[] utf8, int at) {
        int first = utf8[at];
        if (first >= 0) {
            return ASCII[first];
        }
        return kind(
                switch (width(utf8[at])) {
                    case 2 -> (first & 0x1F) << 6 | tail(utf8, at + 1);
                    case 3 -> (first & 0x0F) << 12 | tail(utf8, at + 1) << 6 | tail(utf8, at + 2);
                    default ->
                        (first & 0x07) << 18 | tail(utf8, at + 1) << 12 | tail(utf8, at + 2) << 6 | tail(utf8, at + 3);
                });
    }

    private static int tail(byte[] utf8, int at) {
        return utf8[at] & 0x3F;
    }

    private static int kind(int character) {
        return switch (Character.getType(character)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER -> LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> SPACE;
            // The controls that are White_Space; Java's own Character.isWhitespace draws another line.
            case Character.CONTROL -> (character >= '\t' && character <= '\r') || character == 0x85 ? SPACE : OTHER;
            default -> OTHER;
        };
    }

    private static byte[] ascii() {
        byte[] kinds = new byte[128];
        for (int c = 0; c < 128; c++) {
            kinds[c] = (byte) kind(c);
        }
        return kinds;
    }
}
