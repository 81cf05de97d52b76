package dev.prairie.text.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the ids of pieces met before, since most of a text is words seen already. Bounded: each piece has one place,
 * and a newcomer takes it. Threads may share it without locks, because an entry is immutable and a lost one only costs
 * its being worked out again.
 */
final class PieceCache {
    private static final int PLACES = 1 << 16;
    private static final int LONGEST = 48;

    @SuppressWarnings("ArrayRecordComponent") // never compared, never given out
    private record Entry(byte[] piece, int[] ids) {}

    private final @Nullable Entry[] entries = new Entry[PLACES];

    /** The ids of {@code text[from .. to)}, or null if they are not remembered. */
    int @Nullable [] get(byte[] text, int from, int to) {
        Entry entry = entries[place(text, from, to)];
        return entry != null && Arrays.equals(entry.piece, 0, entry.piece.length, text, from, to) ? entry.ids : null;
    }

    void put(byte[] text, int from, int to, int[] ids) {
        if (to - from <= LONGEST) {
            entries[place(text, from, to)] = new Entry(Arrays.copyOfRange(text, from, to), ids);
        }
    }

    /** Appends the ids of {@code text[from .. to)}, code points; {@code work} finds them when they are not remembered. */
    void encode(int[] text, int from, int to, Model.Output output, Runnable work) {
        if (to - from > LONGEST) {
            work.run();
            return;
        }
        int size = output.encodeUtf8(text, from, to);
        int @Nullable [] known = get(output.utf8(), 0, size);
        if (known != null) {
            output.ids.addAll(known);
            return;
        }
        byte[] piece = Arrays.copyOf(output.utf8(), size);
        int before = output.ids.size();
        work.run();
        put(piece, 0, size, output.ids.toArray(before));
    }

    private static int place(byte[] text, int from, int to) {
        int hash = 0;
        for (int i = from; i < Math.min(to, from + LONGEST); i++) {
            hash = 31 * hash + text[i];
        }
        return (hash * 0x9E3779B9) >>> 16;
    }
}
