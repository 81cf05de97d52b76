package dev.prairie.cpu.codegen;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.PackedWeights;

/** F32 weights, which have no form of their own: a copy, multiplied by like any tensor. */
record Numbers(Tensor w) implements PackedWeights {
    @Override
    public Shape shape() {
        return w.shape();
    }

    @Override
    public DType type() {
        return w.type();
    }

    @Override
    public long bytes() {
        return w.buffer().size();
    }
}
