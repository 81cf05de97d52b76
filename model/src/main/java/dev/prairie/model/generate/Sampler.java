package dev.prairie.model.generate;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Picks one token after the other. In this order: bias, penalties (repetition, then presence and frequency), mask,
 * temperature, top-k, typical, top-p, min-p, the dice. Each limit works on what the one before it left, as if that were the
 * whole distribution, and keeps at least one token; of equals the smaller id comes first. The dice fall on the ids in
 * ascending order, each as wide as its probability.
 *
 * <p>One sampler serves one sequence, whose tokens it remembers where a penalty asks for it. A token takes exactly one
 * number of the dice, none at temperature 0: whoever draws the same tokens from the same logits, in whatever steps, draws
 * the same next one.
 */
public final class Sampler {
    private final Sampling sampling;
    private final Scratch scratch;
    private final SplittableRandom dice;
    private final @Nullable TokenCounts past;
    private final int[] biased;
    private final float[] bias;

    /** For a sequence that begins with {@code prompt}. */
    public Sampler(Sampling sampling, int... prompt) {
        this(sampling, new Scratch(), prompt);
    }

    /** For a sequence that begins with {@code prompt}; {@code scratch} is shared with others of the same thread. */
    public Sampler(Sampling sampling, Scratch scratch, int... prompt) {
        this.sampling = sampling;
        this.scratch = scratch;
        dice = new SplittableRandom(sampling.seed());
        past = sampling.remembers() ? new TokenCounts() : null;
        if (past != null) for (int id : prompt) past.add(id, 0);
        biased = new int[sampling.bias().size()];
        bias = new float[biased.length];
        int at = 0;
        for (Map.Entry<Integer, Float> each : sampling.bias().entrySet()) {
            biased[at] = each.getKey();
            bias[at++] = each.getValue();
        }
    }

    /** The next token for these logits {@code (V)}, which are not changed. */
    public int next(float[] logits) {
        return next(logits, null);
    }

    /**
     * The next token of those allowed.
     *
     * @param logits  (V), not changed; minus infinity is a probability of 0
     * @param allowed bit i % 64 of number i / 64 is set where token i is allowed, tokens beyond its end are not; null allows
     *                all
     * @throws IllegalStateException if a logit is not a number or infinite, or no token is left with a probability
     * @throws IllegalArgumentException if a bias is for an id outside of V
     */
    public int next(float[] logits, long @Nullable [] allowed) {
        int vocabulary = logits.length;
        float[] from = logits;
        float largest = Rows.largest(logits, 0, vocabulary, scratch.columns);
        if (!Float.isFinite(largest)) throw broken();
        boolean greedy = sampling.temperature() == 0;
        boolean changed = biased.length > 0 || past != null || allowed != null;
        if (changed || !greedy) {
            from = scratch.candidates(vocabulary).logits();
            System.arraycopy(logits, 0, from, 0, vocabulary);
        }
        if (changed) {
            change(from, vocabulary);
            if (allowed != null) mask(from, vocabulary, allowed);
            largest = Rows.largest(from, 0, vocabulary, scratch.columns);
            if (largest == Float.NEGATIVE_INFINITY) throw nothing(allowed, vocabulary);
        }
        int id = greedy
                ? Rows.first(from, 0, vocabulary, largest, scratch.columns)
                : drawn(scratch.candidates(vocabulary), vocabulary, largest);
        if (past != null) past.add(id, 1);
        return id;
    }

    private void change(float[] logits, int vocabulary) {
        for (int i = 0; i < biased.length; i++) {
            if (biased[i] >= vocabulary) sampling.checkIds(vocabulary); // throws
            logits[biased[i]] += bias[i];
        }
        if (past != null) past.penalise(logits, vocabulary, sampling);
    }

    private static void mask(float[] logits, int vocabulary, long[] allowed) {
        for (int base = 0; base < vocabulary; base += 64) {
            long word = base >>> 6 < allowed.length ? allowed[base >>> 6] : 0;
            int end = Math.min(vocabulary, base + 64);
            if (word == 0) Arrays.fill(logits, base, end, Float.NEGATIVE_INFINITY);
            else
                for (long off = ~word; off != 0; off &= off - 1) {
                    int id = base + Long.numberOfTrailingZeros(off);
                    if (id >= end) break;
                    logits[id] = Float.NEGATIVE_INFINITY;
                }
        }
    }

    private int drawn(Candidates candidates, int vocabulary, float largest) {
        double[] columns = scratch.columns;
        float scale = Math.min(1 / sampling.temperature(), Float.MAX_VALUE);
        candidates.begin(vocabulary);
        if (sampling.topK() > 0) candidates.topK(sampling.topK(), columns);
        candidates.weigh(largest, scale);
        if (sampling.typicalP() < 1) candidates.typical(sampling.typicalP(), largest, scale, columns);
        if (sampling.topP() < 1) candidates.topP(sampling.topP(), columns);
        if (sampling.minP() > 0) candidates.minP(sampling.minP(), columns);
        return candidates.at(dice.nextDouble(), columns);
    }

    static IllegalStateException broken() {
        return new IllegalStateException("sampler: the logits are not numbers; the weights are damaged or training "
                + "diverged (lower the learning rate and resume from an earlier checkpoint)");
    }

    private static IllegalStateException nothing(long @Nullable [] allowed, int vocabulary) {
        if (allowed == null) return broken();
        int count = 0;
        for (int id = 0; id < vocabulary && id >>> 6 < allowed.length; id++)
            count += (int) ((allowed[id >>> 6] >>> id) & 1);
        return new IllegalStateException(
                "sampler: of " + vocabulary + " tokens the mask allows " + count + ", none with a probability above 0; "
                        + "a grammar that has come to its end must allow a token that ends the text");
    }
}
