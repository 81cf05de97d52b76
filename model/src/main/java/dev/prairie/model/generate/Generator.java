package dev.prairie.model.generate;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.autograd.Replay;
import dev.prairie.tensor.device.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The small generator: one sequence, prefill and then token by token. What serving is checked against, and what the
 * command line uses.
 */
public final class Generator {
    /** Prompts are fed in pieces of this many tokens, so that a long one needs no more memory than a short one. */
    private static final int PREFILL = 512;

    private final Transformer model;
    private final Kernels kernels;
    private final DType kept;
    private final int adapter;

    /** With keys and values in F32. */
    public Generator(Transformer model, Kernels kernels) {
        this(model, kernels, DType.F32);
    }

    /** With keys and values kept as F32, F16 or Q8_0. */
    public Generator(Transformer model, Kernels kernels, DType kept) {
        this(model, kernels, kept, 0);
    }

    /** Run with the adapter of this number, see {@link Transformer#withAdapters}; 0 is the model itself. */
    public Generator(Transformer model, Kernels kernels, DType kept, int adapter) {
        if (adapter < 0 || adapter > model.adapters().size())
            throw new IllegalArgumentException("generator: adapter " + adapter + ", there are "
                    + model.adapters().size());
        this.adapter = adapter;
        this.kept = kept;
        if (model.config().head().kind() == HeadForm.Kind.NONE)
            throw new IllegalArgumentException(
                    "generator: the model is an encoder and continues no text; it makes vectors of"
                            + " texts, see Embedder");
        this.model = model;
        this.kernels = kernels;
    }

    /** A sequence of at most {@code capacity} positions, itself at most the model's context. */
    public Session open(int capacity) {
        if (capacity < 1 || capacity > model.config().context())
            throw new IllegalArgumentException("generator: capacity " + capacity + " must be from 1 to the context of "
                    + model.config().context());
        return new Session(capacity);
    }

    /**
     * Continues {@code prompt} (at least one token) by up to {@code maxTokens} tokens, fewer where the context ends or
     * {@code more} says false to a token, which is then the last. Returns the new tokens.
     */
    public int[] generate(int[] prompt, int maxTokens, Sampling sampling, IntPredicate more) {
        int room = model.config().context() - prompt.length;
        if (room < 0)
            throw new IllegalArgumentException("generator: the prompt has " + prompt.length
                    + " tokens, the context holds " + model.config().context());
        sampling.checkIds(model.config().vocabulary());
        int limit = Math.min(maxTokens, room);
        int[] made = new int[limit];
        int count = 0;
        var sampler = new Sampler(sampling, prompt);
        try (Session session = open(Math.max(1, prompt.length + limit))) {
            int[] next = prompt;
            while (count < limit) {
                made[count] = sampler.next(session.feed(next));
                next = new int[] {made[count]};
                if (!more.test(made[count++])) break;
            }
        }
        return Arrays.copyOf(made, count);
    }

    /** One sequence with its cache. Not thread-safe; whoever opens it closes it. */
    public final class Session implements AutoCloseable {
        private final Arena arena = Arena.ofShared();
        private final Slab slab = new Slab();
        private final int capacity;
        private final KvCache cache;
        private final Decoding decoding;
        private final float[] logits = new float[model.config().vocabulary()];
        private final boolean steady = !model.config().choosesWeights();
        private int length;

        private Session(int capacity) {
            this.capacity = capacity;
            TransformerConfig c = model.config();
            cache = KvCache.contiguous(arena, kept, c.layers(), 1, capacity, c.keyHeads(), c.headWidth());
            decoding = new Decoding(cache);
        }

        /**
         * Appends tokens, at least one, and returns the logits {@code (V)} that follow the last of them, in an array that
         * the next call overwrites; the caller may change them.
         */
        public float[] feed(int... ids) {
            if (ids.length == 0) throw new IllegalArgumentException("generator: no tokens to feed; a prompt needs one");
            if (ids.length > capacity - length)
                throw new IllegalArgumentException("generator: " + length + " tokens are in, " + ids.length
                        + " more exceed the capacity of " + capacity);
            for (int id : ids)
                if (id < 0 || id >= logits.length)
                    throw new IllegalArgumentException(
                            "generator: id " + id + ", must be from 0 to " + (logits.length - 1));
            Tensor last = ids.length == 1 && steady ? decoding.run(ids[0], length) : prefill(ids);
            length += ids.length;
            MemorySegment.copy(last.segment(), Tensor.FLOAT, 0, logits, 0, logits.length);
            return logits;
        }

        private Tensor prefill(int[] ids) {
            for (int from = 0; ; from += PREFILL) {
                int[] piece = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + PREFILL));
                slab.reset();
                var ops = new Ops(kernels, slab);
                Tokens tokens = Tokens.sequence(length + from, piece).withAdapter(adapter);
                Tensor hidden = model.hidden(ops, tokens, cache);
                if (from + PREFILL >= ids.length)
                    return model.logits(ops, ops.gather(hidden, new int[] {piece.length - 1}));
            }
        }

        /** Tokens in so far. */
        public int length() {
            return length;
        }

        /** Forgets all tokens from position {@code length} on: the next one takes their place. */
        public void rewind(int length) {
            if (length < 0 || length > this.length)
                throw new IllegalArgumentException(
                        "generator: " + this.length + " tokens are in, cannot go back to " + length);
            this.length = length;
        }

        @Override
        public void close() {
            decoding.close();
            slab.close();
            arena.close();
        }
    }

    /** One token after another, for which the same kernels run on the same memory: see {@link Replay}. */
    private final class Decoding implements AutoCloseable {
        private final Slab memory = new Slab();
        private final int[] ids = new int[1];
        private final int[] positions = new int[1];
        private final Tokens token = new Tokens(ids, positions, new int[] {0, 1}).withAdapter(adapter);
        private final KvCache cache;
        private @Nullable Replay replay;
        private @Nullable Tensor logits; // (1, V)

        Decoding(KvCache cache) {
            this.cache = cache;
        }

        Tensor run(int id, int position) {
            ids[0] = id;
            positions[0] = position;
            if (replay != null) replay.run();
            else {
                var first = new Replay(kernels, memory);
                logits = model.forward(first, token, cache);
                replay = first;
            }
            return Objects.requireNonNull(logits);
        }

        @Override
        public void close() {
            memory.close();
        }
    }
}
