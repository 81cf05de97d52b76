package dev.prairie.cpu.codegen;

import dev.prairie.tensor.Buffer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Buffers between two pages that nobody may touch: reading or writing one byte too far ends the process where it happens.
 * At the other side of a buffer, where a page has room left, is a pattern that {@link #close} finds changed.
 *
 * <pre>{@code
 * try (var memory = new GuardedMemory(Edge.END, 4)) {
 *     MemorySegment x = memory.floats(1000); // x[1000] would be a crash, and so would x[-2000]
 * }
 * }</pre>
 */
final class GuardedMemory implements AutoCloseable {
    /** Which side of a buffer touches a guard. */
    enum Edge {
        BEGIN,
        END
    }

    private static final long PAGE = 4096;
    private static final byte PATTERN = -1; // four of them are not a number: a sum that took one in is seen

    /** The pages between two guards, and the part of them that was asked for. */
    private record Region(MemorySegment inside, MemorySegment buffer) {}

    private final SystemCalls system = new SystemCalls.Linux();
    private final List<Region> regions = new ArrayList<>();
    private final Edge edge;
    private final long alignment;

    /**
     * Memory whose buffers touch a guard at {@code edge}.
     *
     * @param alignment of the begin of each buffer in bytes, a power of two up to 4096. At {@link Edge#END} a size that is
     *                  no multiple of it leaves a gap before the guard, in which the pattern is.
     */
    GuardedMemory(Edge edge, long alignment) {
        if (alignment < 1 || alignment > PAGE || Long.bitCount(alignment) != 1)
            throw new IllegalArgumentException("guarded memory: alignment " + alignment + ", must be a power of two");
        this.edge = edge;
        this.alignment = alignment;
    }

    /** Room for {@code count} floats, all of them NaN. */
    MemorySegment floats(long count) {
        return bytes(Math.multiplyExact(count, 4L));
    }

    /** {@code count} bytes, all of them -1. */
    @SuppressWarnings("restricted") // the pages are ours
    MemorySegment bytes(long count) {
        long inner = Math.max(Math.ceilDiv(count, PAGE), 1) * PAGE;
        long all = system.map(inner + 2 * PAGE);
        MemorySegment inside = MemorySegment.ofAddress(all + PAGE).reinterpret(inner);
        system.protect(all, PAGE, SystemCalls.NO_ACCESS);
        system.protect(all + PAGE + inner, PAGE, SystemCalls.NO_ACCESS);
        inside.fill(PATTERN);
        long from = edge == Edge.BEGIN ? 0 : (inner - count) / alignment * alignment;
        MemorySegment buffer = inside.asSlice(from, count);
        regions.add(new Region(inside, buffer));
        return buffer;
    }

    /** A tensor in guarded memory, filled with the pattern. */
    Tensor tensor(DType type, Shape shape) {
        return Tensor.over(Buffer.of(bytes(type.bytes(shape.size()))), type, shape);
    }

    /** A tensor in guarded memory with the content of another. */
    Tensor copy(Tensor other) {
        Tensor t = tensor(other.type(), other.shape());
        t.copyFrom(other);
        return t;
    }

    /** Whether nothing beside a buffer was written; what {@link #close} demands. */
    boolean intact() {
        return regions.stream().allMatch(GuardedMemory::intact);
    }

    private static boolean intact(Region r) {
        long from = r.buffer.address() - r.inside.address();
        return untouched(r.inside.asSlice(0, from)) && untouched(r.inside.asSlice(from + r.buffer.byteSize()));
    }

    private static boolean untouched(MemorySegment beside) {
        for (long i = 0; i < beside.byteSize(); i++) if (beside.get(ValueLayout.JAVA_BYTE, i) != PATTERN) return false;
        return true;
    }

    /** Gives the pages back; an {@link AssertionError} if something beside a buffer was written. */
    @Override
    public void close() {
        boolean intact = intact();
        for (Region r : regions) system.unmap(r.inside.address() - PAGE, r.inside.byteSize() + 2 * PAGE);
        regions.clear();
        if (!intact) throw new AssertionError("guarded memory: bytes beside a buffer were written");
    }
}
