package dev.prairie.app;

import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.train.loop.MemoryEstimate;
import java.util.Locale;
import picocli.CommandLine.Option;

/** How much of a text a model keeps in mind, and as what; the same options in every command that continues one. */
final class CacheOptions {
    /** Of the free memory; the rest is for everything else. */
    private static final double SHARE = 0.8;

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Most tokens of prompt and answer together. Default: all that the model was made for, or as"
                    + " many as the memory holds.")
    private int context;

    @Option(names = "--cache", paramLabel = "T", description = "Keys and values as F32, F16 or Q8_0. Default: F16.")
    private CacheType cache = CacheType.F16;

    DType type() {
        return cache.type();
    }

    /** The model with the context that is asked for, or else with the largest that there is memory for. */
    Checkpoint limited(Checkpoint checkpoint) {
        TransformerConfig c = checkpoint.config();
        if (c.headWidth() % type().block() != 0)
            throw new UserException("--cache is " + cache + ", which needs heads of a multiple of " + type().block()
                    + ", this model's have " + c.headWidth() + "; give F16");
        long weights = checkpoint.parameters().values().stream()
                .mapToLong(t -> t.segment().byteSize())
                .sum();
        long free = Math.max(0, (long) (SHARE * MemoryEstimate.free()) - weights);
        long fits = free / c.kvBytesPerPosition(type());
        if (context == 0) return fits >= c.context() ? checkpoint : checkpoint.withContext((int) Math.max(1, fits));
        if (context < 1 || context > c.context())
            throw new UserException("--context is " + context + "; this model was made for 1 to " + c.context());
        if (context > fits)
            throw new UserException(String.format(
                    Locale.ROOT,
                    "--context is %,d, whose keys and values take %s as %s, and %s are free beside the weights; give at"
                            + " most %,d, or a smaller --cache",
                    context,
                    size(context * c.kvBytesPerPosition(type())),
                    cache,
                    size(free),
                    fits));
        return checkpoint.withContext(context);
    }

    /** {@code context 8,192 tokens: keys and values as F16 take up to 268 MB}. */
    String estimate(TransformerConfig c) {
        return String.format(
                Locale.ROOT,
                "context %,d tokens: keys and values as %s take up to %s",
                c.context(),
                cache,
                size(c.context() * c.kvBytesPerPosition(type())));
    }

    private static String size(long bytes) {
        return bytes < 10_000_000_000L
                ? String.format(Locale.ROOT, "%,d MB", (bytes + 999_999) / 1_000_000)
                : String.format(Locale.ROOT, "%,d GB", bytes / 1_000_000_000);
    }
}
