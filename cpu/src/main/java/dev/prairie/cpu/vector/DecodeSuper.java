package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Decode.B;
import static dev.prairie.cpu.vector.Decode.STEP;
import static dev.prairie.cpu.vector.Decode.half;
import static dev.prairie.cpu.vector.Decode.high;
import static dev.prairie.cpu.vector.Decode.low;
import static dev.prairie.cpu.vector.Decode.put;
import static dev.prairie.cpu.vector.Memory.getByte;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;

/** Blocks of 256, a block at a time, see {@link Decode}. Arguments are addresses. */
final class DecodeSuper {
    private DecodeSuper() {}

    private static ByteVector right(ByteVector v, int bits) {
        return v.lanewise(VectorOperators.LSHR, bits);
    }

    private static ByteVector left(ByteVector v, int bits) {
        return v.lanewise(VectorOperators.LSHL, bits);
    }

    /** Two bits of each byte hold a number of each quarter of a half. */
    static void twoBits(long to, long from) {
        float d = half(from + 80);
        float dMin = half(from + 82);
        for (int h = 0; h < 2; h++)
            for (int i = 0; i < 32; i += STEP) {
                ByteVector all = Memory.bytes(B, from + 16 + 32L * h + i);
                for (int k = 0; k < 4; k++) {
                    int scales = getByte(from + 8L * h + 2L * k + i / 16);
                    ByteVector q = right(all, 2 * k).and((byte) 3);
                    put(to + 4L * (128 * h + 32 * k + i), q, d * (scales & 15), dMin * (scales >> 4 & 15));
                }
            }
    }

    static void threeBits(long to, long from) {
        float d = half(from + 108);
        for (int h = 0; h < 2; h++)
            for (int i = 0; i < 32; i += STEP) {
                ByteVector lows = Memory.bytes(B, from + 32 + 32L * h + i);
                ByteVector tops = Memory.bytes(B, from + i);
                for (int k = 0; k < 4; k++) {
                    int g = 8 * h + 2 * k + i / 16;
                    int scale = getByte(from + 96 + g % 8) >> (g / 8 * 4) & 15;
                    scale |= (getByte(from + 104 + g % 4) >> (g / 4 * 2) & 3) << 4;
                    ByteVector top = left(right(tops, 4 * h + k).and((byte) 1), 2);
                    ByteVector q = right(lows, 2 * k).and((byte) 3).or(top);
                    put(to + 4L * (128 * h + 32 * k + i), q.sub((byte) 4), d * (scale - 32));
                }
            }
    }

    static void fourBits(long to, long from) {
        float d = half(from);
        float dMin = half(from + 2);
        for (int g = 0; g < 8; g += 2) {
            long bytes = from + 16 + 16L * g;
            float s0 = d * scale(from + 4, g), m0 = dMin * minimum(from + 4, g);
            float s1 = d * scale(from + 4, g + 1), m1 = dMin * minimum(from + 4, g + 1);
            for (int i = 0; i < 32; i += STEP) {
                ByteVector pairs = Memory.bytes(B, bytes + i);
                put(to + 4L * (32 * g + i), low(pairs), s0, m0);
                put(to + 4L * (32 * g + 32 + i), high(pairs), s1, m1);
            }
        }
    }

    static void fiveBits(long to, long from) {
        float d = half(from);
        float dMin = half(from + 2);
        for (int g = 0; g < 8; g += 2) {
            long bytes = from + 48 + 16L * g;
            float s0 = d * scale(from + 4, g), m0 = dMin * minimum(from + 4, g);
            float s1 = d * scale(from + 4, g + 1), m1 = dMin * minimum(from + 4, g + 1);
            for (int i = 0; i < 32; i += STEP) {
                ByteVector pairs = Memory.bytes(B, bytes + i);
                ByteVector tops = Memory.bytes(B, from + 16 + i);
                put(to + 4L * (32 * g + i), low(pairs).or(fifth(tops, g)), s0, m0);
                put(to + 4L * (32 * g + 32 + i), high(pairs).or(fifth(tops, g + 1)), s1, m1);
            }
        }
    }

    private static ByteVector fifth(ByteVector tops, int bit) {
        return left(right(tops, bit).and((byte) 1), 4);
    }

    private static int scale(long at, int g) {
        if (g < 4) return getByte(at + g) & 63;
        return (getByte(at + g + 4) & 15) | ((getByte(at + g - 4) & 0xC0) >> 2);
    }

    private static int minimum(long at, int g) {
        if (g < 4) return getByte(at + g + 4) & 63;
        return ((getByte(at + g + 4) & 0xF0) >> 4) | ((getByte(at + g) & 0xC0) >> 2);
    }

    static void sixBits(long to, long from) {
        float d = half(from + 208);
        for (int h = 0; h < 2; h++)
            for (int i = 0; i < 32; i += STEP) {
                ByteVector left = Memory.bytes(B, from + 64L * h + i);
                ByteVector right = Memory.bytes(B, from + 64L * h + 32 + i);
                ByteVector tops = Memory.bytes(B, from + 128 + 32L * h + i);
                long scales = from + 192 + 8L * h + i / 16;
                long at = to + 4L * (128 * h + i);
                sixBits(at, low(left), left(tops, 4), d * getByte(scales));
                sixBits(at + 4 * 32, low(right), left(tops, 2), d * getByte(scales + 2));
                sixBits(at + 4 * 64, high(left), tops, d * getByte(scales + 4));
                sixBits(at + 4 * 96, high(right), right(tops, 2), d * getByte(scales + 6));
            }
    }

    /** {@code tops} has the high two bits where they belong, and others beside them. */
    private static void sixBits(long to, ByteVector low, ByteVector tops, float scale) {
        put(to, low.or(tops.and((byte) 48)).sub((byte) 32), scale);
    }
}
