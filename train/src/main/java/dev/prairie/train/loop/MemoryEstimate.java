package dev.prairie.train.loop;

import dev.prairie.model.layer.Activation;
import dev.prairie.model.transformer.FeedForwardForm;
import dev.prairie.model.transformer.NormForm;
import dev.prairie.model.transformer.Positions;
import dev.prairie.model.transformer.TransformerConfig;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What a run will need outside the Java heap, known before it starts.
 *
 * @param weights     parameters, gradients and both moments, in bytes
 * @param activations what one batch leaves for backward, with the gradients of it, in bytes
 */
public record MemoryEstimate(long weights, long activations) {
    /** For {@code tokens} tokens a batch. */
    public static MemoryEstimate of(TransformerConfig c, int tokens, boolean recompute) {
        long weights = 4 * 4 * c.parameters();
        // Floats that the ops of one layer hand out for one token; see Transformer.layer.
        long heads = (long) c.heads() * c.headWidth();
        long keys = (long) c.keyHeads() * c.headWidth();
        long turned = c.positions() instanceof Positions.Rope ? heads + keys : 0;
        long normed = c.attention().queryKeyNorm() ? heads + keys : 0;
        long inner = inner(c.feedForward());
        long norms = c.norm().order() == NormForm.Order.BOTH ? 6 : 4;
        long layer = norms * c.width() + 2 * heads + 2 * keys + turned + normed + inner + c.heads() + 2;
        long kept = recompute ? (long) c.layers() * c.width() : c.layers() * layer;
        long once = 4L * c.width() + (recompute ? layer : 0);
        // Each with its gradient; the residual stream's is one for all layers, that of the logits takes their place.
        long stream = recompute ? 0 : 2L * c.layers() * c.width();
        long floats = (2 * (kept + once) - stream + c.vocabulary()) * tokens;
        return new MemoryEstimate(weights, 5 * floats); // the slab grows by a quarter until it fits
    }

    /** Floats of the inner width, with the product of activation and gate where it is a step of its own. */
    private static long inner(FeedForwardForm form) {
        long steps = !form.gated() ? 2 : form.activation() == Activation.SILU ? 3 : 4;
        return steps * form.width() * Math.max(1, form.experts().active())
                + steps * form.experts().shared();
    }

    /** All of it. */
    public long total() {
        return weights + activations;
    }

    /** Refuses, naming both numbers and the way out, where less than this is {@code free}. */
    public void require(long free) {
        if (total() > free)
            throw new RecipeException(String.format(
                    Locale.ROOT,
                    "memory: this run needs about %s (%s weights and optimizer, %s activations), %s are free; take a"
                            + " smaller batch, context or model, or set recompute: true",
                    text(total()),
                    text(weights),
                    text(activations),
                    text(free)));
    }

    /** Memory of this machine or container that a run could take now, in bytes. */
    public static long free() {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        try { // free memory without what the system would give back on demand is far too little on Linux
            for (String line : Files.readAllLines(Path.of("/proc/meminfo")))
                if (line.startsWith("MemAvailable:"))
                    return Math.min(Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024, system.getTotalMemorySize());
        } catch (IOException | NumberFormatException notLinux) {
            // fall through to what the JDK knows
        }
        return system.getFreeMemorySize();
    }

    private static String text(long bytes) {
        return bytes >= 1L << 30
                ? String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30))
                : String.format(Locale.ROOT, "%d MiB", bytes >> 20);
    }
}
