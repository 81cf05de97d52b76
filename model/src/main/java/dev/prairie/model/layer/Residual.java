package dev.prairie.model.layer;

import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;
import org.jspecify.annotations.Nullable;

/** How a part of a layer is put around with norms and added to the stream {@code x (N, C)} that it reads from. */
public sealed interface Residual {
    /** {@code x} after the part has added its share. */
    Tensor around(Ops ops, Tensor x, Part part);

    /** Attention or feed-forward: of {@code x (N, C)}, added to {@code residual (N, C)} where there is one. */
    interface Part {
        Tensor forward(Tensor x, @Nullable Tensor residual);
    }

    /** {@code x + part(norm(x))}: GPT-2, Llama and most since. */
    record Before(Normalization norm) implements Residual {
        @Override
        public Tensor around(Ops ops, Tensor x, Part part) {
            return part.forward(norm.forward(ops, x), x);
        }
    }

    /** {@code x + after(part(before(x)))}: Gemma 2 and 3 (arXiv 2408.00118, section 2). */
    record Both(Normalization before, Normalization after) implements Residual {
        @Override
        public Tensor around(Ops ops, Tensor x, Part part) {
            return ops.add(x, after.forward(ops, part.forward(before.forward(ops, x), null)));
        }
    }

    /** {@code norm(x + part(x))}: the first transformer (arXiv 1706.03762) and BERT. */
    record After(Normalization norm) implements Residual {
        @Override
        public Tensor around(Ops ops, Tensor x, Part part) {
            return norm.forward(ops, part.forward(x, x));
        }
    }
}
