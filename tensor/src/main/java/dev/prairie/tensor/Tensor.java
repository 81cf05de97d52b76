package dev.prairie.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Described memory: a {@link Shape} and a {@link DType} over a {@link Buffer}, row-major and dense. Computes nothing.
 *
 * <p>Every row of a quantised type is a whole number of blocks, so that rows can be cut and blocks never cross them.
 *
 * <p>Two tensors are equal only if they are the same object: the tape and the optimizer key on identity.
 */
public final class Tensor {
    /** Element layouts for unaligned access; files hold tensors at any byte offset. */
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final Shape shape;
    private final DType type;
    private final Buffer buffer;

    private Tensor(Shape shape, DType type, Buffer buffer) {
        this.shape = shape;
        this.type = type;
        this.buffer = buffer;
    }

    /** A tensor over existing memory, whose size must be exactly what shape and type need. */
    public static Tensor over(Buffer buffer, DType type, Shape shape) {
        wholeBlocks(type, shape);
        long need = type.bytes(shape.size());
        if (buffer.size() != need)
            throw new ShapeException(
                    "tensor", type + "" + shape + " needs " + need + " bytes, the buffer has " + buffer.size());
        return new Tensor(shape, type, buffer);
    }

    /** A zeroed tensor that lives as long as {@code arena}. */
    public static Tensor zeros(Arena arena, DType type, Shape shape) {
        wholeBlocks(type, shape);
        return new Tensor(shape, type, Buffer.allocate(arena, type.bytes(shape.size())));
    }

    /** A zeroed F32 tensor that lives as long as {@code arena}. */
    public static Tensor zeros(Arena arena, Shape shape) {
        return zeros(arena, DType.F32, shape);
    }

    /** An F32 tensor of the given values. */
    public static Tensor of(Arena arena, Shape shape, float... values) {
        if (values.length != shape.size())
            throw new ShapeException("tensor", shape + " has " + shape.size() + " elements, got " + values.length);
        Tensor t = zeros(arena, shape);
        t.copyFrom(values);
        return t;
    }

    public Shape shape() {
        return shape;
    }

    public DType type() {
        return type;
    }

    public Buffer buffer() {
        return buffer;
    }

    /** The memory, for kernels. */
    public MemorySegment segment() {
        return buffer.segment();
    }

    /** The same memory under another shape with as many elements. */
    public Tensor view(Shape other) {
        if (other.size() != shape.size())
            throw new ShapeException(
                    "view", shape + " has " + shape.size() + " elements, " + other + " has " + other.size());
        wholeBlocks(type, other);
        return new Tensor(other, type, buffer);
    }

    /** Rows {@code from} (inclusive) to {@code to} (exclusive) of the outermost dimension, without a copy. */
    public Tensor slice(int from, int to) {
        if (from < 0 || to < from || to > shape.dim(0))
            throw new ShapeException("slice", "rows " + from + " to " + to + " of " + shape);
        if (shape.rank() == 1 && type.quantized())
            throw new ShapeException("slice", this + " is one row of blocks, cut a tensor of two dimensions");
        int[] dims = shape.dims();
        long row = shape.dim(0) == 0 ? 0 : shape.size() / shape.dim(0);
        dims[0] = to - from;
        return new Tensor(Shape.of(dims), type, buffer.slice(type.bytes(from * row), type.bytes((to - from) * row)));
    }

    /** Element {@code i} in row-major order; F32 only. For tests, samplers and the reference, not for kernels. */
    public float get(long i) {
        requireF32("get");
        return segment().get(FLOAT, i * Float.BYTES);
    }

    /** Sets element {@code i}; F32 only. */
    public void set(long i, float value) {
        requireF32("set");
        segment().set(FLOAT, i * Float.BYTES, value);
    }

    /** All elements in row-major order; F32 only. */
    public float[] toFloats() {
        requireF32("toFloats");
        return segment().toArray(FLOAT);
    }

    /** Overwrites all elements; F32 only. */
    public void copyFrom(float[] values) {
        requireF32("copyFrom");
        if (values.length != shape.size())
            throw new ShapeException("copyFrom", shape + " has " + shape.size() + " elements, got " + values.length);
        MemorySegment.copy(values, 0, segment(), FLOAT, 0, values.length);
    }

    /** Overwrites this tensor with the bytes of one of equal shape and type. */
    public void copyFrom(Tensor other) {
        if (other.type != type || !other.shape.equals(shape))
            throw new ShapeException("copyFrom", other + " into " + this);
        segment().copyFrom(other.segment());
    }

    /** Sets every byte to zero. */
    public void zero() {
        segment().fill((byte) 0);
    }

    private static void wholeBlocks(DType type, Shape shape) {
        if (shape.last() % type.block() != 0)
            throw new ShapeException(
                    "tensor",
                    "rows of " + shape + " are no whole blocks of " + type.block() + ", which " + type + " needs");
    }

    private void requireF32(String what) {
        if (type != DType.F32) throw new ShapeException(what, "needs F32, this tensor is " + type + "; cast it first");
    }

    /** As written in messages: {@code F32(4, 128)}. */
    @Override
    public String toString() {
        return type + shape.toString();
    }
}
