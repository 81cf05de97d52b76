package dev.prairie.model.generate;

import java.util.Arrays;

/**
 * The tokens that may be drawn, their logits and their weights (probabilities, but for a common factor), by ascending id.
 * Each limit drops some and closes the gaps. Nothing is sorted: {@link Threshold} finds where a limit cuts, and a cheap
 * bound drops most of a vocabulary before that.
 */
final class Candidates {
    /** Bounds are computed with rounding; what is within a thousandth of one is left to the exact cut. */
    private static final double SLACK = 0.999;

    private final int[] ids;
    private final float[] logits;
    private final float[] weights;
    private final int[] keys;
    private final double[] sums;
    private final Threshold threshold = new Threshold();
    private int count;

    Candidates(int capacity) {
        ids = new int[capacity];
        logits = new float[capacity];
        weights = new float[capacity];
        keys = new int[capacity];
        sums = new double[capacity / Rows.BLOCK + 1];
    }

    int capacity() {
        return ids.length;
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
        float bound = Rows.bound(k, columns);
        int kept = 0;
        for (int i = 0; i < count; i++) {
            ids[kept] = ids[i];
            logits[kept] = logits[i];
            kept += logits[i] >= bound ? 1 : 0;
        }
        count = kept;
        for (int i = 0; i < count; i++) keys[i] = ascending(logits[i]);
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
        drop((1.0 - share) * sum / count * SLACK);
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
        drop(Math.min((1.0 - share) * sum / count, sum * Math.exp(-2 * entropy)) * SLACK);
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

    private void drop(double least) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            ids[kept] = ids[i];
            logits[kept] = logits[i];
            weights[kept] = weights[i];
            kept += weights[i] >= least ? 1 : 0;
        }
        count = kept;
    }

    /** Keeps those of the largest keys until their weights reach the target. */
    private void keep(double target) {
        var cut = threshold.cut(keys, weights, count, target);
        int least = cut.key() ^ Integer.MIN_VALUE; // unsigned order as signed
        int kept = 0;
        for (int i = 0; i < count; i++) {
            int key = keys[i] ^ Integer.MIN_VALUE;
            ids[kept] = ids[i];
            logits[kept] = logits[i];
            weights[kept] = weights[i];
            kept += (i <= cut.last() ? key >= least : key > least) ? 1 : 0;
        }
        count = kept;
    }

    /** Bits in the order of the floats, as unsigned numbers. */
    private static int ascending(float value) {
        int bits = Float.floatToRawIntBits(value + 0f); // -0 is 0
        return bits ^ ((bits >> 31) | 0x80000000);
    }
}
