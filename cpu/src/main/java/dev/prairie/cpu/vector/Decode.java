package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.getByte;
import static dev.prairie.cpu.vector.Memory.getShort;

import dev.prairie.tensor.DType;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of any type into F32 numbers, to the same bits as {@code reference.Quantization}, which defines them. Blocks of 256
 * are in {@link DecodeSuper}. Arguments are addresses.
 */
final class Decode {
    /** At most 16 lanes, so that a vector never spans numbers with different scales. */
    private static final VectorSpecies<Float> F = Memory.LANES > 16 ? FloatVector.SPECIES_512 : Memory.F;

    /** As many bytes as floats, but 64 bits at least, which is the shortest vector there is. */
    static final VectorSpecies<Byte> B = F.length() == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

    /** Numbers in a step of a loop. */
    static final int STEP = B.length();

    private static final VectorSpecies<Byte> SIXTEEN = ByteVector.SPECIES_128;
    private static final byte[] UNEVEN = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    private static final byte[] E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private Decode() {}

    /** {@code width} numbers, whole blocks. */
    static void row(long to, DType type, long from, int width) {
        switch (type) {
            case F32, BF16, F16, I32 -> Cast.range(to, DType.F32, from, type, width);
            case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4 -> {
                for (int i = 0; i < width; i += type.block()) {
                    block(to, type, from);
                    to += 4L * type.block();
                    from += type.blockBytes();
                }
            }
        }
    }

    private static void block(long to, DType type, long from) {
        switch (type) {
            case Q8_0 -> bytes(to, from);
            case Q4_0 -> fourBits(to, from);
            case Q4_1 -> fourBitsFromMinimum(to, from);
            case Q5_0 -> fiveBits(to, from);
            case Q5_1 -> fiveBitsFromMinimum(to, from);
            case Q2_K -> DecodeSuper.twoBits(to, from);
            case Q3_K -> DecodeSuper.threeBits(to, from);
            case Q4_K -> DecodeSuper.fourBits(to, from);
            case Q5_K -> DecodeSuper.fiveBits(to, from);
            case Q6_K -> DecodeSuper.sixBits(to, from);
            case IQ4_NL -> table(to, UNEVEN, from + 2, half(from));
            case IQ4_XS -> unevenSuper(to, from);
            case MXFP4 -> table(to, E2M1, from + 1, Math.scalb(1f, (getByte(from) & 255) - 128));
            case F32, BF16, F16, I32 -> throw new IllegalArgumentException("decode: " + type + " has no blocks");
        }
    }

    static float half(long at) {
        return Float.float16ToFloat(getShort(at));
    }

    // ---- numbers to memory, STEP at a time --------------------------------------------------------------------

    /** {@code scale * q}. */
    static void put(long to, ByteVector q, float scale) {
        for (int p = 0; p < q.length() / F.length(); p++)
            Memory.store(to + 4L * p * F.length(), numbers(q, p).mul(scale));
    }

    /** {@code scale * q - minimum}. */
    static void put(long to, ByteVector q, float scale, float minimum) {
        for (int p = 0; p < q.length() / F.length(); p++)
            Memory.store(to + 4L * p * F.length(), numbers(q, p).mul(scale).sub(minimum));
    }

    private static FloatVector numbers(ByteVector q, int part) {
        return (FloatVector) q.convertShape(VectorOperators.B2F, F, part);
    }

    static ByteVector low(ByteVector pairs) {
        return pairs.and((byte) 15);
    }

    static ByteVector high(ByteVector pairs) {
        return pairs.lanewise(VectorOperators.LSHR, 4);
    }

    // ---- blocks of 32 -----------------------------------------------------------------------------------------

    private static void bytes(long to, long from) {
        float scale = half(from);
        for (int i = 0; i < 32; i += STEP) put(to + 4L * i, Memory.bytes(B, from + 2 + i), scale);
    }

    private static void fourBits(long to, long from) {
        float scale = half(from);
        for (int i = 0; i < 16; i += STEP) {
            ByteVector pairs = Memory.bytes(B, from + 2 + i);
            put(to + 4L * i, low(pairs).sub((byte) 8), scale);
            put(to + 4L * (16 + i), high(pairs).sub((byte) 8), scale);
        }
    }

    private static void fourBitsFromMinimum(long to, long from) {
        float scale = half(from);
        float minimum = -half(from + 2);
        for (int i = 0; i < 16; i += STEP) {
            ByteVector pairs = Memory.bytes(B, from + 4 + i);
            put(to + 4L * i, low(pairs), scale, minimum);
            put(to + 4L * (16 + i), high(pairs), scale, minimum);
        }
    }

    private static void fiveBits(long to, long from) {
        float scale = half(from);
        int top = Memory.getInt(from + 2);
        for (int i = 0; i < 16; i += STEP) {
            ByteVector pairs = Memory.bytes(B, from + 6 + i);
            put(to + 4L * i, fifth(low(pairs), top >>> i).sub((byte) 16), scale);
            put(to + 4L * (16 + i), fifth(high(pairs), top >>> (16 + i)).sub((byte) 16), scale);
        }
    }

    private static void fiveBitsFromMinimum(long to, long from) {
        float scale = half(from);
        float minimum = -half(from + 2);
        int top = Memory.getInt(from + 4);
        for (int i = 0; i < 16; i += STEP) {
            ByteVector pairs = Memory.bytes(B, from + 8 + i);
            put(to + 4L * i, fifth(low(pairs), top >>> i), scale, minimum);
            put(to + 4L * (16 + i), fifth(high(pairs), top >>> (16 + i)), scale, minimum);
        }
    }

    /** Puts the lowest bits of {@code bits}, one for each lane, on top of four bits. */
    private static ByteVector fifth(ByteVector low, int bits) {
        VectorMask<Byte> set = VectorMask.fromLong(B, bits & (1L << STEP) - 1);
        return low.lanewise(VectorOperators.OR, (byte) 16, set);
    }

    // ---- places in a table ------------------------------------------------------------------------------------

    private static void table(long to, byte[] values, long from, float scale) {
        ByteVector table = ByteVector.fromArray(SIXTEEN, values, 0);
        ByteVector pairs = Memory.bytes(SIXTEEN, from);
        put(to, low(pairs).selectFrom(table), scale);
        put(to + 4 * 16, high(pairs).selectFrom(table), scale);
    }

    private static void unevenSuper(long to, long from) {
        float d = half(from);
        for (int g = 0; g < 8; g++) {
            int low = getByte(from + 4 + g / 2) >> (g % 2 * 4) & 15;
            int high = getShort(from + 2) >> (2 * g) & 3;
            table(to + 4L * 32 * g, UNEVEN, from + 8 + 16L * g, d * ((low | (high << 4)) - 32));
        }
    }
}
