package dev.prairie.tensor.conformance;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Peak;
import dev.prairie.tensor.reference.Quantization;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A row of the table that is timed: a kernel at the size of a real model, and how much of what limits it one call does.
 *
 * @param op        the kernel, as in {@link GradKernels}
 * @param type      of the operands of products, or of packed weights; F32 for all others
 * @param packed    whether the product's weights are packed
 * @param shape     for people: {@code 1024x768x3072}, N x C x O of a product
 * @param inputs    shapes of the random tensors that it reads and writes, all F32; but a product with packed weights
 *                  has out, x and w, and w has their type
 * @param tolerance as in {@link Case}
 * @param peak      what limits it
 * @param work      of a call: operations, or for {@link Peak#READ} bytes that must be read and written
 * @param timed     what is called
 */
public record SpeedCase(
        String op,
        DType type,
        boolean packed,
        String shape,
        List<Shape> inputs,
        double tolerance,
        Peak peak,
        double work,
        Timed timed) {
    private static final double SAMPLE = 1e-3; // seconds: shorter calls are timed together
    private static final int LEAST = 5;
    private static final int RANDOM = 1 << 16;

    /** Brings the inputs into a state that the kernel may find, and says what one call is. */
    public interface Timed {
        /** {@code arena} is for what a call needs beside its inputs, and outlives the last call. */
        Runnable prepare(GradKernels kernels, List<Tensor> inputs, Arena arena);
    }

    /** A row without packed weights. */
    SpeedCase(
            String op,
            DType type,
            String shape,
            List<Shape> inputs,
            double tolerance,
            Peak peak,
            double work,
            Timed timed) {
        this(op, type, false, shape, inputs, tolerance, peak, work, timed);
    }

    /** In which precision the kernels compute. Packed weights say themselves what becomes of x, so it is F32 there. */
    public DType precision() {
        return packed ? DType.F32 : type;
    }

    /** Memory of the inputs, and of packed weights beside them. */
    public long bytes() {
        long bytes = 0;
        for (int i = 0; i < inputs.size(); i++)
            bytes += inputType(i).bytes(inputs.get(i).size()) * (isWeights(i) ? 2 : 1);
        return bytes;
    }

    private boolean isWeights(int input) {
        return packed && input == 2;
    }

    private DType inputType(int input) {
        return isWeights(input) ? type : DType.F32;
    }

    /** The same row as one of those that say what right means. */
    public Case subject() {
        if (packed) return new Case.Packed(op, type + " timed", List.of(inputs.get(1), inputs.get(2)), tolerance, type);
        return new Case.InPlace(op, "timed", inputs, tolerance, (kernels, in) -> {
            try (Arena arena = Arena.ofShared()) {
                timed.prepare(kernels, in, arena).run();
            }
        });
    }

    /**
     * Seconds of a call on {@code kernels}, which must be those for {@link #precision()}: the median of at least five samples.
     *
     * @param seconds how long to repeat it, first so that the compiler is done, then for the samples
     */
    public double seconds(GradKernels kernels, double seconds) {
        try (Arena arena = Arena.ofShared()) {
            Runnable call = timed.prepare(kernels, tensors(arena), arena);
            long calls = 0;
            long start = System.nanoTime();
            do call.run();
            while (++calls < 2 || since(start) < seconds);
            int together = (int) Math.max(1, SAMPLE / (since(start) / calls));
            List<Double> samples = new ArrayList<>();
            start = System.nanoTime();
            while (samples.size() < LEAST || since(start) < seconds) {
                long began = System.nanoTime();
                for (int i = 0; i < together; i++) call.run();
                samples.add(since(began) / together);
            }
            samples.sort(null);
            return samples.get(samples.size() / 2);
        }
    }

    private static double since(long nanos) {
        return (System.nanoTime() - nanos) / 1e9;
    }

    private List<Tensor> tensors(Arena arena) {
        float[] numbers = new float[RANDOM];
        var random = new Random(1);
        for (int i = 0; i < RANDOM; i++) numbers[i] = random.nextFloat() * 2 - 1;
        Tensor some = Tensor.of(arena, Shape.of(RANDOM), numbers);
        var tensors = new ArrayList<Tensor>();
        for (int i = 0; i < inputs.size(); i++) {
            Tensor t = Tensor.zeros(arena, inputType(i), inputs.get(i));
            repeat(t.segment(), isWeights(i) ? weights(some, arena).segment() : some.segment());
            tensors.add(t);
        }
        return tensors;
    }

    private Tensor weights(Tensor numbers, Arena arena) {
        Tensor w = Tensor.zeros(arena, type, numbers.shape());
        if (type.quantized()) Quantization.encode(w, numbers);
        else new ReferenceKernels().cast(w, numbers);
        return w;
    }

    private static void repeat(MemorySegment to, MemorySegment from) {
        for (long at = 0; at < to.byteSize(); at += from.byteSize())
            MemorySegment.copy(from, 0, to, at, Math.min(from.byteSize(), to.byteSize() - at));
    }
}
