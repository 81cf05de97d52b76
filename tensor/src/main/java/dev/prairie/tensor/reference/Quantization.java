package dev.prairie.tensor.reference;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.MemorySegment;

/**
 * What the quantised types mean: F32 numbers out of their blocks, and blocks out of F32 numbers. Layouts and arithmetic are
 * those of ggml ({@code ggml-common.h}, {@code dequantize_row_*} and {@code quantize_row_*_ref} in {@code ggml-quants.c}):
 * decoding gives the same bits. The blocks are in {@link PlainBlocks}, {@link MinimumBlocks}, {@link SignedBlocks} and
 * {@link TableBlocks}.
 *
 * <p>Slow and obvious when decoding; what is fast is checked against it. Encoding is the same on every device.
 */
public final class Quantization {
    /** The largest magnitude that has blocks: scales and minima are F16, and none is larger than the numbers. */
    public static final float MOST = 65504;

    private Quantization() {}

    private static Codec codec(DType type) {
        return switch (type) {
            case Q8_0 -> PlainBlocks.bytes();
            case Q4_0 -> PlainBlocks.fourBits();
            case Q4_1 -> PlainBlocks.fourBitsFromMinimum();
            case Q5_0 -> PlainBlocks.fiveBits();
            case Q5_1 -> PlainBlocks.fiveBitsFromMinimum();
            case Q2_K -> MinimumBlocks.twoBits();
            case Q3_K -> new SignedBlocks.ThreeBits();
            case Q4_K -> MinimumBlocks.fourBits();
            case Q5_K -> MinimumBlocks.fiveBits();
            case Q6_K -> new SignedBlocks.SixBits();
            case IQ4_NL -> new TableBlocks.Uneven();
            case IQ4_XS -> new TableBlocks.UnevenSuper();
            case MXFP4 -> new TableBlocks.Microscaled();
            case F32, BF16, F16, I32 -> throw new ShapeException("quantization", type + " is not a quantised type");
        };
    }

    /** The F32 numbers {@code out} that the quantised tensor {@code w}, of the same shape, stands for. */
    public static void decode(Tensor out, Tensor w) {
        same(out, w);
        float[] row = new float[w.shape().last()];
        for (int r = 0; r < w.shape().rows(); r++) {
            decode(row, row(w, r), w.type());
            MemorySegment.copy(row, 0, row(out, r), Tensor.FLOAT, 0, row.length);
        }
    }

    /** The numbers that a row of {@code blocks} stands for: as many as {@code x} has, which are whole blocks. */
    public static void decode(float[] x, MemorySegment blocks, DType type) {
        Codec codec = codec(type);
        float[] numbers = new float[type.block()];
        for (int i = 0; i < x.length; i += numbers.length) {
            codec.decode(numbers, block(blocks, type, i));
            System.arraycopy(numbers, 0, x, i, numbers.length);
        }
    }

    /**
     * The quantised tensor {@code out} that is near to the F32 numbers {@code x} of the same shape, as llama-quantize makes
     * it without an importance matrix. An {@link IllegalArgumentException} where a number is no number or larger than
     * {@link #MOST}.
     */
    public static void encode(Tensor out, Tensor x) {
        same(x, out);
        float[] row = new float[out.shape().last()];
        for (int r = 0; r < out.shape().rows(); r++) {
            MemorySegment.copy(row(x, r), Tensor.FLOAT, 0, row, 0, row.length);
            encode(row(out, r), row, out.type());
        }
    }

    /** The same for one row: all numbers of {@code x}, which are whole blocks. */
    public static void encode(MemorySegment blocks, float[] x, DType type) {
        Codec codec = codec(type);
        float[] numbers = new float[type.block()];
        for (int i = 0; i < x.length; i += numbers.length) {
            System.arraycopy(x, i, numbers, 0, numbers.length);
            for (float n : numbers)
                if (!(Math.abs(n) <= MOST))
                    throw new IllegalArgumentException("quantization: " + n + " has no block of " + type
                            + ", which holds numbers from -" + MOST + " to " + MOST);
            codec.encode(block(blocks, type, i), numbers);
        }
    }

    private static void same(Tensor numbers, Tensor blocks) {
        if (numbers.type() != DType.F32 || !numbers.shape().equals(blocks.shape()))
            throw new ShapeException("quantization", numbers + " and " + blocks + ": must be F32 of the same shape");
    }

    private static MemorySegment row(Tensor t, int r) {
        long bytes = t.type().bytes(t.shape().last());
        return t.segment().asSlice(r * bytes, bytes);
    }

    private static MemorySegment block(MemorySegment row, DType type, int element) {
        return row.asSlice((long) element / type.block() * type.blockBytes(), type.blockBytes());
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
}
