package dev.prairie.cpu.vector;

import dev.prairie.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * How kernels read and write: by address, a vector or a number at a time, at any alignment.
 *
 * <p>All memory is one segment, so that the compiler sees a constant base, a constant length and no session to check in
 * the inner loops. Nothing here is checked: kernels run after {@code autograd.Ops} has checked every shape, on tensors
 * whose arenas their owners hold open. A last partial vector goes through a small array and never touches a byte beyond
 * the tensor, which may end where a mapped file ends.
 */
final class Memory {
    /** The widest vector of this machine. A constant: the compiler must know it to keep vectors in registers. */
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

    /** Floats in a vector. */
    static final int LANES = F.length();

    /** Bytes in a vector. */
    static final long VECTOR = F.vectorByteSize();

    private static final MemorySegment ALL = everything();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Memory() {}

    @SuppressWarnings("restricted") // the one place that makes addresses out of segments
    private static MemorySegment everything() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    /** The address of a tensor's first element. */
    static long at(Tensor t) {
        return t.segment().address();
    }

    static FloatVector load(long at) {
        return FloatVector.fromMemorySegment(F, ALL, at, ORDER);
    }

    static void store(long at, FloatVector v) {
        v.intoMemorySegment(ALL, at, ORDER);
    }

    /** The first {@code n} lanes from memory, the others zero. */
    static FloatVector load(long at, int n) {
        return load(at, n, 0);
    }

    /** The first {@code n} lanes from memory, the others {@code fill}. */
    static FloatVector load(long at, int n, float fill) {
        float[] lanes = new float[LANES];
        for (int i = 0; i < LANES; i++) lanes[i] = i < n ? get(at + 4L * i) : fill;
        return FloatVector.fromArray(F, lanes, 0);
    }

    static FloatVector splat(float x) {
        return FloatVector.broadcast(F, x);
    }

    /** All lanes from one float in memory. */
    static FloatVector splat(long at) {
        return FloatVector.broadcast(F, get(at));
    }

    static FloatVector zero() {
        return FloatVector.zero(F);
    }

    static float get(long at) {
        return ALL.get(Tensor.FLOAT, at);
    }

    static void set(long at, float x) {
        ALL.set(Tensor.FLOAT, at, x);
    }

    /** Copies four floats, at once as two longs. */
    static void copyFour(long to, long from) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, to, ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, from));
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, to + 8, ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, from + 8));
    }

    static ByteVector bytes(VectorSpecies<Byte> species, long at) {
        return ByteVector.fromMemorySegment(species, ALL, at, ORDER);
    }

    static byte getByte(long at) {
        return ALL.get(ValueLayout.JAVA_BYTE, at);
    }

    static void setByte(long at, byte x) {
        ALL.set(ValueLayout.JAVA_BYTE, at, x);
    }

    static short getShort(long at) {
        return ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, at);
    }

    static void setShort(long at, short x) {
        ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, x);
    }

    /** Copies {@code bytes} bytes between ranges that do not overlap. */
    static void copy(long to, long from, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    static void clear(long at, long bytes) {
        ALL.asSlice(at, bytes).fill((byte) 0);
    }
}
