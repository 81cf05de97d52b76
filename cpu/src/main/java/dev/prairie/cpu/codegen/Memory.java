package dev.prairie.cpu.codegen;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * All memory by address, for what the kernels' drivers copy themselves. Nothing is checked: shapes were, and tensors are
 * held open by their owners.
 */
final class Memory {
    @SuppressWarnings("restricted") // the one place that makes memory out of addresses
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Memory() {}

    /** Copies {@code bytes} bytes between ranges that do not overlap. */
    static void copy(long to, long from, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    static void clear(long at, long bytes) {
        ALL.asSlice(at, bytes).fill((byte) 0);
    }

    static float get(long at) {
        return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
    }

    static void set(long at, float x) {
        ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, x);
    }

    static void set(long at, long x) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, at, x);
    }

    static double getDouble(long at) {
        return ALL.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, at);
    }

    static void setDouble(long at, double x) {
        ALL.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, at, x);
    }

    /** The memory at an address, as a segment. */
    static MemorySegment segment(long at, long bytes) {
        return ALL.asSlice(at, bytes);
    }
}
