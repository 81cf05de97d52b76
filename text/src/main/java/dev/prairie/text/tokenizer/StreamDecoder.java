package dev.prairie.text.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns tokens into text as they arrive. A token may end in the middle of a UTF-8 character: its bytes wait here until
 * the rest comes, so that every string given out is whole. Not thread-safe: one decoder per sequence.
 */
public final class StreamDecoder {
    private final Tokenizer tokenizer;
    private final boolean specialsShown;
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);

    /** Bytes not given out yet: after each call at most the first three of an unfinished character. */
    private ByteBuffer waiting = ByteBuffer.allocate(64);

    private boolean atStart = true;

    /** A decoder at the start of a sequence; special tokens are spelled out or left out. */
    public StreamDecoder(Tokenizer tokenizer, boolean specialsShown) {
        this.tokenizer = tokenizer;
        this.specialsShown = specialsShown;
    }

    /** Takes the next tokens and gives the text that they complete, possibly empty. */
    public String append(int... ids) {
        for (int id : ids) {
            byte[] bytes = tokenizer.bytes(id);
            boolean special = tokenizer.specials().isSpecial(id);
            if (!special || specialsShown) {
                int from = !special && atStart && tokenizer.dropsFirstSpace() && bytes.length > 0 && bytes[0] == ' '
                        ? 1
                        : 0;
                put(bytes, from);
            }
            follow(id);
        }
        return drain(false);
    }

    /** Ends the sequence: bytes of a character that never became whole are given as U+FFFD. */
    public String flush() {
        String rest = drain(true);
        utf8.reset();
        atStart = true;
        return rest;
    }

    /** Continues as if {@code id} had been the token before. */
    void follow(int id) {
        atStart = tokenizer.specials().contains(id);
    }

    private void put(byte[] bytes, int from) {
        int length = bytes.length - from;
        if (waiting.remaining() < length) {
            waiting = ByteBuffer.allocate(Math.max(2 * waiting.capacity(), waiting.position() + length))
                    .put(waiting.flip());
        }
        waiting.put(bytes, from, length);
    }

    private String drain(boolean end) {
        waiting.flip();
        CharBuffer text = CharBuffer.allocate(waiting.remaining() + 1);
        utf8.decode(waiting, text, end);
        if (end) {
            utf8.flush(text);
        }
        waiting.compact();
        return text.flip().toString();
    }
}
