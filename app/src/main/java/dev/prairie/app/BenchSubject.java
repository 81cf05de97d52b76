package dev.prairie.app;

import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.device.Kernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is timed: a model from disk, or random weights in a shape; the same options in every bench of a model. */
final class BenchSubject {
    private static final long SEED = 1;

    @Parameters(index = "0", arity = "0..1", paramLabel = "MODEL", description = "A model file, folder or name.")
    @Nullable
    private Path path;

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            description = "Random weights in this shape instead of a MODEL: llama-1b, llama-300m, llama-15m. Default:"
                    + " llama-15m.")
    private String shape = "llama-15m";

    @Option(
            names = "--type",
            paramLabel = "T",
            description = "What the weights of --shape are stored as: F32, BF16, Q8_0, Q4_0, Q4_K_M … Default:"
                    + " ${DEFAULT-VALUE}.")
    private String type;

    /** @param type of random weights, unless said otherwise */
    BenchSubject(String type) {
        this.type = type;
    }

    /** Whether its weights are random. */
    boolean random() {
        return path == null;
    }

    /** Where the model is that was named. */
    Path path() {
        if (path == null) throw new IllegalStateException("the weights are random, and nowhere yet");
        return LoadedModel.resolve(path);
    }

    /** For people: what was named, or the shape. */
    String name() {
        return path == null ? shape : String.valueOf(path.getFileName());
    }

    /** What the weights are stored as, as it was typed. */
    String type() {
        return type;
    }

    /** Random weights, in {@code arena}. */
    Checkpoint make(Kernels kernels, Arena arena) {
        TransformerConfig config = RandomModel.shape(shape);
        return RandomModel.make(config, WeightTypes.named(type, config), kernels, SEED, arena);
    }

    /** Random weights as a file. */
    void write(Path file, Kernels kernels) throws IOException {
        try (Arena until = Arena.ofShared()) {
            RandomFile.write(file, shape, make(kernels, until));
        }
    }
}
