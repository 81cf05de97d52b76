package dev.prairie.tensor.conformance;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.autograd.Tape;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.PackedWeights;
import dev.prairie.tensor.reference.Quantization;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Whether a device computes what the definition says: every case of the table is run on the device and on
 * {@link ReferenceKernels}, outputs and gradients are compared. The reference's own gradients are checked against finite
 * differences of its forward.
 */
public final class Conformance {
    private static final long SEED = 20260101;

    /** What gradients hold that are added to. */
    private static final float BEFORE = 0.75f;

    private Conformance() {}

    /** How one case went. {@code detail} says where it was worst, or what disagreed. */
    public record Result(Case subject, boolean passed, double worst, String detail) {
        @Override
        public String toString() {
            return (passed ? "pass " : "FAIL ") + subject.title() + ": " + detail;
        }
    }

    /** Every case, in the table's order. */
    public static List<Case> cases() {
        return Cases.all();
    }

    /**
     * The rows that are timed, in sizes of real models divided by {@code divisor}; in the precisions F32 and BF16, of
     * which a device may offer one.
     */
    public static List<SpeedCase> speedCases(int divisor) {
        return SpeedCases.all(divisor);
    }

    /** The whole table on one device in F32. */
    public static List<Result> run(GradKernels kernels) {
        return run(kernels, DType.F32);
    }

    /** The whole table on the kernels of one device for {@code precision}. */
    public static List<Result> run(GradKernels kernels, DType precision) {
        return cases().stream().map(c -> run(c, kernels, precision)).toList();
    }

    /** One case on one device in F32, against the reference. */
    public static Result run(Case c, GradKernels kernels) {
        return run(c, kernels, DType.F32);
    }

    /** One case on one device, against the reference of that precision. */
    public static Result run(Case c, GradKernels kernels, DType precision) {
        List<Named> found = evaluate(c, kernels, false, false);
        var comparison = new Comparison(c.tolerance(precision));
        List<List<Named>> allowed =
                expected(c, precision).map(k -> evaluate(c, k, false, false)).toList();
        List<float[]> expected = new ArrayList<>();
        for (int i = 0; i < found.size(); i++) {
            int at = i;
            expected.add(comparison.nearest(found.get(i), allowed.stream().map(results -> results.get(at))));
        }
        if (!(c instanceof Case.InPlace)) {
            List<Named> again = evaluate(c, kernels, false, true); // forgetting and running again must change no bit
            for (int i = 0; i < found.size(); i++)
                comparison.same(found.get(i).name + " recomputed", again.get(i).values, found.get(i).values);
            List<Named> added = evaluate(c, kernels, true, false);
            for (int i = 1; i < found.size(); i++)
                comparison.compare(found.get(i).name + " added", added.get(i).values, plus(expected.get(i)));
        }
        return comparison.result(c);
    }

    /** What may be right: a device is free to round x to BF16 where the weights are. */
    private static Stream<GradKernels> expected(Case c, DType precision) {
        boolean free = c instanceof Case.Packed product && product.type() == DType.BF16;
        return (free ? Stream.of(DType.F32, DType.BF16) : Stream.of(precision)).map(ReferenceKernels::new);
    }

    private static float[] plus(float[] gradient) {
        float[] sum = gradient.clone();
        for (int i = 0; i < sum.length; i++) sum[i] += BEFORE;
        return sum;
    }

    /** The reference's gradients of one case against central differences of its own forward, on sampled elements. */
    public static Result finiteDifferences(Case.Differentiable c) {
        float h = 1e-2f;
        List<Named> analytic = evaluate(c, new ReferenceKernels(), false, false);
        var comparison = new Comparison(4e-3);
        try (Arena arena = Arena.ofShared();
                Slab slab = new Slab()) {
            List<Tensor> inputs = inputs(c, arena);
            var random = new Random(SEED + 1);
            for (int t = 0; t < inputs.size(); t++) {
                Tensor x = inputs.get(t);
                int size = (int) x.shape().size();
                for (int sample = 0; sample < Math.min(size, 6); sample++) {
                    int i = size <= 6 ? sample : random.nextInt(size);
                    float old = x.get(i);
                    x.set(i, old + h);
                    double up = weighted(c, inputs, slab);
                    x.set(i, old - h);
                    double down = weighted(c, inputs, slab);
                    x.set(i, old);
                    float[] gradient = analytic.get(t + 1).values;
                    comparison.compare("input " + t + " element " + i, new float[] {gradient[i]}, new float[] {
                        (float) ((up - down) / (2 * h))
                    });
                }
            }
        }
        return comparison.result(c);
    }

    private record Named(String name, float[] values) {}

    /**
     * Output first, then the gradient of each input; for an in-place kernel its inputs afterwards. Memory that a kernel
     * must not read holds no number.
     *
     * @param add whether gradients are added to what is there
     */
    private static List<Named> evaluate(Case c, GradKernels kernels, boolean add, boolean recompute) {
        try (Arena arena = Arena.ofShared();
                Slab slab = new Slab()) {
            fill(slab.allocate(DType.F32, Shape.of(1 << 16)), Float.NaN);
            slab.reset();
            List<Tensor> inputs = inputs(c, arena);
            var results = new ArrayList<Named>();
            switch (c) {
                case Case.InPlace inPlace -> {
                    inPlace.effect().apply(kernels, inputs);
                    for (int i = 0; i < inputs.size(); i++)
                        results.add(new Named(
                                "input " + i + " afterwards", inputs.get(i).toFloats()));
                }
                case Case.Differentiable op ->
                    results.addAll(differentiate(
                            inputs,
                            trainable -> new Tape(kernels, slab, trainable, add, recompute),
                            tape -> op.forward().apply(tape, inputs),
                            arena,
                            add));
                case Case.Packed product -> {
                    Tensor w = Tensor.zeros(arena, product.type(), inputs.get(1).shape());
                    if (w.type().quantized()) Quantization.encode(w, inputs.get(1));
                    else new ReferenceKernels().cast(w, inputs.get(1));
                    PackedWeights packed = kernels.pack(w, arena);
                    w.zero(); // packed weights do not look at what they were made of
                    var others = new ArrayList<>(inputs);
                    others.remove(1);
                    results.addAll(differentiate(
                            others,
                            trainable -> new Tape(kernels, slab, trainable, add, recompute),
                            tape -> product.forward(tape, others, packed),
                            arena,
                            add));
                }
            }
            return results;
        }
    }

    /** The output of {@code forward}, and the gradient of each of {@code inputs}. */
    private static List<Named> differentiate(
            List<Tensor> inputs,
            Function<Map<Tensor, Tensor>, Tape> taped,
            Function<Tape, Tensor> forward,
            Arena arena,
            boolean add) {
        List<Tensor> gradients = inputs.stream()
                .map(x -> fill(Tensor.zeros(arena, x.shape()), add ? BEFORE : Float.NaN))
                .toList();
        Map<Tensor, Tensor> trainable = new HashMap<>();
        for (int i = 0; i < inputs.size(); i++) trainable.put(inputs.get(i), gradients.get(i));
        Tape tape = taped.apply(trainable);
        Tensor out = forward.apply(tape);
        var results = new ArrayList<Named>();
        results.add(new Named("output", out.toFloats()));
        tape.backward(out, weights(arena, out.shape()));
        for (int i = 0; i < inputs.size(); i++)
            results.add(new Named("gradient of input " + i, gradients.get(i).toFloats()));
        return results;
    }

    private static double weighted(Case.Differentiable c, List<Tensor> inputs, Slab slab) {
        slab.reset();
        try (Arena arena = Arena.ofShared()) {
            Tensor out = c.forward().apply(new Ops(new ReferenceKernels(), slab), inputs);
            Tensor weights = weights(arena, out.shape());
            double sum = 0;
            for (long i = 0; i < out.shape().size(); i++) sum += (double) out.get(i) * weights.get(i);
            return sum;
        }
    }

    private static List<Tensor> inputs(Case c, Arena arena) {
        var random = new Random(SEED);
        return c.inputs().stream().map(s -> uniform(arena, s, random)).toList();
    }

    private static Tensor weights(Arena arena, Shape shape) {
        return uniform(arena, shape, new Random(SEED + 2));
    }

    private static Tensor fill(Tensor t, float value) {
        float[] values = new float[(int) t.shape().size()];
        Arrays.fill(values, value);
        t.copyFrom(values);
        return t;
    }

    private static Tensor uniform(Arena arena, Shape shape, Random random) {
        Tensor t = Tensor.zeros(arena, DType.F32, shape);
        for (long i = 0; i < shape.size(); i++) t.set(i, random.nextFloat() * 2 - 1);
        return t;
    }

    /** Collects the worst difference of a case. */
    private static final class Comparison {
        private final double tolerance;
        private double worst;
        private String where = "";

        Comparison(double tolerance) {
            this.tolerance = tolerance;
        }

        /** Compares with whatever is allowed and nearest, and answers it. */
        float[] nearest(Named found, Stream<Named> allowed) {
            Map<Comparison, float[]> each = new HashMap<>();
            allowed.forEach(expected -> {
                var one = new Comparison(tolerance);
                one.compare(expected.name, found.values, expected.values);
                each.put(one, expected.values);
            });
            Comparison best =
                    Collections.min(each.keySet(), Comparator.comparingDouble(comparison -> comparison.worst));
            if (!(best.worst <= worst)) note(best.worst, best.where);
            return Objects.requireNonNull(each.get(best));
        }

        void compare(String name, float[] found, float[] expected) {
            if (found.length != expected.length) {
                note(Double.POSITIVE_INFINITY, name + " has " + found.length + " elements, not " + expected.length);
                return;
            }
            for (int i = 0; i < found.length; i++) {
                double difference = Math.abs((double) found[i] - expected[i]) / (1 + Math.abs(expected[i]));
                if (Double.isNaN(difference) && Float.compare(found[i], expected[i]) == 0) difference = 0;
                if (!(difference <= worst))
                    note(difference, name + "[" + i + "] is " + found[i] + ", expected " + expected[i]);
            }
        }

        void same(String name, float[] found, float[] expected) {
            for (int i = 0; i < found.length; i++)
                if (Float.floatToRawIntBits(found[i]) != Float.floatToRawIntBits(expected[i])
                        && found[i] != expected[i])
                    note(Double.POSITIVE_INFINITY, name + "[" + i + "] is " + found[i] + ", not " + expected[i]);
        }

        private void note(double difference, String text) {
            worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
            where = text;
        }

        Result result(Case c) {
            boolean passed = worst <= tolerance;
            return new Result(
                    c,
                    passed,
                    worst,
                    "worst difference %.2g of %.2g%s".formatted(worst, tolerance, where.isEmpty() ? "" : "; " + where));
        }
    }
}
