package dev.prairie.model.generate;

import java.util.Arrays;

/**
 * Where a list is cut when its members are taken by falling key, and of equals from the front, until their weights reach a
 * target. Found digit by digit of the key, of 12, 10 and 10 bits: each digit asks for one pass, nothing is sorted, and no
 * order of the list is a bad one.
 */
final class Threshold {
    private final double[] sums = new double[1 << 12]; // of each value of a digit
    private double reached;

    /** What is taken: larger keys, and of those that equal {@code key} the ones up to index {@code last}. */
    record Cut(int key, int last) {}

    /** The cut for unsigned {@code keys}; at least one is taken. */
    Cut cut(int[] keys, float[] weights, int n, double target) {
        reached = 0;
        Arrays.fill(sums, 0);
        for (int i = 0; i < n; i++) sums[keys[i] >>> 20] += weights[i];
        int key = digit(1 << 12, target);
        for (int shift = 10; shift >= 0; shift -= 10) {
            Arrays.fill(sums, 0, 1 << 10, 0);
            for (int i = 0; i < n; i++)
                if (keys[i] >>> (shift + 10) == key) sums[(keys[i] >>> shift) & 1023] += weights[i];
            key = (key << 10) | digit(1 << 10, target);
        }
        int last = -1;
        for (int i = 0; i < n && reached < target; i++) {
            if (keys[i] != key) continue;
            reached += weights[i];
            last = i;
        }
        return new Cut(key, last);
    }

    /** The digit in which the target is reached, by those of larger digits and some of its own. */
    private int digit(int values, double target) {
        int digit = values - 1;
        while (digit > 0 && reached + sums[digit] < target) reached += sums[digit--];
        return digit;
    }
}
