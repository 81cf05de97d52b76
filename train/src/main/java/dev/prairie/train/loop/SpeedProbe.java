package dev.prairie.train.loop;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.text.batch.Batch;
import dev.prairie.train.optimizer.Optimizer;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;

/**
 * Whole training steps (forward, backward, AdamW) of a model of random weights on random tokens, to be timed: what a
 * quick start plans with and {@code prairie bench training} reports.
 */
public final class SpeedProbe implements AutoCloseable {
    private static final Optimizer.Config ADAM = new Optimizer.Config(0.9f, 0.95f, 1e-8f, 0.1f, 1);

    private final Arena arena = Arena.ofShared();
    private final GradKernels kernels;
    private final TransformerConfig config;
    private final int length;
    private final Optimizer optimizer;
    private final Pass pass;
    private final Batch batch;
    private int steps;
    private double loss = Double.NaN;

    /** {@code rows} rows of {@code length} tokens a step. */
    public SpeedProbe(TransformerConfig config, int rows, int length, GradKernels kernels) {
        this.config = config;
        this.length = length;
        this.kernels = kernels;
        Transformer model = Transformer.initialise(config, arena, 1);
        optimizer = new Optimizer(ADAM, model.parameters(), arena);
        pass = new Pass(model, kernels);
        int[] ids =
                new Random(1).ints(rows * length + 1, 0, config.vocabulary()).toArray();
        Tokens tokens = Tokens.rows(rows, Arrays.copyOf(ids, rows * length));
        int[] targets = Arrays.copyOfRange(ids, 1, rows * length + 1);
        batch = new Batch(tokens.ids(), targets, tokens.positions(), tokens.starts());
    }

    /** One step; returns what it took in seconds. */
    public double step() {
        long began = System.nanoTime();
        loss = pass.train(batch, batch.tokens(), optimizer.trainable(), false, false) / batch.tokens();
        optimizer.step(kernels, ++steps, 1e-4f);
        return (System.nanoTime() - began) / 1e9;
    }

    /** The mean loss that the last step found, before it moved the weights; NaN before the first. */
    public double loss() {
        return loss;
    }

    /** Tokens of a step. */
    public int tokens() {
        return batch.tokens();
    }

    /** Share of {@code peak}, in FLOP/s, that steps of {@code seconds} reach. */
    public double utilisation(double seconds, double peak) {
        return config.trainingFlopsPerToken(length) * tokens() / seconds / peak;
    }

    @Override
    public void close() {
        pass.close();
        arena.close();
    }
}
