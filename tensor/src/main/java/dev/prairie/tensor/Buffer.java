package dev.prairie.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Bytes outside the Java heap that kernels work on. Knows neither shape nor type, and owns nothing: whoever opened the
 * arena behind it closes it.
 */
public final class Buffer {
    /** Every buffer that we allocate starts on a cache line, which is also the widest vector. */
    public static final long ALIGNMENT = 64;

    private final MemorySegment segment;

    private Buffer(MemorySegment segment) {
        this.segment = segment;
    }

    /** Zeroed memory of {@code bytes} bytes that lives as long as {@code arena}. */
    public static Buffer allocate(Arena arena, long bytes) {
        if (bytes < 0) throw new IllegalArgumentException("buffer: " + bytes + " bytes is negative");
        return new Buffer(arena.allocate(Math.max(bytes, 1), ALIGNMENT).asSlice(0, bytes));
    }

    /** Memory that somebody else owns, such as a mapped file. Heap segments are refused: kernels need an address. */
    public static Buffer of(MemorySegment segment) {
        if (!segment.isNative()) throw new IllegalArgumentException("buffer: segment is on the heap, must be native");
        return new Buffer(segment);
    }

    /** A window on this buffer; bounds are checked against this buffer's size. */
    public Buffer slice(long offset, long bytes) {
        return new Buffer(segment.asSlice(offset, bytes));
    }

    /** The memory itself. */
    public MemorySegment segment() {
        return segment;
    }

    /** Size in bytes. */
    public long size() {
        return segment.byteSize();
    }
}
