package dev.prairie.text.grammar;

import java.util.Arrays;

/** A set of token ids: a list while they are few, else a bit for each id. */
sealed interface Mask {

    /** Adds the ids to a set of bits. */
    void addTo(long[] bits);

    boolean contains(int id);

    /** Memory in longs. */
    int size();

    /** The ids, ascending. */
    record Few(int[] ids) implements Mask {
        @Override
        public void addTo(long[] bits) {
            for (int id : ids) {
                bits[id >> 6] |= 1L << id;
            }
        }

        @Override
        public boolean contains(int id) {
            return Arrays.binarySearch(ids, id) >= 0;
        }

        @Override
        public int size() {
            return 4 + ids.length / 2;
        }
    }

    /** Bit {@code id % 64} of word {@code id / 64} for each id. */
    record Many(long[] words) implements Mask {
        @Override
        public void addTo(long[] bits) {
            for (int i = 0; i < words.length; i++) {
                bits[i] |= words[i];
            }
        }

        @Override
        public boolean contains(int id) {
            return (words[id >> 6] >>> id & 1) != 0;
        }

        @Override
        public int size() {
            return 4 + words.length;
        }
    }

    /** The set in its smaller form; the bits are copied. */
    static Mask of(long[] bits) {
        int count = 0;
        for (long word : bits) {
            count += Long.bitCount(word);
        }
        if (count > bits.length) {
            return new Many(bits.clone());
        }
        int[] ids = new int[count];
        int size = 0;
        for (int i = 0; i < bits.length; i++) {
            for (long word = bits[i]; word != 0; word &= word - 1) {
                ids[size++] = (i << 6) + Long.numberOfTrailingZeros(word);
            }
        }
        return new Few(ids);
    }
}
