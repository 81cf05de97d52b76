package dev.prairie.serve.engine;

import dev.prairie.model.cache.PagedCache;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Runs a transformer over packed tokens, its keys and values in blocks. */
final class TransformerRunner implements ModelRunner {
    private final Arena arena = Arena.ofShared();
    private final Slab slab = new Slab();
    private final Transformer model;
    private final Kernels kernels;
    private final PagedCache cache;
    private final int vocabulary;

    /** @param vocabulary tokens that have a text: the first of the model's rows */
    TransformerRunner(Transformer model, Kernels kernels, DType kept, int vocabulary, EngineConfig config) {
        TransformerConfig c = model.config();
        if (c.head().kind() == HeadForm.Kind.NONE) {
            throw new IllegalArgumentException(
                    "engine: the model is an encoder and continues no text; ask it for vectors of texts");
        }
        this.model = model;
        this.kernels = kernels;
        this.vocabulary = vocabulary;
        long most = (long) config.sequences() * Math.ceilDiv(c.context(), config.block());
        long fit = config.cacheBytes() / (c.kvBytesPerPosition(kept) * config.block());
        int blocks = Math.clamp(Math.min(most, fit), 1, Integer.MAX_VALUE / config.block());
        cache = new PagedCache(arena, kept, c.layers(), blocks, config.block(), c.keyHeads(), c.headWidth());
    }

    @Override
    public int blocks() {
        return cache.blocks();
    }

    @Override
    public int block() {
        return cache.block();
    }

    @Override
    public Logits run(Step step) {
        slab.reset();
        var ops = new Ops(kernels, slab);
        int[] adapters = Arrays.stream(step.adapters()).mapToInt(model::adapter).toArray();
        var tokens = new Tokens(step.ids(), step.positions(), step.starts(), adapters);
        Tensor hidden = model.hidden(ops, tokens, cache.over(step.blocks()));
        if (step.rows().length == 0) {
            return (m, to) -> {};
        }
        boolean all = step.rows().length == step.ids().length;
        Tensor logits = model.logits(ops, all ? hidden : ops.gather(hidden, step.rows())); // (M, V)
        long row = logits.shape().last() * (long) Float.BYTES;
        // Rows of padding have no text: they must never be drawn.
        return (m, to) -> MemorySegment.copy(logits.segment(), ValueLayout.JAVA_FLOAT, m * row, to, 0, vocabulary);
    }

    @Override
    public void close() {
        slab.close();
        arena.close();
    }
}
