package dev.prairie.model.generate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** temporary until the real one lands. */
public final class Logprobs {
    private Logprobs() {}

    public static TokenScore of(float[] logits, int id, int top) {
        double max = Double.NEGATIVE_INFINITY;
        for (float l : logits) max = Math.max(max, l);
        double sum = 0;
        for (float l : logits) sum += Math.exp(l - max);
        double lse = max + Math.log(sum);
        int[] best = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -logits[i]))
                .limit(top)
                .mapToInt(i -> i)
                .toArray();
        float[] p = new float[best.length];
        for (int i = 0; i < p.length; i++) p[i] = (float) (logits[best[i]] - lse);
        return new TokenScore(id, (float) (logits[id] - lse), best, Arrays.copyOf(p, p.length));
    }
}
