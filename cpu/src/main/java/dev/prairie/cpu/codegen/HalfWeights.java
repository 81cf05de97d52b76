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
    private static final long LARGE = 2 << 20;

    private final Shape shape;
    private final DType type;
    private final int lanes;
    private final MemorySegment memory;

    /** Zero weights, to be filled. */
    HalfWeights(Shape shape, DType type, int lanes, Arena arena, SystemCalls system) {
        this.shape = shape;
        this.type = type;
        this.lanes = lanes;
        memory = memory(Math.multiplyExact(panelBytes(), panels()), arena, system);
    }

    /** Straight from the system and zero, on large pages if there are any: kernels stream through gigabytes of it. */
    @SuppressWarnings("restricted") // the memory is ours, and as large as we say
    private static MemorySegment memory(long bytes, Arena arena, SystemCalls system) {
        long size = Math.max(Math.ceilDiv(bytes, LARGE), 1) * LARGE;
        long at = system.map(size);
        system.preferLargePages(at, size);
        return MemorySegment.ofAddress(at)
                .reinterpret(size, arena, m -> system.unmap(m.address(), size))
                .asSlice(0, bytes);
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

    /** Lines of a panel, two steps of k each: whole squares. */
    int lines() {
        return Math.ceilDiv(width(), 2 * lanes) * lanes;
    }

    long panelBytes() {
        return 4L * lanes * lines();
    }

    /** The address of a panel. */
    long at(int panel) {
        return memory.address() + panel * panelBytes();
    }
}
