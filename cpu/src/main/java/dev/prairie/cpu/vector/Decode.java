package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.getByte;
import static dev.prairie.cpu.vector.Memory.getShort;

import dev.prairie.tensor.DType;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of weights into F32 numbers: {@code reference.Quantization} defines what quantised blocks are. Arguments are
 * addresses.
 */
final class Decode {
    /** At most 16 lanes, so that a vector never spans numbers with different scales. */
    private static final VectorSpecies<Float> F = Memory.LANES > 16 ? FloatVector.SPECIES_512 : Memory.F;

    /** As many bytes as floats, but 64 bits at least, which is the shortest vector there is. */
    private static final VectorSpecies<Byte> B = F.length() == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

    private static final int STEP = B.length();
    private static final int PARTS = B.length() / F.length();

    private Decode() {}

    /** {@code width} numbers, whole blocks. */
    static void row(long to, DType type, long from, int width) {
        if (!type.quantized()) {
            Cast.range(to, DType.F32, from, type, width);
            return;
        }
        int blocks = width / type.block();
        for (int b = 0; b < blocks; b++) {
            switch (type) {
                case Q8_0 -> q80(to, from);
                case Q4_0 -> q40(to, from);
                case Q4_K -> q4k(to, from);
                case Q6_K -> q6k(to, from);
                case F32, BF16, F16, I32 -> throw new IllegalArgumentException("decode: " + type);
            }
            to += 4L * type.block();
            from += type.blockBytes();
        }
    }

    private static float half(long at) {
        return Float.float16ToFloat(getShort(at));
    }

    /** {@code scale * q - min} to memory. */
    private static void put(long to, ByteVector q, float scale, float min) {
        for (int p = 0; p < PARTS; p++) {
            var numbers = (FloatVector) q.convertShape(VectorOperators.B2F, F, p);
            Memory.store(to + 4L * p * F.length(), numbers.mul(scale).sub(min));
        }
    }

    private static ByteVector low(ByteVector pairs) {
        return pairs.and((byte) 15);
    }

    private static ByteVector high(ByteVector pairs) {
        return pairs.lanewise(VectorOperators.LSHR, 4).and((byte) 15);
    }

    private static void q80(long to, long from) {
        float scale = half(from);
        for (int i = 0; i < 32; i += STEP) put(to + 4L * i, Memory.bytes(B, from + 2 + i), scale, 0);
    }

    private static void q40(long to, long from) {
        float scale = half(from);
        for (int i = 0; i < 16; i += STEP) {
            ByteVector pairs = Memory.bytes(B, from + 2 + i);
            put(to + 4L * i, low(pairs), scale, 8 * scale);
            put(to + 4L * (16 + i), high(pairs), scale, 8 * scale);
        }
    }

    private static void q4k(long to, long from) {
        float d = half(from);
        float dMin = half(from + 2);
        for (int b = 0; b < 8; b += 2) {
            long bytes = from + 16 + 16L * b;
            float s0 = d * scale(from + 4, b), m0 = dMin * min(from + 4, b);
            float s1 = d * scale(from + 4, b + 1), m1 = dMin * min(from + 4, b + 1);
            for (int i = 0; i < 32; i += STEP) {
                ByteVector pairs = Memory.bytes(B, bytes + i);
                put(to + 4L * (32 * b + i), low(pairs), s0, m0);
                put(to + 4L * (32 * b + 32 + i), high(pairs), s1, m1);
            }
        }
    }

    private static int scale(long at, int b) {
        if (b < 4) return getByte(at + b) & 63;
        return (getByte(at + b + 4) & 15) | ((getByte(at + b - 4) & 0xC0) >> 2);
    }

    private static int min(long at, int b) {
        if (b < 4) return getByte(at + b + 4) & 63;
        return ((getByte(at + b + 4) & 0xF0) >> 4) | ((getByte(at + b) & 0xC0) >> 2);
    }

    private static void q6k(long to, long from) {
        float d = half(from + 208);
        for (int h = 0; h < 2; h++)
            for (int i = 0; i < 32; i += STEP) {
                ByteVector left = Memory.bytes(B, from + 64L * h + i);
                ByteVector right = Memory.bytes(B, from + 64L * h + 32 + i);
                ByteVector top = Memory.bytes(B, from + 128 + 32L * h + i);
                long scales = from + 192 + 8L * h + i / 16;
                long at = to + 4L * (128 * h + i);
                sixBits(at, low(left).or(top.and((byte) 3).lanewise(VectorOperators.LSHL, 4)), d * getByte(scales));
                sixBits(
                        at + 4 * 32,
                        low(right).or(top.and((byte) 12).lanewise(VectorOperators.LSHL, 2)),
                        d * getByte(scales + 2));
                sixBits(at + 4 * 64, high(left).or(top.and((byte) 48)), d * getByte(scales + 4));
                sixBits(
                        at + 4 * 96,
                        high(right).or(top.lanewise(VectorOperators.LSHR, 2).and((byte) 48)),
                        d * getByte(scales + 6));
            }
    }

    private static void sixBits(long to, ByteVector q, float scale) {
        put(to, q, scale, 32 * scale);
    }
}
