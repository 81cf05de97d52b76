package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The printable spelling of bytes that GPT-2 files use: bytes 33–126, 161–172 and 174–255 are the characters of the same
 * number, the other 68 are U+0100 onwards in order (a space is {@code Ġ}, a line feed {@code Ċ}).
 *
 * @see <a href="https://github.com/openai/gpt-2/blob/master/src/encoder.py">bytes_to_unicode in OpenAI's encoder.py</a>
 */
final class ByteAlphabet {
    private static final char[] CHARACTERS = characters();
    private static final short[] BYTES = bytes();

    private ByteAlphabet() {}

    /** The character of a byte, 0 to 255. */
    static char character(int b) {
        return CHARACTERS[b];
    }

    /** The spelling of bytes. */
    static String spell(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            text.append(CHARACTERS[b & 0xFF]);
        }
        return text.toString();
    }

    /** Whether every character of a spelling stands for a byte. */
    static boolean spells(String spelling) {
        return spelling.chars().allMatch(c -> c < BYTES.length && BYTES[c] >= 0);
    }

    /** The bytes of a spelling; a spelling with foreign characters stands for its own UTF-8 bytes. */
    static byte[] bytes(String spelling) {
        if (!spells(spelling)) {
            return spelling.getBytes(StandardCharsets.UTF_8);
        }
        byte[] bytes = new byte[spelling.length()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) BYTES[spelling.charAt(i)];
        }
        return bytes;
    }

    private static char[] characters() {
        char[] characters = new char[256];
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
            characters[b] = printable ? (char) b : next++;
        }
        return characters;
    }

    private static short[] bytes() {
        short[] bytes = new short[256 + 68];
        Arrays.fill(bytes, (short) -1);
        for (int b = 0; b < 256; b++) {
            bytes[CHARACTERS[b]] = (short) b;
        }
        return bytes;
    }
}
