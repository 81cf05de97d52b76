package dev.prairie.tensor.reference;

import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Tensor;

/** Which experts a token goes to and with which weight, forward beside backward; see {@code Kernels.route}. */
public final class Router {
    private Router() {}

    /** Of each row of {@code logits(N, E)} the largest into {@code chosen}, their weights into {@code weights(N, A)}. */
    public static void route(Tensor weights, int[] chosen, Tensor logits, Routing routing) {
        int experts = logits.shape().last();
        int active = weights.shape().last();
        for (int n = 0; n < logits.shape().dim(0); n++) {
            long row = (long) n * experts;
            int at = n * active;
            for (int a = 0; a < active; a++) chosen[at + a] = largest(logits, row, experts, chosen, at, a);
            double max = logits.get(row + chosen[at]);
            double sum = total(logits, row, max, chosen, at, active, routing);
            for (int a = 0; a < active; a++) {
                double score = logits.get(row + chosen[at + a]);
                weights.set(at + a, (float)
                        (routing == Routing.GATE ? 1 / (1 + Math.exp(-score)) : Math.exp(score - max) / sum));
            }
        }
    }

    /** The column of the largest that is not among the first {@code taken} chosen ones. */
    private static int largest(Tensor logits, long row, int experts, int[] chosen, int at, int taken) {
        int best = -1;
        for (int e = 0; e < experts; e++) {
            boolean free = true;
            for (int a = 0; a < taken; a++) free &= chosen[at + a] != e;
            if (free && (best < 0 || logits.get(row + e) > logits.get(row + best))) best = e;
        }
        return best;
    }

    /** What the exponentials are divided by. */
    private static double total(
            Tensor logits, long row, double max, int[] chosen, int at, int active, Routing routing) {
        double sum = 0;
        if (routing == Routing.CHOSEN)
            for (int a = 0; a < active; a++) sum += Math.exp(logits.get(row + chosen[at + a]) - max);
        else for (int e = 0; e < logits.shape().last(); e++) sum += Math.exp(logits.get(row + e) - max);
        return sum;
    }

    /** Adds to {@code dLogits(N, E)}; the slope of a softmax is {@code p_i (d_i - Σ p d)}. */
    public static void backward(Tensor dLogits, Tensor dWeights, Tensor logits, int[] chosen, Routing routing) {
        int experts = logits.shape().last();
        int active = dWeights.shape().last();
        for (int n = 0; n < logits.shape().dim(0); n++) {
            long row = (long) n * experts;
            int at = n * active;
            double max = logits.get(row + chosen[at]);
            double sum = total(logits, row, max, chosen, at, active, routing);
            double average = 0;
            for (int a = 0; a < active; a++)
                average += Math.exp(logits.get(row + chosen[at + a]) - max) / sum * dWeights.get(at + a);
            for (int a = 0; a < active; a++) {
                double score = logits.get(row + chosen[at + a]);
                double gate = 1 / (1 + Math.exp(-score));
                double p = Math.exp(score - max) / sum;
                double d = dWeights.get(at + a);
                plus(
                        dLogits,
                        row + chosen[at + a],
                        switch (routing) {
                            case SHARE -> p * d;
                            case CHOSEN -> p * (d - average);
                            case GATE -> d * gate * (1 - gate);
                        });
            }
            if (routing == Routing.SHARE)
                for (int e = 0; e < experts; e++)
                    plus(dLogits, row + e, -average * Math.exp(logits.get(row + e) - max) / sum);
        }
    }

    private static void plus(Tensor t, long i, double value) {
        t.set(i, (float) (t.get(i) + value));
    }
}
