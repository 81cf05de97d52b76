package dev.prairie.tensor;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory of one step: handed out in order, taken back all at once. After the first few steps it asks the system for
 * nothing, and no tensor of a step costs more than an addition.
 *
 * <p>Not thread-safe: one thread runs the model, kernels share out the work below it.
 */
public final class Slab implements AutoCloseable {
    private static final long FIRST = 1 << 20;

    private record Chunk(Arena arena, Buffer buffer) {}

    /** A place to come back to, see {@link #release} and {@link #keep}. */
    public record Mark(int chunk, long used) {}

    private final List<Chunk> chunks = new ArrayList<>();
    private int current = -1;
    private long used;
    private long peak;

    /** An uninitialised tensor; kernels that write a whole output need no zeros. */
    public Tensor allocate(DType type, Shape shape) {
        long bytes = type.bytes(shape.size());
        return Tensor.over(take(bytes), type, shape);
    }

    /** A zeroed tensor, for what is accumulated into. */
    public Tensor zeros(DType type, Shape shape) {
        Tensor t = allocate(type, shape);
        t.zero();
        return t;
    }

    private Buffer take(long bytes) {
        long rounded = Math.ceilDiv(bytes, Buffer.ALIGNMENT) * Buffer.ALIGNMENT;
        while (current < 0 || used + rounded > chunks.get(current).buffer.size()) {
            if (current + 1 == chunks.size()) grow(rounded);
            current++;
            used = 0;
        }
        Buffer taken = chunks.get(current).buffer.slice(used, bytes);
        used += rounded;
        peak = Math.max(peak, bytesInUse());
        return taken;
    }

    private void grow(long atLeast) {
        long next = Math.max(Math.max(FIRST, atLeast), capacity() / 4);
        Arena arena = Arena.ofShared(); // worker threads of a device read and write it
        chunks.add(new Chunk(arena, Buffer.allocate(arena, next)));
    }

    /** Where the slab stands now. */
    public Mark mark() {
        return new Mark(current, used);
    }

    /** Takes back everything handed out since {@code mark}. */
    public void release(Mark mark) {
        current = mark.chunk;
        used = mark.used;
    }

    /** Takes back everything since {@code mark} except {@code t}, which is moved to the front and returned. */
    public Tensor keep(Mark mark, Tensor t) {
        release(mark);
        Tensor kept = allocate(t.type(), t.shape());
        kept.segment().copyFrom(t.segment()); // overlapping ranges are copied as if through a temporary
        return kept;
    }

    /** Takes back everything. Tensors handed out before must not be used any more. */
    public void reset() {
        if (chunks.size() > 1) { // one chunk of the size that was needed, so that the next step fits without growing
            close();
            grow(peak);
        }
        current = chunks.isEmpty() ? -1 : 0;
        used = 0;
    }

    /** Bytes handed out and not taken back, with the unused ends of full chunks. */
    public long bytesInUse() {
        long n = used;
        for (int i = 0; i < current; i++) n += chunks.get(i).buffer.size();
        return n;
    }

    /** The most that {@link #bytesInUse} has been. */
    public long peak() {
        return peak;
    }

    private long capacity() {
        long n = 0;
        for (Chunk c : chunks) n += c.buffer.size();
        return n;
    }

    /** Gives the memory back to the system. */
    @Override
    public void close() {
        for (Chunk c : chunks) c.arena.close();
        chunks.clear();
        current = -1;
        used = 0;
    }
}
