package dev.prairie.model.generate;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Kernels;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * How surprised a model is by a text, as llama.cpp counts it (its {@code tools/perplexity}, without a stride): the text is
 * cut into stretches of {@code context} tokens, what is left over at the end is not read; each stretch is read from a
 * fresh start, its first token replaced by the beginning token where the model has one; and only tokens of its second half
 * count, whose predecessors are at least half a context.
 *
 * @param negativeLogLikelihood nats a token, the mean over all that count
 * @param deviation             the standard error of that mean
 * @param tokens                how many tokens count
 * @param stretches             how many stretches were read
 */
public record Perplexity(double negativeLogLikelihood, double deviation, int tokens, int stretches) {
    /** Rows of logits at a time: 64 MB where V is a quarter of a million. */
    private static final int ROWS = 64;

    /** Called after each stretch. */
    public interface Progress {
        void read(Perplexity soFar, int ofStretches);
    }

    /** {@code e} to the mean surprise. */
    public double value() {
        return Math.exp(negativeLogLikelihood);
    }

    /** The standard error of {@link #value}, to first order. */
    public double error() {
        return deviation * value();
    }

    /**
     * Of {@code ids}, a beginning token included where the tokenizer adds one.
     *
     * @param begin the beginning token, where the tokenizer adds one
     * @throws IllegalArgumentException if there are fewer tokens than two stretches, or the model's context is shorter
     */
    public static Perplexity of(
            Transformer model, Kernels kernels, int[] ids, OptionalInt begin, int context, Progress progress) {
        if (context < 4 || context > model.config().context())
            throw new IllegalArgumentException("perplexity: context " + context + " must be from 4 to the model's "
                    + model.config().context());
        if (ids.length < 2 * context)
            throw new IllegalArgumentException("perplexity: the text has " + ids.length + " tokens, a context of "
                    + context + " needs at least " + 2 * context + "; give a longer text or a smaller --context");
        int stretches = ids.length / context;
        double sum = 0, squares = 0;
        int count = 0;
        var result = new Perplexity(0, 0, 0, 0);
        try (Slab slab = new Slab()) {
            for (int s = 0; s < stretches; s++) {
                int[] stretch = Arrays.copyOfRange(ids, s * context, (s + 1) * context);
                if (begin.isPresent()) stretch[0] = begin.getAsInt();
                for (float loss : losses(model, kernels, slab, stretch)) {
                    sum += loss;
                    squares += (double) loss * loss;
                    count++;
                }
                double mean = sum / count;
                double variance = Math.max(0, squares / count - mean * mean);
                result = new Perplexity(mean, count > 1 ? Math.sqrt(variance / (count - 1)) : 0, count, s + 1);
                progress.read(result, stretches);
            }
        }
        return result;
    }

    /** Nats of each token of the second half but its first. */
    private static float[] losses(Transformer model, Kernels kernels, Slab slab, int[] ids) {
        int first = ids.length / 2, end = ids.length - 1;
        float[] losses = new float[end - first];
        slab.reset();
        var ops = new Ops(kernels, slab);
        Tensor hidden = model.hidden(ops, Tokens.sequence(0, ids), KvCache.NONE);
        for (int from = first; from < end; from += ROWS) {
            Slab.Mark mark = slab.mark();
            int to = Math.min(end, from + ROWS);
            int[] rows = new int[to - from];
            for (int i = from; i < to; i++) rows[i - from] = i;
            Tensor logits = model.logits(ops, ops.gather(hidden, rows));
            Tensor some = ops.crossEntropy(logits, Arrays.copyOfRange(ids, from + 1, to + 1));
            for (int i = from; i < to; i++) losses[i - first] = some.get(i - from);
            slab.release(mark);
        }
        return losses;
    }
}
