package dev.prairie.model.generate;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.transformer.HeadForm.Pooling;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/**
 * One vector of a text: its last hidden states pooled as the model says, and brought to length 1, so that the inner product
 * of two is their cosine (Reimers and Gurevych 2019, arXiv 1908.10084). Texts are run together, packed, and do not see each
 * other.
 *
 * <p>Several threads may use one embedder.
 */
public final class Embedder {
    /** Tokens that are run at once, unless a single text has more. */
    private static final int BATCH = 2048;

    private final Transformer model;
    private final Kernels kernels;
    private final Pooling pooling;

    /** With the pooling that the model's files name. */
    public Embedder(Transformer model, Kernels kernels) {
        this(model, kernels, model.config().head().pooling());
    }

    /** With another pooling: a decoder's last token, for example. */
    public Embedder(Transformer model, Kernels kernels, Pooling pooling) {
        if (pooling == Pooling.NONE)
            throw new IllegalArgumentException(
                    "embedder: the model names no pooling; it is no encoder, or say mean, first or last");
        this.model = model;
        this.kernels = kernels;
        this.pooling = pooling;
    }

    /** C, the width of a vector. */
    public int width() {
        return model.config().width();
    }

    /**
     * The vectors {@code (C)} of texts, in their order.
     *
     * @param texts ids of each, special tokens included: at least one, and no more than the model's context
     */
    public List<float[]> embed(List<int[]> texts) {
        var vectors = new ArrayList<float[]>();
        run(texts, (hidden, begin, end) -> vectors.add(pooled(hidden, begin, end)));
        return vectors;
    }

    /**
     * A vector {@code (C)} of every token of texts, in their order: what the model made of it where it stands, brought to
     * length 1. An encoder saw the whole text, a decoder what comes before.
     *
     * @param texts as in {@link #embed}
     */
    public List<List<float[]>> embedTokens(List<int[]> texts) {
        var vectors = new ArrayList<List<float[]>>();
        run(texts, (hidden, begin, end) -> {
            var tokens = new ArrayList<float[]>();
            for (int n = begin; n < end; n++) tokens.add(normalised(sum(hidden, n, n + 1)));
            vectors.add(tokens);
        });
        return vectors;
    }

    /** What is made of the last hidden states of one text, the rows from {@code begin} to {@code end}. */
    @FunctionalInterface
    private interface Reader {
        void read(float[] hidden, int begin, int end);
    }

    private void run(List<int[]> texts, Reader reader) {
        for (int[] text : texts) check(text);
        try (var slab = new Slab()) {
            for (int from = 0; from < texts.size(); ) {
                int end = from;
                int tokens = 0;
                while (end < texts.size() && (end == from || tokens + texts.get(end).length <= BATCH))
                    tokens += texts.get(end++).length;
                slab.reset();
                batch(new Forgetting(kernels, slab), texts.subList(from, end), tokens, reader);
                from = end;
            }
        }
    }

    private void check(int[] text) {
        if (text.length == 0) throw new IllegalArgumentException("embedder: a text without tokens has no vector");
        if (text.length > model.config().context())
            throw new IllegalArgumentException("embedder: a text has " + text.length + " tokens, the context holds "
                    + model.config().context() + "; cut it");
    }

    private void batch(Ops ops, List<int[]> texts, int count, Reader reader) {
        int[] ids = new int[count];
        int[] positions = new int[count];
        int[] starts = new int[texts.size() + 1];
        for (int b = 0; b < texts.size(); b++) {
            int[] text = texts.get(b);
            System.arraycopy(text, 0, ids, starts[b], text.length);
            for (int i = 0; i < text.length; i++) positions[starts[b] + i] = i;
            starts[b + 1] = starts[b] + text.length;
        }
        float[] hidden = model.hidden(ops, new Tokens(ids, positions, starts), KvCache.NONE)
                .toFloats();
        for (int b = 0; b < texts.size(); b++) reader.read(hidden, starts[b], starts[b + 1]);
    }

    private float[] pooled(float[] hidden, int begin, int end) {
        int first = pooling == Pooling.LAST ? end - 1 : begin;
        int last = pooling == Pooling.FIRST ? begin + 1 : end;
        return normalised(sum(hidden, first, last)); // whatever the mean was divided by cancels
    }

    private double[] sum(float[] hidden, int first, int last) {
        double[] sum = new double[width()];
        for (int n = first; n < last; n++) for (int i = 0; i < sum.length; i++) sum[i] += hidden[n * sum.length + i];
        return sum;
    }

    private static float[] normalised(double[] v) {
        double squares = 0;
        for (double x : v) squares += x * x;
        double length = Math.max(Math.sqrt(squares), Double.MIN_NORMAL);
        float[] vector = new float[v.length];
        for (int i = 0; i < vector.length; i++) vector[i] = (float) (v[i] / length);
        return vector;
    }

    /** Ops that give a layer's memory back when it is done, so that a long text needs that of one layer. */
    private static final class Forgetting extends Ops {
        Forgetting(Kernels kernels, Slab slab) {
            super(kernels, slab);
        }

        @Override
        public Tensor block(Tensor x, BiFunction<Ops, Tensor, Tensor> body) {
            Slab.Mark mark = slab().mark();
            return slab().keep(mark, super.block(x, body));
        }
    }
}
