package dev.prairie.tensor.reference;

import static dev.prairie.tensor.reference.Quantization.half;
import static dev.prairie.tensor.reference.Quantization.unsigned;

import dev.prairie.tensor.reference.Quantization.Codec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Q4_K and Q6_K: 256 numbers whose blocks of 32 or 16 have small whole numbers as scales, which an F16 of the whole
 * scales in turn.
 *
 * <p>The encoders look for the scale of each block on a coarse grid around the obvious one, by least squares.
 */
final class SuperBlocks {
    private static final int SIZE = 256;

    /** How far the search goes around the range of a block: 0.8 to 1.05 times it. */
    private static final double[] RANGES = {0.8, 0.85, 0.9, 0.95, 1, 1.05};

    private SuperBlocks() {}

    /** Numbers from 0 to {@code levels} and what they are multiplied by and reduced by: {@code x ≈ scale * q - min}. */
    private record Fit(double scale, double min, double error) {}

    /**
     * Q4_K: {@code x = d * scale[b] * q - dMin * min[b]} for block b of 32. d, dMin, then 12 bytes with the 6-bit scales
     * and minima, then 128 bytes: blocks 2i and 2i + 1 share 32 of them, low halves and high halves.
     */
    static final class FourBits implements Codec {
        private static final int SCALES = 4;
        private static final int NUMBERS = 16;
        private static final int LEVELS = 15;
        private static final int STEPS = 63;

        /** Blocks 0 to 3 have six bits of a byte each; the later ones four bits, and two on top of those bytes. */
        private static int scale(MemorySegment s, int b) {
            if (b < 4) return unsigned(s, SCALES + b) & 63;
            return (unsigned(s, SCALES + b + 4) & 15) | (unsigned(s, SCALES + b - 4) >> 6 << 4);
        }

        private static int min(MemorySegment s, int b) {
            if (b < 4) return unsigned(s, SCALES + b + 4) & 63;
            return (unsigned(s, SCALES + b + 4) >> 4) | (unsigned(s, SCALES + b) >> 6 << 4);
        }

        @Override
        public void decode(float[] x, int first, MemorySegment s) {
            float d = half(s, 0);
            float dMin = half(s, 2);
            for (int b = 0; b < 8; b++) {
                float scale = d * scale(s, b);
                float min = dMin * min(s, b);
                for (int i = 0; i < 32; i++) {
                    int pair = unsigned(s, NUMBERS + b / 2 * 32 + i);
                    x[first + 32 * b + i] = scale * (b % 2 == 0 ? pair & 15 : pair >> 4) - min;
                }
            }
        }

        @Override
        public void encode(MemorySegment s, float[] x, int first) {
            Fit[] fits = new Fit[8];
            double largest = 0;
            double lowest = 0;
            for (int b = 0; b < 8; b++) {
                fits[b] = fit(x, first + 32 * b);
                largest = Math.max(largest, fits[b].scale);
                lowest = Math.max(lowest, fits[b].min);
            }
            half(s, 0, (float) (largest / STEPS));
            half(s, 2, (float) (lowest / STEPS));
            float d = half(s, 0);
            float dMin = half(s, 2);
            s.asSlice(SCALES, 12 + 128).fill((byte) 0);
            for (int b = 0; b < 8; b++) {
                int scale = nearest(fits[b].scale, d, STEPS);
                int min = nearest(fits[b].min, dMin, STEPS);
                put(s, b, scale, min);
                for (int i = 0; i < 32; i++) {
                    int q = nearest(x[first + 32 * b + i] + (double) dMin * min, (double) d * scale, LEVELS);
                    or(s, NUMBERS + b / 2 * 32 + i, b % 2 == 0 ? q : q << 4);
                }
            }
        }

        private static void put(MemorySegment s, int b, int scale, int min) {
            if (b < 4) {
                or(s, SCALES + b, scale);
                or(s, SCALES + b + 4, min);
            } else {
                or(s, SCALES + b + 4, (scale & 15) | ((min & 15) << 4));
                or(s, SCALES + b - 4, scale >> 4 << 6);
                or(s, SCALES + b, min >> 4 << 6);
            }
        }

        /** Minima are not negative: a block of positive numbers starts at zero. */
        private static Fit fit(float[] x, int first) {
            double low = 0;
            double high = 0;
            for (int i = 0; i < 32; i++) {
                low = Math.min(low, x[first + i]);
                high = Math.max(high, x[first + i]);
            }
            Fit best = new Fit(0, 0, Double.POSITIVE_INFINITY);
            if (high == low) return best;
            for (double range : RANGES) {
                Fit f = refined(x, first, range * (high - low) / LEVELS, range * -low);
                if (f.error < best.error) best = f;
            }
            return best;
        }

        /** Rounds with the scale and minimum given, then solves for the two that suit the rounded numbers best. */
        private static Fit refined(float[] x, int first, double scale, double min) {
            double q1 = 0, q2 = 0, x1 = 0, qx = 0;
            for (int i = 0; i < 32; i++) {
                double v = x[first + i];
                double q = nearest(v + min, scale, LEVELS);
                q1 += q;
                q2 += q * q;
                x1 += v;
                qx += q * v;
            }
            double determinant = 32 * q2 - q1 * q1;
            if (determinant > 0) {
                double s = (32 * qx - q1 * x1) / determinant;
                double m = (q1 * qx - q2 * x1) / determinant;
                if (s > 0 && m >= 0) {
                    scale = s;
                    min = m;
                }
            }
            double error = 0;
            for (int i = 0; i < 32; i++) {
                double v = x[first + i];
                double e = scale * nearest(v + min, scale, LEVELS) - min - v;
                error += e * e;
            }
            return new Fit(scale, min, error);
        }
    }

    private static void or(MemorySegment s, int at, int bits) {
        unsigned(s, at, unsigned(s, at) | bits);
    }

    /** The whole number from 0 to {@code most} that is nearest to {@code x / unit}. */
    private static int nearest(double x, double unit, int most) {
        return unit == 0 ? 0 : (int) Math.clamp(Math.round(x / unit), 0L, (long) most);
    }

    /**
     * Q6_K: {@code x = d * scale[b] * (q - 32)} for block b of 16. 128 bytes with the low four bits, 64 with the high
     * two, 16 signed scales, d. Each half of the numbers is by itself: 64 low bytes and 32 high ones, which serve the four
     * quarters of it in turn.
     */
    static final class SixBits implements Codec {
        private static final int HIGH = 128;
        private static final int SCALES = 192;
        private static final int D = 208;

        private record Place(int low, int lowShift, int high, int highShift) {}

        /** Where the bits of number {@code i} are. */
        private static Place place(int i) {
            int half = i / 128;
            int quarter = i / 32 % 4;
            int low = 64 * half + 32 * (quarter % 2) + i % 32;
            return new Place(low, quarter < 2 ? 0 : 4, HIGH + 32 * half + i % 32, 2 * quarter);
        }

        @Override
        public void decode(float[] x, int first, MemorySegment s) {
            float d = half(s, D);
            for (int i = 0; i < SIZE; i++) {
                Place p = place(i);
                int low = (unsigned(s, p.low) >> p.lowShift) & 15;
                int q = low | (((unsigned(s, p.high) >> p.highShift) & 3) << 4);
                x[first + i] = d * s.get(ValueLayout.JAVA_BYTE, SCALES + i / 16) * (q - 32);
            }
        }

        @Override
        public void encode(MemorySegment s, float[] x, int first) {
            double[] scales = new double[16];
            double largest = 0;
            for (int b = 0; b < 16; b++) {
                scales[b] = fit(x, first + 16 * b);
                if (Math.abs(scales[b]) > Math.abs(largest)) largest = scales[b];
            }
            half(s, D, (float) (largest / -128)); // the scale of the largest magnitude becomes -128
            float d = half(s, D);
            s.asSlice(0, SCALES).fill((byte) 0);
            for (int b = 0; b < 16; b++) {
                int scale = d == 0 ? 0 : (int) Math.clamp(Math.round(scales[b] / d), -128L, 127L);
                unsigned(s, SCALES + b, scale);
                for (int i = 16 * b; i < 16 * b + 16; i++) {
                    int q = level(x[first + i], (double) d * scale) + 32;
                    Place p = place(i);
                    or(s, p.low, (q & 15) << p.lowShift);
                    or(s, p.high, q >> 4 << p.highShift);
                }
            }
        }

        private static int level(double x, double unit) {
            return unit == 0 ? 0 : (int) Math.clamp(Math.round(x / unit), -32L, 31L);
        }

        private static double fit(float[] x, int first) {
            double largest = 0;
            for (int i = 0; i < 16; i++) if (Math.abs(x[first + i]) > Math.abs(largest)) largest = x[first + i];
            double best = 0;
            double least = Double.POSITIVE_INFINITY;
            for (double range : RANGES) {
                double scale = range * largest / -32;
                double qq = 0, qx = 0;
                for (int i = 0; i < 16; i++) {
                    int q = level(x[first + i], scale);
                    qq += (double) q * q;
                    qx += q * (double) x[first + i];
                }
                if (qq > 0) scale = qx / qq;
                double error = 0;
                for (int i = 0; i < 16; i++) {
                    double e = scale * level(x[first + i], scale) - x[first + i];
                    error += e * e;
                }
                if (error < least) {
                    least = error;
                    best = scale;
                }
            }
            return best;
        }
    }
}
