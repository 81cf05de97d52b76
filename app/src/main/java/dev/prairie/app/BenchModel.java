package dev.prairie.app;

import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.train.loop.SpeedProbe;
import java.util.Map;

/**
 * A model that training is timed on.
 *
 * @param title  for people
 * @param config its shape
 */
record BenchModel(String title, TransformerConfig config) {
    /** Rows of a batch, B. */
    static final int ROWS = 4;

    /** Tokens of a row, T. */
    static final int LENGTH = 256;

    private static final Map<String, BenchModel> ALL = Map.of(
            "12m",
            new BenchModel("gpt2 6x384, vocabulary 4096, 4x256", TransformerConfig.gpt2(4096, LENGTH, 6, 384, 6)),
            "124m",
            new BenchModel("gpt2 12x768, vocabulary 50257, 4x256", TransformerConfig.gpt2(50257, 1024, 12, 768, 12)));

    /** Training steps of it, to be timed. */
    SpeedProbe probe(GradKernels kernels) {
        return new SpeedProbe(config, ROWS, LENGTH, kernels);
    }

    /** The model of that name. */
    static BenchModel named(String name) {
        BenchModel model = ALL.get(name);
        if (model == null) throw new UserException("--model is " + name + "; give 12m or 124m");
        return model;
    }
}
