package dev.prairie.text.tokenizer;

import java.util.Arrays;

/** How often each word occurs: a hash table whose words lie one after the other in one array. */
final class WordCounts {
    private byte[] bytes = new byte[1 << 16];
    private int used;
    /** Word {@code w} is {@code bytes[starts[w] .. starts[w + 1])}. */
    private int[] starts = new int[1 << 12];

    private long[] counts = new long[1 << 12];
    private int[] hashes = new int[1 << 12];
    private int size;
    /** Open addressing: word plus one, zero is free. */
    private int[] table = new int[1 << 13];

    int size() {
        return size;
    }

    long count(int word) {
        return counts[word];
    }

    int length(int word) {
        return starts[word + 1] - starts[word];
    }

    /** Byte {@code i} of a word, 0 to 255. */
    int byteAt(int word, int i) {
        return bytes[starts[word] + i] & 0xFF;
    }

    /** Counts {@code text[from .. to)} once more. */
    void add(byte[] text, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + text[i];
        }
        int slot = spread(hash);
        for (int word; (word = table[slot] - 1) >= 0; slot = (slot + 1) & (table.length - 1)) {
            if (hashes[word] == hash && Arrays.equals(bytes, starts[word], starts[word + 1], text, from, to)) {
                counts[word]++;
                return;
            }
        }
        insert(slot, hash, text, from, to);
    }

    private void insert(int slot, int hash, byte[] text, int from, int to) {
        int length = to - from;
        if (bytes.length - used < length) {
            bytes = Arrays.copyOf(bytes, Math.addExact(Math.addExact(used, used >> 1), length));
        }
        System.arraycopy(text, from, bytes, used, length);
        used += length;
        if (size + 1 == starts.length) {
            starts = Arrays.copyOf(starts, 2 * starts.length);
            counts = Arrays.copyOf(counts, 2 * counts.length);
            hashes = Arrays.copyOf(hashes, 2 * hashes.length);
        }
        counts[size] = 1;
        hashes[size] = hash;
        starts[++size] = used;
        table[slot] = size;
        if (2 * size > table.length) {
            table = new int[2 * table.length];
            for (int word = 0; word < size; word++) {
                int free = spread(hashes[word]);
                while (table[free] != 0) {
                    free = (free + 1) & (table.length - 1);
                }
                table[free] = word + 1;
            }
        }
    }

    private int spread(int hash) {
        return ((hash * 0x9E3779B9) >>> 7) & (table.length - 1);
    }
}
