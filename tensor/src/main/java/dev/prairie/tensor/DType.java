package dev.prairie.tensor;

/** How one element of a tensor is stored. A property of the tensor, never of a class name. */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4),
    /** The upper half of a binary32: 8 exponent bits, 7 fraction bits. */
    BF16(2),
    /** IEEE 754 binary16. */
    F16(2),
    /** Two's complement 32-bit integer. */
    I32(4);

    private final int size;

    DType(int size) {
        this.size = size;
    }

    /** Bytes of one element. */
    public int size() {
        return size;
    }

    /** Bytes of {@code elements} elements; an {@link ArithmeticException} where that does not fit in a long. */
    public long bytes(long elements) {
        return Math.multiplyExact(elements, size);
    }
}
