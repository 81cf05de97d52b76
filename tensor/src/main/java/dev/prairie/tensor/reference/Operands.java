package dev.prairie.tensor.reference;

import dev.prairie.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Numbers as products take them, from memory of any floating type.
 *
 * @param rounded to BF16, to nearest even
 */
record Operands(boolean rounded) {
    double of(Tensor t, long i) {
        return of(read(t, i));
    }

    double of(double x) {
        return rounded ? fromBf16(bf16((float) x)) : x;
    }

    double product(Tensor a, long from, Tensor b, long other, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += of(a, from + i) * of(b, other + i);
        return sum;
    }

    static float read(Tensor t, long i) {
        MemorySegment s = t.segment();
        return switch (t.type()) {
            case F32 -> s.get(ValueLayout.JAVA_FLOAT_UNALIGNED, i * 4);
            case BF16 -> fromBf16(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2));
            case F16 -> Float.float16ToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2));
            default -> throw new IllegalArgumentException("cast: " + t.type() + " cannot be read one by one");
        };
    }

    static void write(Tensor t, long i, float value) {
        MemorySegment s = t.segment();
        switch (t.type()) {
            case F32 -> s.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * 4, value);
            case BF16 -> s.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2, bf16(value));
            case F16 -> s.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2, Float.floatToFloat16(value));
            default -> throw new IllegalArgumentException("cast: " + t.type() + " cannot be written one by one");
        }
    }

    private static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Nearest, ties to even; NaN stays a quiet NaN. */
    private static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) return (short) ((bits >>> 16) | 0x40);
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
