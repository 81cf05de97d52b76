package dev.prairie.model.layer;

import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;
import org.jspecify.annotations.Nullable;

/** A projection {@code (N, C) → (N, O)}. The transformer does not know which kind it holds. */
public sealed interface Linear {
    Tensor forward(Ops ops, Tensor x);

    /** The same plus {@code residual (N, O)}. */
    Tensor forward(Ops ops, Tensor x, Tensor residual);

    /**
     * {@code x · weightᵀ + bias}.
     *
     * @param weight {@code (O, C)}
     * @param bias   {@code (O)}, where there is one
     */
    record Dense(Tensor weight, @Nullable Tensor bias) implements Linear {
        @Override
        public Tensor forward(Ops ops, Tensor x) {
            return ops.matmul(x, weight, bias);
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, Tensor residual) {
            return ops.matmul(x, weight, bias, residual);
        }
    }
}
