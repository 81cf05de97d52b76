package dev.prairie.app.peer;

import dev.prairie.text.batch.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Runs that took the same batches in turn: each one's losses and what its steps took.
 *
 * @param runs    in the order of their turns
 * @param losses  a row for each run, a value for each step, the first ones to warm up included
 * @param seconds a row for each run, a value for each step after those to warm up
 */
public record Curves(List<Run> runs, double[][] losses, double[][] seconds) {
    /**
     * Takes {@code warmUp} and then {@code steps} steps in turn: one of each run on the same batch before the next, so
     * that what else happens on the machine happens to all.
     */
    public static Curves of(List<Run> runs, ChainText text, float rate, int warmUp, int steps) {
        double[][] losses = new double[runs.size()][warmUp + steps];
        double[][] seconds = new double[runs.size()][steps];
        for (int i = 0; i < warmUp + steps; i++) {
            Batch batch = text.next();
            for (int r = 0; r < runs.size(); r++) {
                Run.Step step = runs.get(r).step(batch, rate);
                losses[r][i] = step.loss();
                if (i >= warmUp) seconds[r][i - warmUp] = step.seconds();
            }
        }
        return new Curves(new ArrayList<>(runs), losses, seconds);
    }

    /** Median of what a step of this run took. */
    public double medianSeconds(int run) {
        double[] sorted = seconds[run].clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /** The most that the losses of {@code run} differ from those of {@code other} on one batch, as a share of the latter. */
    public double lossDifference(int run, int other) {
        double most = 0;
        for (int i = 0; i < losses[run].length; i++)
            // A loss that is no number must not count as equal.
            most = Math.max(most, Math.abs(losses[run][i] - losses[other][i]) / losses[other][i]);
        return most;
    }
}
