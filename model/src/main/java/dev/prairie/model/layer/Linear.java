package dev.prairie.model.layer;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A projection {@code (N, C) → (N, O)}. The transformer does not know which kind it holds. */
public sealed interface Linear {
    /** Of {@code x (N, C)}, whose rows may have adapters. */
    default Tensor forward(Ops ops, Tensor x, AdapterRows rows) {
        return forward(ops, x, null, rows);
    }

    /** The same plus {@code residual (N, O)}, where there is one. */
    Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual, AdapterRows rows);

    /** Memory that its weights take. */
    long bytes();

    /**
     * {@code x · weightᵀ + bias}.
     *
     * @param weight {@code (O, C)}
     * @param bias   {@code (O)}, where there is one
     */
    record Dense(Tensor weight, @Nullable Tensor bias) implements Linear {
        @Override
        public Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual, AdapterRows rows) {
            return ops.matmul(x, weight, bias, residual);
        }

        @Override
        public long bytes() {
            return weight.buffer().size() + size(bias);
        }
    }

    /**
     * The same over weights in a form of the device's own, {@code (O, C)}: what a model that only runs is made of. Gradients
     * flow through it, it does not learn.
     */
    record Packed(PackedWeights weight, @Nullable Tensor bias) implements Linear {
        @Override
        public Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual, AdapterRows rows) {
            return ops.matmul(x, weight, bias, residual);
        }

        @Override
        public long bytes() {
            return weight.bytes() + size(bias);
        }
    }

    /**
     * A projection that some adapters change, each for the rows that are run with it. Rows without one get the bits that
     * {@code base} gives, and where no row has one nothing else is computed.
     *
     * @param base     whatever it is; it need not learn for the adapters to
     * @param adapters by their numbers; those that leave this projection alone are not among them
     */
    record Lora(Linear base, Map<Integer, LowRank> adapters) implements Linear {
        public Lora {
            adapters = Map.copyOf(adapters);
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual, AdapterRows rows) {
            Tensor out = base.forward(ops, x, residual, rows);
            if (rows.runs().isEmpty()) return out;
            var parts = new ArrayList<LowRank.Part>();
            for (AdapterRows.Run run : rows.runs()) {
                LowRank adapter = adapters.get(run.adapter());
                if (adapter != null) parts.add(adapter.rows(run.from(), run.to()));
            }
            return ops.adapt(out, x, parts);
        }

        @Override
        public long bytes() {
            return base.bytes()
                    + adapters.values().stream().mapToLong(LowRank::bytes).sum();
        }
    }

    private static long size(@Nullable Tensor bias) {
        return bias == null ? 0 : bias.buffer().size();
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
