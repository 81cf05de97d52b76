package dev.prairie.model.generate;

import java.util.Arrays;

/**
 * Where a list is cut when its members are taken by falling key, and of equals from the front, until their weights reach a
 * target. Found digit by digit of the key, of 11, 11 and 10 bits: nothing is sorted, and only those who share the digit in
 * which the target is reached are looked at again.
 */
final class Threshold {
    private static final int VALUES = 1 << 11;

    /** How many sums there are of a digit's value: one alone would wait for itself wherever many members share a digit. */
    private static final int LANES = 4;

    private final double[] sums = new double[LANES * VALUES];
    private final int[] sharing; // indices
    private double reached;

    /** For lists of up to {@code capacity}. */
    Threshold(int capacity) {
        sharing = new int[capacity + 1];
    }

    /** What is taken: larger keys, and of those that equal {@code key} the ones up to index {@code last}. */
    record Cut(int key, int last) {}

    /** The cut for unsigned {@code keys}; at least one is taken. */
    Cut cut(int[] keys, float[] weights, int n, double target) {
        reached = 0;
        Arrays.fill(sums, 0);
        for (int i = 0; i < n; i++) sums[(keys[i] >>> 21) * LANES + (i & (LANES - 1))] += weights[i];
        for (int i = 0; i < VALUES; i++) {
            int lane = LANES * i;
            sums[i] = sums[lane] + sums[lane + 1] + sums[lane + 2] + sums[lane + 3];
        }
        int first = digit(target);
        int shared = 0;
        for (int i = 0; i < n; i++) {
            sharing[shared] = i;
            shared += (((keys[i] >>> 21) ^ first) - 1) >>> 31; // 1 where equal; a branch would be guessed wrong
        }
        Arrays.fill(sums, 0, VALUES, 0);
        for (int i = 0; i < shared; i++) sums[(keys[sharing[i]] >>> 10) & 2047] += weights[sharing[i]];
        int prefix = (first << 11) | digit(target);
        Arrays.fill(sums, 0, VALUES, 0);
        for (int i = 0; i < shared; i++)
            if (keys[sharing[i]] >>> 10 == prefix) sums[keys[sharing[i]] & 1023] += weights[sharing[i]];
        int key = (prefix << 10) | digit(target);
        int last = -1;
        for (int i = 0; i < shared && reached < target; i++) {
            if (keys[sharing[i]] != key) continue;
            last = sharing[i];
            reached += weights[last];
        }
        return new Cut(key, last);
    }

    /** The digit in which the target is reached, by those of larger digits and some of its own. */
    private int digit(double target) {
        int digit = VALUES - 1;
        while (digit > 0 && reached + sums[digit] < target) reached += sums[digit--];
        return digit;
    }
}
