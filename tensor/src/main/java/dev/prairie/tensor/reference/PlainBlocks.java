package dev.prairie.tensor.reference;

import static dev.prairie.tensor.reference.Codec.half;
import static dev.prairie.tensor.reference.Codec.inverse;
import static dev.prairie.tensor.reference.Codec.unsigned;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Blocks of 32 with one F16 scale, and maybe an F16 minimum: rounded as ggml's {@code quantize_row_*_ref} do. */
final class PlainBlocks {
    private static final int SIZE = 32;

    private PlainBlocks() {}

    /** Q8_0: scale, then 32 signed bytes. */
    static Codec bytes() {
        return new Bytes();
    }

    /** Q4_0: scale, then 16 bytes: number i in the low half of byte i, number 16 + i in its high half; 8 means zero. */
    static Codec fourBits() {
        return new Centred(8, new Bits[] {new Bits(2, 16, 4, 0)});
    }

    /** Q5_0: scale, 4 bytes with the highest bits, number by number, then as Q4_0; 16 means zero. */
    static Codec fiveBits() {
        return new Centred(16, new Bits[] {new Bits(6, 16, 4, 0), new Bits(2, 1, 1, 4)});
    }

    /** Q4_1: scale, minimum, then as Q4_0. */
    static Codec fourBitsFromMinimum() {
        return new FromMinimum(15, new Bits[] {new Bits(4, 16, 4, 0)});
    }

    /** Q5_1: scale, minimum, then as Q5_0. */
    static Codec fiveBitsFromMinimum() {
        return new FromMinimum(31, new Bits[] {new Bits(8, 16, 4, 0), new Bits(4, 1, 1, 4)});
    }

    private static final class Bytes implements Codec {
        @Override
        public void decode(float[] x, MemorySegment block) {
            float scale = half(block, 0);
            for (int i = 0; i < SIZE; i++) x[i] = scale * block.get(ValueLayout.JAVA_BYTE, 2 + i);
        }

        @Override
        public void encode(MemorySegment block, float[] x) {
            float max = 0;
            for (int i = 0; i < SIZE; i++) max = Math.max(max, Math.abs(x[i]));
            float scale = max / 127;
            float inverse = inverse(scale);
            half(block, 0, scale);
            for (int i = 0; i < SIZE; i++) unsigned(block, 2 + i, away(x[i] * inverse));
        }

        /** To the nearest whole number, halves away from zero. */
        private static int away(float x) {
            float half = Math.copySign(0.49999997f, x); // the largest below a half: 0.5 would round 0.49999997 up
            return (int) (x + half);
        }
    }

    /** {@code x = scale * (q - zero)}. */
    private record Centred(int zero, Bits[] bits) implements Codec {
        @Override
        public void decode(float[] x, MemorySegment block) {
            float scale = half(block, 0);
            int[] levels = read(bits, block);
            for (int i = 0; i < SIZE; i++) x[i] = (levels[i] - zero) * scale;
        }

        /** The number of the largest magnitude becomes the lowest level, the one that has no opposite. */
        @Override
        public void encode(MemorySegment block, float[] x) {
            float largest = 0;
            for (int i = 0; i < SIZE; i++) if (Math.abs(x[i]) > Math.abs(largest)) largest = x[i];
            float scale = largest / -zero;
            float inverse = inverse(scale);
            half(block, 0, scale);
            int[] levels = new int[SIZE];
            for (int i = 0; i < SIZE; i++) levels[i] = Math.min(2 * zero - 1, (int) (x[i] * inverse + (zero + 0.5f)));
            write(block, 2, bits, levels);
        }
    }

    /** {@code x = scale * q + minimum}. */
    private record FromMinimum(int most, Bits[] bits) implements Codec {
        @Override
        public void decode(float[] x, MemorySegment block) {
            float scale = half(block, 0);
            float minimum = half(block, 2);
            int[] levels = read(bits, block);
            for (int i = 0; i < SIZE; i++) x[i] = levels[i] * scale + minimum;
        }

        @Override
        public void encode(MemorySegment block, float[] x) {
            float low = x[0];
            float high = x[0];
            for (int i = 1; i < SIZE; i++) {
                low = Math.min(low, x[i]);
                high = Math.max(high, x[i]);
            }
            float scale = (high - low) / most;
            float inverse = inverse(scale);
            half(block, 0, scale);
            half(block, 2, low);
            int[] levels = new int[SIZE];
            for (int i = 0; i < SIZE; i++) levels[i] = Math.min(most, (int) ((x[i] - low) * inverse + 0.5f));
            write(block, 4, bits, levels);
        }
    }

    private static int[] read(Bits[] bits, MemorySegment block) {
        int[] levels = new int[SIZE];
        for (Bits b : bits) b.read(levels, block);
        return levels;
    }

    private static void write(MemorySegment block, int from, Bits[] bits, int[] levels) {
        block.asSlice(from).fill((byte) 0);
        for (Bits b : bits) b.write(block, levels);
    }
}
