package dev.prairie.tensor.reference;

import static dev.prairie.tensor.reference.Codec.F16;
import static dev.prairie.tensor.reference.Codec.half;
import static dev.prairie.tensor.reference.Codec.inverse;
import static dev.prairie.tensor.reference.Codec.or;
import static dev.prairie.tensor.reference.Codec.unsigned;
import static dev.prairie.tensor.reference.ScaleSearch.nearest;

import java.lang.foreign.MemorySegment;

/** IQ4_NL, IQ4_XS and MXFP4: four bits are a place in a table of 16 values. */
final class TableBlocks {
    /** Values of IQ4_NL and IQ4_XS: {@code kvalues_iq4nl} of {@code ggml-common.h}. */
    private static final int[] UNEVEN = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** Twice the values of E2M1 (OCP Microscaling Formats 1.0, section 5.3.3). */
    private static final int[] E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    /** Numbers of a scale. */
    private static final int GROUP = 32;

    /** Candidates to each side in the search for a scale. */
    private static final int TRIES = 7;

    private TableBlocks() {}

    /** IQ4_NL: an F16 scale, then numbers as in Q4_0. */
    static final class Uneven implements Codec {
        private static final Bits BITS = new Bits(2, 16, 4, 0);

        @Override
        public void decode(float[] x, MemorySegment s) {
            int[] places = new int[GROUP];
            BITS.read(places, s);
            float scale = half(s, 0);
            for (int i = 0; i < GROUP; i++) x[i] = scale * UNEVEN[places[i]];
        }

        @Override
        public void encode(MemorySegment s, float[] x) {
            s.fill((byte) 0);
            float scale = search(x, 0);
            half(s, 0, scale);
            int[] places = new int[GROUP];
            place(x, 0, inverse(scale), places);
            BITS.write(s, places);
        }
    }

    /**
     * IQ4_XS: d in F16, 16 bits with the high two of the scales, 4 bytes with their low four, then numbers; each 32 of them
     * have a scale from -32 to 31 times d and lie as in IQ4_NL.
     */
    static final class UnevenSuper implements Codec {
        private static final Bits BITS = new Bits(8, 16, 4, 0);
        private static final int SIZE = 256;
        private static final int HIGH = 2;
        private static final int LOW = 4;

        @Override
        public void decode(float[] x, MemorySegment s) {
            int[] places = new int[SIZE];
            BITS.read(places, s);
            float d = half(s, 0);
            for (int g = 0; g < SIZE / GROUP; g++) {
                int low = unsigned(s, LOW + g / 2) >> (g % 2 * 4) & 15;
                int high = s.get(F16, HIGH) >> (2 * g) & 3;
                float scale = d * ((low | (high << 4)) - 32);
                for (int i = g * GROUP; i < (g + 1) * GROUP; i++) x[i] = scale * UNEVEN[places[i]];
            }
        }

        @Override
        public void encode(MemorySegment s, float[] x) {
            s.fill((byte) 0);
            float[] scales = new float[SIZE / GROUP];
            for (int g = 0; g < scales.length; g++) scales[g] = search(x, g * GROUP);
            float d = -ScaleSearch.largest(scales, 0, scales.length) / 32;
            half(s, 0, d);
            int[] places = new int[SIZE];
            for (int g = 0; g < scales.length; g++) {
                int scale = nearest(inverse(d) * scales[g], -32, 31);
                place(x, g * GROUP, inverse(d * scale), places);
                or(s, LOW + g / 2, (scale + 32 & 15) << (g % 2 * 4));
                or(s, HIGH + g / 4, (scale + 32) >> 4 << (g % 4 * 2));
            }
            BITS.write(s, places);
        }
    }

    /** MXFP4: the exponent of the scale, 127 meaning one, then numbers as in Q4_0. */
    static final class Microscaled implements Codec {
        private static final Bits BITS = new Bits(1, 16, 4, 0);

        /** Half of what the exponent says, as the table has twice the values. */
        private static float scale(int exponent) {
            return Math.scalb(1f, exponent - 128);
        }

        @Override
        public void decode(float[] x, MemorySegment s) {
            int[] places = new int[GROUP];
            BITS.read(places, s);
            float scale = scale(unsigned(s, 0));
            for (int i = 0; i < GROUP; i++) x[i] = E2M1[places[i]] * scale;
        }

        /** The largest magnitude gets the exponent of 4, the power of two of the largest value, 6. */
        @Override
        public void encode(MemorySegment s, float[] x) {
            s.fill((byte) 0);
            float largest = Math.abs(ScaleSearch.largest(x, 0, GROUP));
            int exponent = largest == 0 ? 0 : Math.max(0, Math.getExponent(largest) - 2 + 127);
            unsigned(s, 0, exponent);
            int[] places = new int[GROUP];
            for (int i = 0; i < GROUP; i++) {
                int best = 0;
                for (int k = 1; k < E2M1.length; k++)
                    if (Math.abs(E2M1[k] * scale(exponent) - x[i]) < Math.abs(E2M1[best] * scale(exponent) - x[i]))
                        best = k;
                places[i] = best;
            }
            BITS.write(s, places);
        }
    }

    /**
     * The scale of 32 numbers: the largest one gets the first value of the table or one near it, and least squares do the
     * rest; errors count by the square of the number, as in ggml without an importance matrix.
     */
    private static float search(float[] x, int first) {
        float largest = ScaleSearch.largest(x, first, GROUP);
        if (Math.abs(largest) < ScaleSearch.NOTHING) return 0;
        float scale = 0, best = 0;
        for (int step = -TRIES - 1; step <= TRIES; step++) { // the first is the obvious one
            float inverse = step < -TRIES ? -UNEVEN[0] / largest : (step + UNEVEN[0]) / largest;
            float qx = 0, qq = 0;
            for (int i = first; i < first + GROUP; i++) {
                float q = UNEVEN[index(inverse * x[i])];
                float w = x[i] * x[i];
                qx += w * q * x[i];
                qq += w * q * q;
            }
            if (qq > 0 && (step < -TRIES || qx * qx > best * qq)) {
                scale = qx / qq;
                best = scale * qx;
            }
        }
        return scale;
    }

    private static void place(float[] x, int first, float inverse, int[] places) {
        for (int i = first; i < first + GROUP; i++) places[i] = index(inverse * x[i]);
    }

    /** The place of the value nearest to {@code x}, the higher of equals. */
    private static int index(float x) {
        int i = 0;
        while (i < UNEVEN.length - 1 && x - UNEVEN[i] >= UNEVEN[i + 1] - x) i++;
        return i;
    }
}
