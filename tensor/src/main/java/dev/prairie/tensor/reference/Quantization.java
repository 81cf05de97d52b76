package dev.prairie.tensor.reference;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the quantised types mean: F32 numbers out of their blocks, and blocks out of F32 numbers. Layouts as in ggml
 * ({@code ggml-common.h}); Q8_0 and Q4_0 are rounded as its {@code quantize_row_*_ref} do, the types with blocks of 256
 * are in {@link SuperBlocks}.
 *
 * <p>Slow and obvious; what is fast is checked against it.
 */
public final class Quantization {
    /** One block: how it is read and written. Numbers are in {@code x} from {@code first} on. */
    interface Codec {
        void decode(float[] x, int first, MemorySegment block);

        void encode(MemorySegment block, float[] x, int first);
    }

    private static final ValueLayout.OfShort F16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN);

    private Quantization() {}

    private static Codec codec(DType type) {
        return switch (type) {
            case Q8_0 -> new Bytes();
            case Q4_0 -> new Nibbles();
            case Q4_K -> new SuperBlocks.FourBits();
            case Q6_K -> new SuperBlocks.SixBits();
            case F32, BF16, F16, I32 -> throw new ShapeException("quantization", type + " is not a quantised type");
        };
    }

    /** The F32 numbers {@code out} that the quantised tensor {@code w}, of the same shape, stands for. */
    public static void decode(Tensor out, Tensor w) {
        same(out, w);
        Codec codec = codec(w.type());
        int width = w.shape().last();
        float[] row = new float[width];
        for (int r = 0; r < w.shape().rows(); r++) {
            for (int i = 0; i < width; i += w.type().block()) codec.decode(row, i, block(w, (long) r * width + i));
            MemorySegment.copy(row, 0, out.segment(), Tensor.FLOAT, 4L * r * width, width);
        }
    }

    /** The quantised tensor {@code out} nearest to the F32 numbers {@code x} of the same shape, by simple means. */
    public static void encode(Tensor out, Tensor x) {
        same(x, out);
        Codec codec = codec(out.type());
        int width = out.shape().last();
        float[] row = new float[width];
        for (int r = 0; r < out.shape().rows(); r++) {
            MemorySegment.copy(x.segment(), Tensor.FLOAT, 4L * r * width, row, 0, width);
            for (int i = 0; i < width; i += out.type().block()) codec.encode(block(out, (long) r * width + i), row, i);
        }
    }

    private static void same(Tensor numbers, Tensor blocks) {
        if (numbers.type() != DType.F32 || !numbers.shape().equals(blocks.shape()))
            throw new ShapeException("quantization", numbers + " and " + blocks + ": must be F32 of the same shape");
    }

    private static MemorySegment block(Tensor t, long element) {
        return t.segment().asSlice(t.type().bytes(element), t.type().blockBytes());
    }

    /**
     * A row of activations as a product with quantised weights sees it: {@code out[i]} is the whole number times its
     * group's scale. See {@link dev.prairie.tensor.device.Kernels#matmul(Tensor, Tensor, PackedWeights, Tensor, Tensor)}.
     */
    static void activations(double[] out, Tensor x, long first) {
        for (int from = 0; from < out.length; from += PackedWeights.GROUP) {
            int to = Math.min(from + PackedWeights.GROUP, out.length);
            // magnitudes compare like their bits, and a NaN is larger than every number
            int bits = Float.floatToRawIntBits(PackedWeights.NOTHING);
            for (int i = from; i < to; i++)
                bits = Math.max(bits, Float.floatToRawIntBits(x.get(first + i)) & 0x7FFFFFFF);
            float max = Float.intBitsToFloat(bits);
            float scale = max / 127;
            float inverse = 127 / max;
            for (int i = from; i < to; i++)
                out[i] = max < Float.POSITIVE_INFINITY ? Math.rint(x.get(first + i) * inverse) * scale : Double.NaN;
        }
    }

    // ---- blocks of 32 -----------------------------------------------------------------------------------------

    static float half(MemorySegment block, long at) {
        return Float.float16ToFloat(block.get(F16, at));
    }

    static void half(MemorySegment block, long at, float value) {
        block.set(F16, at, Float.floatToFloat16(value));
    }

    static int unsigned(MemorySegment block, long at) {
        return block.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    }

    static void unsigned(MemorySegment block, long at, int value) {
        block.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    /** Q8_0: scale, then 32 signed bytes. */
    private static final class Bytes implements Codec {
        @Override
        public void decode(float[] x, int first, MemorySegment block) {
            float scale = half(block, 0);
            for (int i = 0; i < 32; i++) x[first + i] = scale * block.get(ValueLayout.JAVA_BYTE, 2 + i);
        }

        @Override
        public void encode(MemorySegment block, float[] x, int first) {
            float max = 0;
            for (int i = 0; i < 32; i++) max = Math.max(max, Math.abs(x[first + i]));
            float scale = max / 127;
            float inverse = scale == 0 ? 0 : 1 / scale;
            half(block, 0, scale);
            for (int i = 0; i < 32; i++) unsigned(block, 2 + i, away(x[first + i] * inverse));
        }

        /** To the nearest whole number, halves away from zero. */
        private static int away(float x) {
            return (int) (x < 0 ? Math.ceil(x - 0.5) : Math.floor(x + 0.5));
        }
    }

    /** Q4_0: scale, then 16 bytes: number i in the low half of byte i, number 16 + i in its high half; 8 means zero. */
    private static final class Nibbles implements Codec {
        @Override
        public void decode(float[] x, int first, MemorySegment block) {
            float scale = half(block, 0);
            for (int i = 0; i < 16; i++) {
                int pair = unsigned(block, 2 + i);
                x[first + i] = ((pair & 15) - 8) * scale;
                x[first + 16 + i] = ((pair >> 4) - 8) * scale;
            }
        }

        /** The number of the largest magnitude becomes -8, the one value that has no opposite. */
        @Override
        public void encode(MemorySegment block, float[] x, int first) {
            float largest = 0;
            for (int i = 0; i < 32; i++) if (Math.abs(x[first + i]) > Math.abs(largest)) largest = x[first + i];
            float scale = largest / -8;
            float inverse = scale == 0 ? 0 : 1 / scale;
            half(block, 0, scale);
            for (int i = 0; i < 16; i++)
                unsigned(block, 2 + i, level(x[first + i] * inverse) | (level(x[first + 16 + i] * inverse) << 4));
        }

        private static int level(float x) {
            return Math.min(15, (int) (x + 8.5f));
        }
    }
}
