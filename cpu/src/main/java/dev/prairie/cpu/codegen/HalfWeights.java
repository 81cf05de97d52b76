package dev.prairie.cpu.codegen;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Weights of 16 bits in panels, as {@link HalfCode} says: as many bytes as in the file, the one copy for few rows and for
 * many. Columns beyond the last one, and steps of k beyond the last one up to a whole square, are zero.
 */
final class HalfWeights implements PackedWeights {
    private final Shape shape;
    private final DType type;
    private final int lanes;
    private final MemorySegment memory;

    /** Zero weights, to be filled. */
    HalfWeights(Shape shape, DType type, int lanes, Arena arena, SystemCalls system) {
        this.shape = shape;
        this.type = type;
        this.lanes = lanes;
        memory = Panels.memory(Math.multiplyExact(panelBytes(), panels()), arena, system);
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public DType type() {
        return type;
    }

    @Override
    public long bytes() {
        return memory.byteSize();
    }

    int outputs() {
        return shape.dim(0);
    }

    int width() {
        return shape.dim(1);
    }

    /** Columns of a panel. */
    int lanes() {
        return lanes;
    }

    int panels() {
        return Math.ceilDiv(outputs(), lanes);
    }

    /** Lines of a panel, two steps of k each: whole squares, one at least. */
    int lines() {
        return Math.max(1, Math.ceilDiv(width(), 2 * lanes)) * lanes;
    }

    long panelBytes() {
        return 4L * lanes * lines();
    }

    /** The address of a panel. */
    long at(int panel) {
        return memory.address() + panel * panelBytes();
    }
}
