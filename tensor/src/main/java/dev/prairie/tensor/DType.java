package dev.prairie.tensor;

/**
 * How the elements of a tensor are stored. A property of the tensor, never of a class name.
 *
 * <p>The quantised types hold whole blocks: some elements of one row that share a scale. Their names and layouts are
 * those of ggml (github.com/ggml-org/ggml, {@code ggml-common.h}), little-endian as in a GGUF file; what the bytes mean is
 * defined by {@code reference.Quantization}.
 */
public enum DType {
    /** IEEE 754 binary32. */
    F32(1, 4),
    /** The upper half of a binary32: 8 exponent bits, 7 fraction bits. */
    BF16(1, 2),
    /** IEEE 754 binary16. */
    F16(1, 2),
    /** Two's complement 32-bit integer. */
    I32(1, 4),
    /** 32 signed bytes and an F16 scale. */
    Q8_0(32, 34),
    /** 32 numbers of 4 bits and an F16 scale. */
    Q4_0(32, 18),
    /** 32 numbers of 4 bits, an F16 scale and an F16 minimum. */
    Q4_1(32, 20),
    /** 32 numbers of 5 bits and an F16 scale. */
    Q5_0(32, 22),
    /** 32 numbers of 5 bits, an F16 scale and an F16 minimum. */
    Q5_1(32, 24),
    /** 256 numbers of 2 bits; each 16 have a scale and a minimum of 4 bits, which two F16 scale in turn. */
    Q2_K(256, 84),
    /** 256 numbers of 3 bits; each 16 have a scale of 6 bits, which one F16 scales in turn. */
    Q3_K(256, 110),
    /** 256 numbers of 4 bits; each 32 have a scale and a minimum of 6 bits, which two F16 scale in turn. */
    Q4_K(256, 144),
    /** 256 numbers of 5 bits; each 32 have a scale and a minimum of 6 bits, which two F16 scale in turn. */
    Q5_K(256, 176),
    /** 256 numbers of 6 bits; each 16 have a scale of 8 bits, which one F16 scales in turn. */
    Q6_K(256, 210),
    /** 32 places of 4 bits in a table of 16 values that lie closer around zero, and an F16 scale. */
    IQ4_NL(32, 18),
    /** 256 places in the same table; each 32 have a scale of 6 bits, which one F16 scales in turn. */
    IQ4_XS(256, 136),
    /** 32 floating-point numbers of 4 bits (1 sign, 2 exponent, 1 fraction) and a power of two as their scale. */
    MXFP4(32, 17);

    private final int block;
    private final int blockBytes;

    DType(int block, int blockBytes) {
        this.block = block;
        this.blockBytes = blockBytes;
    }

    /** Elements of a block; 1 where each element stands alone. A row is a whole number of blocks. */
    public int block() {
        return block;
    }

    /** Bytes of a block. */
    public int blockBytes() {
        return blockBytes;
    }

    /** Whether elements share scales, so that none can be read or written alone. */
    public boolean quantized() {
        return block > 1;
    }

    /** Bytes of one element; a quantised type has no such size. */
    public int size() {
        if (quantized())
            throw new ShapeException(
                    "dtype", name() + " has " + blockBytes + " bytes for " + block + " elements, none for one alone");
        return blockBytes;
    }

    /**
     * Bytes of {@code elements} elements, which must be whole blocks; an {@link ArithmeticException} where that does not
     * fit in a long.
     */
    public long bytes(long elements) {
        if (elements % block != 0)
            throw new ShapeException("dtype", elements + " elements of " + name() + " are no whole blocks of " + block);
        return Math.multiplyExact(elements / block, blockBytes);
    }
}
