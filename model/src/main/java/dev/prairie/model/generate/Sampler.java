package dev.prairie.model.generate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Picks one token after the other: penalty, temperature, top-k, top-p, min-p, then the dice, in this order. One sampler
 * serves one sequence, whose tokens it remembers for the penalty.
 */
public final class Sampler {
    private final Sampling sampling;
    private final SplittableRandom dice;
    private final BitSet seen = new BitSet();

    /** For a sequence that begins with {@code prompt}. */
    public Sampler(Sampling sampling, int... prompt) {
        this.sampling = sampling;
        this.dice = new SplittableRandom(sampling.seed());
        for (int id : prompt) seen.set(id);
    }

    /** The next token for these logits, which are changed on the way. */
    public int next(float[] logits) {
        penalise(logits);
        int id = sampling.temperature() == 0 ? best(logits) : drawn(logits);
        seen.set(id);
        return id;
    }

    private void penalise(float[] logits) {
        float penalty = sampling.repetitionPenalty();
        if (penalty == 1) return;
        for (int id = seen.nextSetBit(0); id >= 0 && id < logits.length; id = seen.nextSetBit(id + 1))
            logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
        if (Float.isNaN(logits[best])) throw broken();
        return best;
    }

    private int drawn(float[] logits) {
        float max = logits[best(logits)];
        double[] p = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] = Math.exp((logits[i] - max) / sampling.temperature());
            sum += p[i];
        }
        if (!(sum > 0) || Double.isInfinite(sum)) throw broken();
        boolean all = sampling.topK() == 0 && sampling.topP() == 1;
        int[] candidates = all ? ascending(p.length) : mostLikely(p, sum);
        double kept = 0;
        for (int i : candidates) {
            if (p[i] < sampling.minP()) p[i] = 0; // the most likely has p = 1 before it is normalised
            kept += p[i];
        }
        double at = dice.nextDouble() * kept;
        int last = candidates[0];
        for (int i : candidates) {
            if (p[i] == 0) continue;
            last = i;
            at -= p[i];
            if (at < 0) break;
        }
        return last;
    }

    /** What top-k and top-p leave, most likely first; of equals the smaller id. */
    private int[] mostLikely(double[] p, double sum) {
        int[] order = IntStream.range(0, p.length)
                .boxed()
                .sorted((a, b) -> p[a] == p[b] ? Integer.compare(a, b) : Double.compare(p[b], p[a]))
                .mapToInt(Integer::intValue)
                .toArray();
        int count = sampling.topK() == 0 ? order.length : Math.min(sampling.topK(), order.length);
        if (count < order.length) { // top-p counts in what top-k left
            sum = 0;
            for (int i = 0; i < count; i++) sum += p[order[i]];
        }
        double reached = 0;
        int kept = 0;
        while (kept < count && (kept == 0 || reached < sampling.topP() * sum)) reached += p[order[kept++]];
        return Arrays.copyOf(order, kept);
    }

    private static int[] ascending(int n) {
        int[] all = new int[n];
        for (int i = 0; i < n; i++) all[i] = i;
        return all;
    }

    private static IllegalStateException broken() {
        return new IllegalStateException("sampler: the logits are not numbers; the weights are damaged or training "
                + "diverged (lower the learning rate and resume from an earlier checkpoint)");
    }
}
