package dev.prairie.train.optimizer;

/**
 * The learning rate of each step: a linear rise over {@code warmup} steps, then as {@link Kind} says, down to
 * {@code floor} at the last step.
 *
 * @param kind   how it falls
 * @param peak   highest rate
 * @param floor  last rate
 * @param warmup steps of the rise
 * @param steps  steps of the whole run
 * @param decay  WSD: share of the steps in which it falls
 */
public record Schedule(Kind kind, float peak, float floor, int warmup, int steps, float decay) {
    /** How the rate falls after the rise. */
    public enum Kind {
        /** Half a cosine (Loshchilov and Hutter 2016, arXiv 1608.03983). */
        COSINE,
        /** Warm-up, stable, decay: constant, then a straight line (Hu et al. 2024, arXiv 2404.06395). */
        WSD
    }

    public Schedule {
        if (!(peak > 0) || !(floor >= 0) || floor > peak)
            throw new IllegalArgumentException("schedule: learningRate " + peak + " and minLearningRate " + floor
                    + " must be positive, the second not above the first");
        if (steps < 1 || warmup < 0)
            throw new IllegalArgumentException("schedule: " + steps + " steps with " + warmup + " of warm-up");
        if (!(decay > 0 && decay <= 1))
            throw new IllegalArgumentException("schedule: decay " + decay + " must be above 0 and at most 1");
    }

    /** The rate of {@code step}, counted from 1. */
    public float at(int step) {
        if (step <= warmup) return peak * step / (warmup + 1);
        double share = switch (kind) {
            case COSINE -> {
                double way = Math.clamp((step - warmup) / (double) Math.max(1, steps - warmup), 0, 1);
                yield 0.5 * (1 + Math.cos(Math.PI * way));
            }
            case WSD -> Math.clamp((steps - step) / Math.max(1, (double) decay * steps), 0, 1);
        };
        return (float) (floor + share * (peak - floor));
    }
}
