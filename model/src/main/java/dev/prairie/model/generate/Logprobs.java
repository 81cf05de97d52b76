package dev.prairie.model.generate;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * What a model itself thinks of a token: the log-softmax of the logits as they left it, without temperature, penalties or
 * masks. The sum is computed in double and each log-probability is its logit less the sum's logarithm, rounded once: equal
 * logits have equal log-probabilities, so that a token is the greedy choice exactly when its log-probability equals the best
 * one's.
 */
public final class Logprobs {
    private Logprobs() {}

    /** {@code id}'s log-probability among {@code logits} (V), and the {@code top} best. */
    public static TokenScore of(float[] logits, int id, int top) {
        return of(logits, 0, logits.length, id, top, new Scratch());
    }

    /** The same for the logits {@code (V)}, floats in the machine's order, that fill {@code row}. */
    public static TokenScore of(MemorySegment row, int id, int top, Scratch scratch) {
        int vocabulary = Math.toIntExact(row.byteSize() / Float.BYTES);
        float[] logits = scratch.row(vocabulary);
        MemorySegment.copy(row, ValueLayout.JAVA_FLOAT, 0, logits, 0, vocabulary);
        return of(logits, 0, vocabulary, id, top, scratch);
    }

    /**
     * The same for {@code vocabulary} logits from {@code offset} on.
     *
     * @param top how many of the best are told, the best first and of equals the smaller id; more than there are tells all
     * @throws IllegalArgumentException if {@code id} is not one of them or {@code top} is below 0
     * @throws IllegalStateException if a logit is not a number, or the largest is infinite
     */
    public static TokenScore of(float[] logits, int offset, int vocabulary, int id, int top, Scratch scratch) {
        if (id < 0 || id >= vocabulary)
            throw new IllegalArgumentException("logprobs: token " + id + ", but ids are 0 to " + (vocabulary - 1));
        if (top < 0) throw new IllegalArgumentException("logprobs: the " + top + " best, give 0 or more");
        float largest = Rows.largest(logits, offset, vocabulary, scratch.columns);
        if (!Float.isFinite(largest)) throw Sampler.broken();
        int[] best = best(logits, offset, vocabulary, Math.min(top, vocabulary), scratch);
        double sum = largest + Math.log(Rows.powers(logits, offset, vocabulary, largest, scratch.columns));
        float[] theirs = new float[best.length];
        for (int i = 0; i < best.length; i++) theirs[i] = (float) (logits[offset + best[i]] - sum);
        return new TokenScore(id, (float) (logits[offset + id] - sum), best, theirs);
    }

    /** By a list that is kept in order, which few of a vocabulary enter: the bound keeps most of them out. */
    private static int[] best(float[] logits, int offset, int vocabulary, int top, Scratch scratch) {
        int[] best = new int[top];
        if (top == 0) return best;
        float bound = Rows.bound(top, scratch.columns);
        int count = 0;
        for (int id = 0; id < vocabulary; id++) {
            float logit = logits[offset + id];
            if (!(logit >= bound)) continue;
            if (count == top && !(logit > logits[offset + best[top - 1]])) continue;
            int at = count < top ? count++ : top - 1;
            for (; at > 0 && logits[offset + best[at - 1]] < logit; at--) best[at] = best[at - 1];
            best[at] = id;
        }
        return Arrays.copyOf(best, count);
    }
}
