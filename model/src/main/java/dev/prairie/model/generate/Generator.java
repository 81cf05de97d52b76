package dev.prairie.model.generate;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Kernels;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * The small generator: one sequence, prefill and then token by token. What serving is checked against, and what the
 * command line uses.
 */
public final class Generator {
    /** Prompts are fed in pieces of this many tokens, so that a long one needs no more memory than a short one. */
    private static final int PREFILL = 256;

    private final Transformer model;
    private final Kernels kernels;

    public Generator(Transformer model, Kernels kernels) {
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
        private int length;

        private Session(int capacity) {
            this.capacity = capacity;
            TransformerConfig c = model.config();
            cache = KvCache.contiguous(arena, c.layers(), 1, capacity, c.keyHeads(), c.headWidth());
        }

        /** Appends tokens, at least one, and returns the logits {@code (V)} that follow the last of them. */
        public float[] feed(int... ids) {
            if (ids.length == 0) throw new IllegalArgumentException("generator: no tokens to feed; a prompt needs one");
            if (ids.length > capacity - length)
                throw new IllegalArgumentException("generator: " + length + " tokens are in, " + ids.length
                        + " more exceed the capacity of " + capacity);
            float[] logits = {};
            for (int from = 0; from < ids.length; from += PREFILL) {
                int[] piece = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + PREFILL));
                slab.reset();
                var ops = new Ops(kernels, slab);
                Tensor hidden = model.hidden(ops, Tokens.sequence(length, piece), cache);
                length += piece.length;
                if (from + PREFILL >= ids.length)
                    logits = model.logits(ops, ops.gather(hidden, new int[] {piece.length - 1}))
                            .toFloats();
            }
            return logits;
        }

        /** Tokens in so far. */
        public int length() {
            return length;
        }

        @Override
        public void close() {
            slab.close();
            arena.close();
        }
    }
}
