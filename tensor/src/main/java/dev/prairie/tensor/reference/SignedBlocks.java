package dev.prairie.tensor.reference;

import static dev.prairie.tensor.reference.Codec.half;
import static dev.prairie.tensor.reference.Codec.or;
import static dev.prairie.tensor.reference.Codec.unsigned;
import static dev.prairie.tensor.reference.ScaleSearch.nearest;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Q3_K and Q6_K: 256 numbers in groups of 16, {@code x = d * scale[g] * (q - zero)}; scales are small whole numbers with a
 * sign, d is an F16.
 */
final class SignedBlocks {
    private static final int SIZE = 256;
    private static final int GROUP = 16;

    private SignedBlocks() {}

    /**
     * Q3_K: 32 bytes with the highest bits, 64 with the two others, 12 bytes with scales of 6 bits, 32 meaning zero, d. Four
     * means zero.
     */
    static final class ThreeBits implements Codec {
        private static final Bits[] BITS = {new Bits(32, 32, 2, 0), new Bits(0, 32, 1, 2)};
        private static final int SCALES = 96;
        private static final int D = 108;

        /** Eight bytes with the low four bits of two scales each, four bytes with the high two of four. */
        private static int scale(MemorySegment s, int g) {
            int low = unsigned(s, SCALES + g % 8) >> (g / 8 * 4) & 15;
            int high = unsigned(s, SCALES + 8 + g % 4) >> (g / 4 * 2) & 3;
            return (low | (high << 4)) - 32;
        }

        private static void scale(MemorySegment s, int g, int scale) {
            int bits = scale + 32;
            or(s, SCALES + g % 8, (bits & 15) << (g / 8 * 4));
            or(s, SCALES + 8 + g % 4, bits >> 4 << (g / 4 * 2));
        }

        @Override
        public void decode(float[] x, MemorySegment s) {
            int[] levels = new int[SIZE];
            for (Bits b : BITS) b.read(levels, s);
            float d = half(s, D);
            for (int i = 0; i < SIZE; i++) x[i] = d * scale(s, i / GROUP) * (levels[i] - 4);
        }

        @Override
        public void encode(MemorySegment s, float[] x) {
            s.fill((byte) 0);
            int[] levels = new int[SIZE];
            float[] scales = new float[SIZE / GROUP];
            for (int g = 0; g < scales.length; g++) scales[g] = ScaleSearch.moving(x, g * GROUP, GROUP, 4, levels);
            float largest = ScaleSearch.largest(scales, 0, scales.length);
            float inverse = largest == 0 ? 0 : -32 / largest;
            half(s, D, largest == 0 ? 0 : 1 / inverse);
            for (int g = 0; g < scales.length; g++) {
                // where all is zero so is every scale: the bits stay clear
                int scale = largest == 0 ? -32 : nearest(inverse * scales[g], -32, 31);
                scale(s, g, scale);
                level(x, g, half(s, D) * scale, 4, levels);
            }
            for (Bits b : BITS) b.write(s, levels);
        }
    }

    /** Q6_K: 128 bytes with the low four bits, 64 with the high two, 16 bytes of scales, d. 32 means zero. */
    static final class SixBits implements Codec {
        private static final Bits[] BITS = {new Bits(0, 64, 4, 0), new Bits(128, 32, 2, 4)};
        private static final int SCALES = 192;
        private static final int D = 208;

        @Override
        public void decode(float[] x, MemorySegment s) {
            int[] levels = new int[SIZE];
            for (Bits b : BITS) b.read(levels, s);
            float d = half(s, D);
            for (int i = 0; i < SIZE; i++)
                x[i] = d * s.get(ValueLayout.JAVA_BYTE, SCALES + i / GROUP) * (levels[i] - 32);
        }

        /** The scale of the largest magnitude becomes -128. */
        @Override
        public void encode(MemorySegment s, float[] x) {
            s.fill((byte) 0);
            int[] levels = new int[SIZE];
            float[] scales = new float[SIZE / GROUP];
            for (int g = 0; g < scales.length; g++) scales[g] = ScaleSearch.centred(x, g * GROUP, GROUP, 32, levels);
            float largest = ScaleSearch.largest(scales, 0, scales.length);
            if (Math.abs(largest) < ScaleSearch.NOTHING) return;
            float inverse = -128 / largest;
            half(s, D, 1 / inverse);
            for (int g = 0; g < scales.length; g++) {
                int scale = nearest(inverse * scales[g], -128, 127);
                unsigned(s, SCALES + g, scale);
                level(x, g, half(s, D) * scale, 32, levels);
            }
            for (Bits b : BITS) b.write(s, levels);
        }
    }

    /** The levels of a group once more, with the scale that it has after rounding. */
    private static void level(float[] x, int g, float scale, int half, int[] levels) {
        if (scale == 0) return;
        for (int i = g * GROUP; i < (g + 1) * GROUP; i++) levels[i] = half + nearest(x[i] / scale, -half, half - 1);
    }
}
