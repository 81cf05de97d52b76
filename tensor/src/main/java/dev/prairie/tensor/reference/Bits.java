package dev.prairie.tensor.reference;

import static dev.prairie.tensor.reference.Codec.or;
import static dev.prairie.tensor.reference.Codec.unsigned;

import java.lang.foreign.MemorySegment;

/**
 * Where the levels of a block, small whole numbers, keep some of their bits. {@code lane} numbers beside each other use
 * the same bits of bytes beside each other; the next {@code lane} numbers use the next bits of those bytes, until they are
 * full.
 *
 * @param at    the first byte
 * @param lane  bytes that neighbours run over
 * @param width bits of a number here: 1, 2 or 4
 * @param shift how many lower bits of the number are elsewhere
 */
record Bits(int at, int lane, int width, int shift) {
    /** Adds what is here to {@code levels}. */
    void read(int[] levels, MemorySegment block) {
        int mask = (1 << width) - 1;
        for (int run = 0; run < levels.length / lane; run++)
            for (int i = 0; i < lane; i++)
                levels[run * lane + i] |= ((unsigned(block, place(run) + i) >> within(run)) & mask) << shift;
    }

    /** Writes the bits of {@code levels} that belong here into bytes that are zero so far. */
    void write(MemorySegment block, int[] levels) {
        int mask = (1 << width) - 1;
        for (int run = 0; run < levels.length / lane; run++)
            for (int i = 0; i < lane; i++)
                or(block, place(run) + i, ((levels[run * lane + i] >> shift) & mask) << within(run));
    }

    private int place(int run) {
        return at + run * width / 8 * lane;
    }

    private int within(int run) {
        return run * width % 8;
    }
}
