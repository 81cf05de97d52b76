package dev.prairie.tensor.device;

import dev.prairie.tensor.DType;

/** What a machine can do at most: the figures that speed is told against. {@link Device#measure} finds them out. */
public enum Peak {
    /** Multiply-adds of F32 numbers, two operations each. */
    F32,
    /** The same of BF16 numbers with sums in F32, by the instruction that the device's products use. */
    BF16,
    /** The same of bytes with sums in 32 bits, by the instruction that the device's products use. */
    INT8,
    /** Bytes read from memory, more of them than caches hold. */
    READ;

    /** What products with operands of {@code precision}, F32 or BF16, are told against. */
    public static Peak of(DType precision) {
        return switch (precision) {
            case F32 -> F32;
            case BF16 -> BF16;
            default -> throw new IllegalArgumentException("peak: precision is " + precision + ", must be F32 or BF16");
        };
    }
}
