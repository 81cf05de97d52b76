package dev.prairie.model.generate;

import java.util.Arrays;

/**
 * The tokens that may be drawn, their logits and their weights (probabilities, but for a common factor), by ascending id.
 * Each limit drops some and closes the gaps. Nothing is sorted: {@link Threshold} finds where a limit cuts, and a cheap
 * bound drops most of a vocabulary before that. The loops that close gaps have no branches, which would be guessed wrong.
 */
final class Candidates {
    /** Bounds are computed with rounding; what is within a thousandth of one is left to the exact cut. */
    private static final double SLACK = 0.999;

    /** With a larger mean weight, the largest being 1, bounds drop too little to be worth a pass. */
    private static final double ALIKE = 0.003;

    private final int[] ids;
    private final float[] logits;
    private final float[] weights;
    private final int[] keys;
    private final double[] sums;
    private final Threshold threshold;
    private int count;

    Candidates(int capacity) {
        ids = new int[capacity + 1]; // where a gap is closed, the next place is written before it is known to be needed
        logits = new float[capacity + 1];
        weights = new float[capacity + 1];
        keys = new int[capacity];
        sums = new double[capacity / Rows.BLOCK + 1];
        threshold = new Threshold(capacity);
    }

    int capacity() {
        return keys.length;
    }

    /** The logits, for the sampler to change; {@link #begin} says how many count. */
    float[] logits() {
        return logits;
    }

    /** All of the first {@code n} logits are candidates. */
    void begin(int n) {
        count = n;
        for (int i = 0; i < n; i++) ids[i] = i;
    }

    /** Keeps the k of the largest logits; {@code columns} as {@link Rows#largest} left them. */
    void topK(int k, double[] columns) {
        if (k >= count) return;
        long bound = unsigned(ascending(Rows.bound(k, columns)));
        int kept = 0;
        for (int i = 0; i < count; i++) {
            int key = ascending(logits[i]);
            ids[kept] = ids[i];
            logits[kept] = logits[i];
            keys[kept] = key;
            kept += reaches(unsigned(key), bound);
        }
        count = kept;
        Arrays.fill(weights, 0, count, 1);
        keep(k);
    }

    /** Gives everyone a weight, the largest one's 1. */
    void weigh(float largest, float scale) {
        Rows.weights(logits, count, largest, scale, weights);
    }

    /** Keeps the most likely until their weights reach this share of all. */
    void topP(float share, double[] columns) {
        double sum = Rows.sums(weights, count, sums, columns);
        // What weighs less than this weighs, all together, less than what may be left out.
        if (sum < ALIKE * count) drop((1.0 - share) * sum / count * SLACK);
        for (int i = 0; i < count; i++) keys[i] = ascending(logits[i]);
        keep(share * sum);
    }

    /**
     * Keeps those whose surprise is nearest to the entropy until their weights reach this share of all. A surprise is a
     * constant less the logit over the temperature, so nearness is the logit's to the mean logit.
     */
    void typical(float share, float largest, float scale, double[] columns) {
        double sum = Rows.sums(weights, count, sums, columns);
        double mean = Rows.moments(logits, weights, count, largest, columns) / sum; // below the largest, 0 or less
        double entropy = Math.log(sum) - mean * scale;
        // Whoever has at most the weight of twice the entropy is further from it than even the least surprise, 0, is.
        if (sum < ALIKE * count) drop(Math.min((1.0 - share) * sum / count, sum * Math.exp(-2 * entropy)) * SLACK);
        float centre = (float) (largest + mean);
        for (int i = 0; i < count; i++) keys[i] = ~ascending(Math.abs(logits[i] - centre));
        keep(share * sum);
    }

    /** Keeps those of at least this share of the largest weight. */
    void minP(float share, double[] columns) {
        drop(share * Rows.largest(weights, 0, count, columns));
    }

    /** The id on which dice fall, which have thrown {@code at}, from 0 to below 1: its weight's share of all. */
    int at(double at, double[] columns) {
        double left = at * Rows.sums(weights, count, sums, columns);
        int block = 0;
        int last = (count - 1) / Rows.BLOCK;
        while (block < last && left >= sums[block]) left -= sums[block++];
        while (sums[block] == 0) block--; // rounding led past the last weight
        int id = -1;
        int to = Math.min(count, (block + 1) * Rows.BLOCK);
        for (int i = block * Rows.BLOCK; i < to && (left >= 0 || id < 0); i++) {
            left -= weights[i];
            if (weights[i] > 0) id = ids[i];
        }
        return id;
    }

    /** Keeps those of at least this weight. */
    private void drop(double least) {
        long bound = Float.floatToRawIntBits((float) least);
        int kept = 0;
        for (int i = 0; i < count; i++) {
            float weight = weights[i];
            ids[kept] = ids[i];
            logits[kept] = logits[i];
            weights[kept] = weight;
            kept += reaches(
                    Float.floatToRawIntBits(weight), bound); // in the order of the numbers, which are not negative
        }
        count = kept;
    }

    /** Keeps those of the largest keys until their weights reach the target. */
    private void keep(double target) {
        var cut = threshold.cut(keys, weights, count, target);
        int kept = close(0, cut.last() + 1, unsigned(cut.key()), 0);
        count = close(cut.last() + 1, count, unsigned(cut.key()) + 1, kept);
    }

    private int close(int from, int to, long least, int kept) {
        int next = kept;
        for (int i = from; i < to; i++) {
            int key = keys[i];
            ids[next] = ids[i];
            logits[next] = logits[i];
            weights[next] = weights[i];
            next += reaches(unsigned(key), least);
        }
        return next;
    }

    private static int reaches(long key, long least) {
        return 1 - (int) ((key - least) >>> 63);
    }

    private static long unsigned(int key) {
        return Integer.toUnsignedLong(key);
    }

    /** Bits in the order of the floats, as unsigned numbers. */
    private static int ascending(float value) {
        int bits = Float.floatToRawIntBits(value + 0f); // -0 is 0
        return bits ^ ((bits >> 31) | 0x80000000);
    }
}
