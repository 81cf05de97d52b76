package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Gathers where in a text its tokens come from, for tokenizers whose tokens' bytes are the text's. A token that holds part
 * of a character stands for the whole of it. Characters are Unicode's (code points).
 */
final class Places {
    private final Tokenizer tokenizer;
    private final String text;
    private final List<Encoding.Token> tokens = new ArrayList<>();
    private int at; // chars of the text that are counted
    private int counted; // code points in them

    Places(Tokenizer tokenizer, String text) {
        this.tokenizer = tokenizer;
        this.text = text;
    }

    /** A token that stands for {@code text[from .. to)} as it is; parts come in order. */
    void whole(int id, int from, int to) {
        int first = count(from);
        tokens.add(new Encoding.Token(id, tokenizer.spelling(id), 0, first, count(to)));
    }

    /** Tokens of {@code text[from .. to)}, in front of which they have {@code before} bytes that the text does not have. */
    void joined(int[] ids, int from, int to, int before) {
        int first = count(from);
        int[] character = characters(text.substring(from, to));
        int begin = -before;
        for (int id : ids) {
            int end = begin + tokenizer.bytes(id).length;
            int start = begin <= 0 || character.length == 0 ? 0 : character[Math.min(begin, character.length - 1)];
            int stop = end <= 0 || character.length == 0 ? 0 : character[Math.min(end, character.length) - 1] + 1;
            tokens.add(new Encoding.Token(id, tokenizer.spelling(id), 0, first + start, first + stop));
            begin = end;
        }
    }

    Encoding encoding() {
        return new Encoding(tokens);
    }

    private int count(int to) {
        counted += text.codePointCount(at, to);
        at = to;
        return counted;
    }

    /** The number of the character that each byte of the text's UTF-8 form belongs to. */
    private static int[] characters(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int[] character = new int[utf8.length];
        int last = -1;
        for (int b = 0; b < utf8.length; b++) {
            last += (utf8[b] & 0xC0) == 0x80 ? 0 : 1;
            character[b] = last;
        }
        return character;
    }
}
