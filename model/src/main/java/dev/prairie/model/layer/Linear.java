package dev.prairie.model.layer;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** A projection {@code (N, C) → (N, O)}. The transformer does not know which kind it holds. */
public sealed interface Linear {
    default Tensor forward(Ops ops, Tensor x) {
        return forward(ops, x, null);
    }

    /** The same plus {@code residual (N, O)}, where there is one. */
    Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual);

    /**
     * {@code x · weightᵀ + bias}.
     *
     * @param weight {@code (O, C)}
     * @param bias   {@code (O)}, where there is one
     */
    record Dense(Tensor weight, @Nullable Tensor bias) implements Linear {
        @Override
        public Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual) {
            return ops.matmul(x, weight, bias, residual);
        }
    }

    /**
     * The same over weights in a form of the device's own, {@code (O, C)}: what a model that only runs is made of. Gradients
     * flow through it, it does not learn.
     */
    record Packed(PackedWeights weight, @Nullable Tensor bias) implements Linear {
        @Override
        public Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual) {
            return ops.matmul(x, weight, bias, residual);
        }
    }

    /** How a layer over some weights is made. */
    interface Maker {
        Linear make(Tensor weight, @Nullable Tensor bias);

        /** Over the weights as they are, F32. */
        Maker DENSE = Dense::new;

        /** What is not F32 is packed by {@code kernels}, and lives as long as {@code arena}. */
        static Maker packing(Kernels kernels, Arena arena) {
            return (weight, bias) -> weight.type() == DType.F32
                    ? new Dense(weight, bias)
                    : new Packed(kernels.pack(weight, arena), bias);
        }
    }
}
