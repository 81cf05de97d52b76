package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Byte-level BPE: a piece starts as its UTF-8 bytes, and learned merges join neighbours. A byte that the vocabulary
 * lacks is left out.
 */
final class BytePairs implements Model {
    private final int[] byteIds;
    private final Merges merges;
    /** Pieces of the text that are tokens as they are, by their bytes read as Latin-1; empty unless merges may be ignored. */
    private final Map<String, Integer> words = new HashMap<>();

    private final PieceCache cache = new PieceCache();

    /**
     * @param byteIds the token of each byte, −1 where there is none
     * @param words in GPT-2's spelling, the tokens that a whole piece of text becomes without a look at the merges
     */
    BytePairs(int[] byteIds, Merges merges, Map<String, Integer> words) {
        this.byteIds = byteIds.clone();
        this.merges = merges;
        words.forEach((word, id) -> {
            if (ByteAlphabet.spells(word)) {
                this.words.put(new String(ByteAlphabet.bytes(word), StandardCharsets.ISO_8859_1), id);
            }
        });
    }

    Merges merges() {
        return merges;
    }

    @Override
    public void encode(int[] text, int from, int to, Output output) {
        int size = output.encodeUtf8(text, from, to);
        if (!output.placed()) {
            encode(output.utf8(), 0, size, output.ids);
            return;
        }
        int[] symbols = new int[size];
        int[] widths = new int[size];
        int count = start(output.utf8(), 0, size, symbols, widths);
        count = join(output.utf8(), 0, size, symbols, widths, count);
        int bytes = 0;
        int place = from;
        int seen = 0; // bytes of the characters before place
        for (int i = 0; i < count; i++) {
            int start = seen > bytes ? place - 1 : place; // a token may begin inside a character
            bytes += widths[i];
            while (place < to && seen < bytes) {
                seen += width(text[place++]);
            }
            output.add(symbols[i], start, place);
        }
    }

    /** Appends the ids of one piece in UTF-8. */
    void encode(byte[] utf8, int from, int to, IntList ids) {
        if (to == from + 1) {
            int id = byteIds[utf8[from] & 0xFF];
            if (id >= 0) {
                ids.add(id);
            }
            return;
        }
        int @Nullable [] known = cache.get(utf8, from, to);
        if (known == null) {
            int[] symbols = new int[to - from];
            int[] none = new int[0];
            int count = join(utf8, from, to, symbols, none, start(utf8, from, to, symbols, none));
            known = Arrays.copyOf(symbols, count);
            cache.put(utf8, from, to, known);
        }
        ids.addAll(known);
    }

    private int start(byte[] utf8, int from, int to, int[] symbols, int[] widths) {
        int count = 0;
        for (int i = from; i < to; i++) {
            int id = byteIds[utf8[i] & 0xFF];
            if (id >= 0) {
                if (widths.length > 0) {
                    widths[count] = 1;
                }
                symbols[count++] = id;
            }
        }
        return count;
    }

    private int join(byte[] utf8, int from, int to, int[] symbols, int[] widths, int count) {
        if (!words.isEmpty()) {
            Integer word = words.get(new String(utf8, from, to - from, StandardCharsets.ISO_8859_1));
            if (word != null) {
                symbols[0] = word;
                if (widths.length > 0) {
                    widths[0] = to - from;
                }
                return 1;
            }
        }
        return merges.apply(symbols, widths, count);
    }

    private static int width(int c) {
        return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    }
}
