package dev.prairie.cpu.vector;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;

/**
 * Weights as they are in a file, in memory of our own: decoding a row costs as much as reading it, so another order would
 * gain nothing here.
 */
final class Blocks implements PackedWeights {
    private final Tensor w;

    /** A copy of {@code w(O, C)}. */
    Blocks(Tensor w, Arena arena) {
        this.w = Tensor.zeros(arena, w.type(), w.shape());
        this.w.copyFrom(w);
    }

    static Blocks of(PackedWeights w) {
        if (w instanceof Blocks b) return b;
        throw PackedWeights.foreign(w, CpuDevice.NAME);
    }

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

    int outputs() {
        return w.shape().dim(0);
    }

    int width() {
        return w.shape().dim(1);
    }

    /** Writes row {@code o} as F32 numbers to the address {@code to}. */
    void decode(long to, int o) {
        Decode.row(to, w.type(), Memory.at(w) + o * w.type().bytes(width()), width());
    }
}
