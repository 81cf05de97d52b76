package dev.prairie.tensor.reference;

import static dev.prairie.tensor.reference.Codec.half;
import static dev.prairie.tensor.reference.Codec.or;
import static dev.prairie.tensor.reference.Codec.unsigned;
import static dev.prairie.tensor.reference.ScaleSearch.nearest;

import dev.prairie.tensor.reference.ScaleSearch.Candidates;
import dev.prairie.tensor.reference.ScaleSearch.Range;
import java.lang.foreign.MemorySegment;

/**
 * Q2_K, Q4_K and Q5_K: 256 numbers in groups, {@code x = d * scale[g] * q - dMin * minimum[g]}; scales and minima are small
 * whole numbers, d and dMin F16.
 */
final class MinimumBlocks implements Codec {
    private static final int SIZE = 256;

    /** How a group's scale and minimum lie in the block. */
    private enum Scales {
        /** Byte g: scale in the low half, minimum in the high half. */
        FOUR_BITS(15) {
            @Override
            int scale(MemorySegment s, int at, int g) {
                return unsigned(s, at + g) & 15;
            }

            @Override
            int minimum(MemorySegment s, int at, int g) {
                return unsigned(s, at + g) >> 4;
            }

            @Override
            void put(MemorySegment s, int at, int g, int scale, int minimum) {
                or(s, at + g, scale | (minimum << 4));
            }
        },

        /** Groups 0 to 3 have six bits of a byte each; the later ones four bits, and two on top of those bytes. */
        SIX_BITS(63) {
            @Override
            int scale(MemorySegment s, int at, int g) {
                if (g < 4) return unsigned(s, at + g) & 63;
                return (unsigned(s, at + g + 4) & 15) | (unsigned(s, at + g - 4) >> 6 << 4);
            }

            @Override
            int minimum(MemorySegment s, int at, int g) {
                if (g < 4) return unsigned(s, at + g + 4) & 63;
                return (unsigned(s, at + g + 4) >> 4) | (unsigned(s, at + g) >> 6 << 4);
            }

            @Override
            void put(MemorySegment s, int at, int g, int scale, int minimum) {
                if (g < 4) {
                    or(s, at + g, scale);
                    or(s, at + g + 4, minimum);
                } else {
                    or(s, at + g + 4, (scale & 15) | ((minimum & 15) << 4));
                    or(s, at + g - 4, scale >> 4 << 6);
                    or(s, at + g, minimum >> 4 << 6);
                }
            }
        };

        final int most;

        Scales(int most) {
            this.most = most;
        }

        abstract int scale(MemorySegment s, int at, int g);

        abstract int minimum(MemorySegment s, int at, int g);

        /** Into bytes that are zero but for what other groups have put there. */
        abstract void put(MemorySegment s, int at, int g, int scale, int minimum);
    }

    private final int group;
    private final int d;
    private final Scales scales;
    private final int scalesAt;
    private final Bits[] bits;
    private final Candidates search;

    private MinimumBlocks(int group, int d, Scales scales, int scalesAt, Bits[] bits, Candidates search) {
        this.group = group;
        this.d = d;
        this.scales = scales;
        this.scalesAt = scalesAt;
        this.bits = bits;
        this.search = search;
    }

    /** Q2_K: 16 bytes of scales, 64 of numbers, d, dMin; groups of 16. */
    static Codec twoBits() {
        Bits[] bits = {new Bits(16, 32, 2, 0)};
        return new MinimumBlocks(16, 80, Scales.FOUR_BITS, 0, bits, new Candidates(3, -0.5f, 15, true));
    }

    /** Q4_K: d, dMin, 12 bytes of scales, 128 of numbers; groups of 32. */
    static Codec fourBits() {
        Bits[] bits = {new Bits(16, 32, 4, 0)};
        return new MinimumBlocks(32, 0, Scales.SIX_BITS, 4, bits, new Candidates(15, -1, 20, false));
    }

    /** Q5_K: d, dMin, 12 bytes of scales, 32 with the highest bits, 128 with the others; groups of 32. */
    static Codec fiveBits() {
        Bits[] bits = {new Bits(48, 32, 4, 0), new Bits(16, 32, 1, 4)};
        return new MinimumBlocks(32, 0, Scales.SIX_BITS, 4, bits, new Candidates(31, -0.5f, 15, false));
    }

    @Override
    public void decode(float[] x, MemorySegment s) {
        int[] levels = new int[SIZE];
        for (Bits b : bits) b.read(levels, s);
        float dAll = half(s, d);
        float dMin = half(s, d + 2);
        for (int g = 0; g < SIZE / group; g++) {
            float scale = dAll * scales.scale(s, scalesAt, g);
            float minimum = dMin * scales.minimum(s, scalesAt, g);
            for (int i = g * group; i < (g + 1) * group; i++) x[i] = scale * levels[i] - minimum;
        }
    }

    @Override
    public void encode(MemorySegment s, float[] x) {
        int groups = SIZE / group;
        int[] levels = new int[SIZE];
        Range[] ranges = new Range[groups];
        float most = 0, lowest = 0;
        for (int g = 0; g < groups; g++) {
            int from = g * group;
            ranges[g] = ScaleSearch.range(x, from, weights(x, from), search, levels, new int[group]);
            most = Math.max(most, ranges[g].scale());
            lowest = Math.max(lowest, ranges[g].minimum());
        }
        s.fill((byte) 0);
        half(s, d, most / scales.most);
        half(s, d + 2, lowest / scales.most);
        float inverse = most > 0 ? scales.most / most : 0;
        float inverseMinimum = lowest > 0 ? scales.most / lowest : 0;
        for (int g = 0; g < groups; g++) {
            int scale = nearest(inverse * ranges[g].scale(), 0, scales.most);
            int minimum = nearest(inverseMinimum * ranges[g].minimum(), 0, scales.most);
            scales.put(s, scalesAt, g, scale, minimum);
            // what was lost in rounding the scale, the levels make good as far as they can
            float unit = half(s, d) * scale;
            float off = half(s, d + 2) * minimum;
            if (unit == 0) continue;
            for (int i = g * group; i < (g + 1) * group; i++)
                levels[i] = nearest((x[i] + off) / unit, 0, search.most());
        }
        for (Bits b : bits) b.write(s, levels);
    }

    /** Large numbers matter more; of groups of 32 the small ones do, too. */
    private float[] weights(float[] x, int from) {
        float[] weights = new float[group];
        float average = 0;
        if (!search.absolute()) {
            float squares = 0;
            for (int i = 0; i < group; i++) squares += x[from + i] * x[from + i];
            average = (float) Math.sqrt(squares / group);
        }
        for (int i = 0; i < group; i++) weights[i] = average + Math.abs(x[from + i]);
        return weights;
    }
}
