package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Gradient;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Infinities, NaN, zeros of both signs, huge and tiny numbers, and every number of half precision. */
class SpecialNumbersTest {
    private static final float INF = Float.POSITIVE_INFINITY;

    static List<Isa> isas() {
        return FormulaTest.isas();
    }

    private static void with(Isa isa, BiConsumer<CodegenKernels, Arena> test) {
        try (Arena arena = Arena.ofShared();
                var pool = new WorkerPool(2);
                var kernels = new CodegenKernels(pool, isa, DType.F32)) {
            test.accept(kernels, arena);
        }
    }

    private static Tensor of(Arena arena, float... x) {
        Tensor t = Tensor.zeros(arena, Shape.of(x.length));
        for (int i = 0; i < x.length; i++) t.set(i, x[i]);
        return t;
    }

    @ParameterizedTest
    @MethodSource("isas")
    void activationsFarOut(Isa isa) {
        with(isa, (kernels, arena) -> {
            Tensor x = of(arena, -INF, -Float.MAX_VALUE, -1e20f, -50, -0f, 0, 1e-40f, 50, 1e20f, INF, Float.NaN);
            Tensor out = of(arena, new float[11]), ones = of(arena, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
            float[] rising = {0, 0, 0, 0, 0, 0, 1e-40f, 50, 1e20f, INF, Float.NaN};
            kernels.gelu(out, x);
            close(out, rising, 1e-20f);
            kernels.swiGlu(out, x, ones);
            close(out, rising, 1e-20f);
            float[] slope = {0, 0, 0, 0, 0.5f, 0.5f, 0.5f, 1, 1, 1, Float.NaN};
            kernels.geluBackward(new Gradient(out, false), ones, x);
            close(out, slope, 1e-7f);
            Tensor dUp = of(arena, new float[11]);
            kernels.swiGluBackward(new Gradient(out, false), new Gradient(dUp, false), ones, x, ones);
            close(out, slope, 1e-7f);
            close(dUp, rising, 1e-20f);
        });
    }

    private static void close(Tensor found, float[] expected, float error) {
        for (int i = 0; i < expected.length; i++)
            if (Float.isFinite(expected[i]))
                assertThat(found.get(i))
                        .as("element " + i)
                        .isCloseTo(expected[i], within(error + Math.abs(expected[i]) * 3e-7f));
            else assertThat(Float.valueOf(found.get(i))).as("element " + i).isEqualTo(Float.valueOf(expected[i]));
    }

    @ParameterizedTest
    @MethodSource("isas")
    void lossOfRowsWithMaskedLogits(Isa isa) {
        with(isa, (kernels, arena) -> {
            int v = 10_000; // several pieces, the first of which is masked altogether
            Tensor logits = Tensor.zeros(arena, Shape.of(3, v));
            for (int i = 0; i < 5000; i++) logits.set(i, -INF);
            logits.set(9999, 80);
            for (int i = 0; i < v; i++) logits.set(v + i, i % 2 == 0 ? 1e30f : -1e30f);
            logits.set(2 * v + 77, Float.NaN);
            int[] targets = {9999, 0, 5};
            Tensor losses = of(arena, new float[3]), lse = of(arena, new float[3]);
            kernels.crossEntropy(losses, lse, logits, targets);
            assertThat(losses.get(0)).isCloseTo(0, within(1e-6f));
            assertThat(lse.get(0)).isEqualTo(80);
            assertThat(lse.get(1)).isEqualTo(1e30f);
            assertThat(losses.get(2)).isNaN();
            kernels.crossEntropyBackward(new Gradient(logits, false), of(arena, 1, 1, 1), logits, lse, targets);
            for (int i = 0; i < 5000; i++) assertThat(logits.get(i)).isZero();
            assertThat(logits.get(9999)).isCloseTo(0, within(1e-6f));
        });
    }

    @ParameterizedTest
    @MethodSource("isas")
    void squaresBeyondTheRangeOfFloats(Isa isa) {
        with(isa, (kernels, arena) -> {
            float[] x = new float[70_003];
            for (int i = 0; i < x.length; i++) x[i] = i % 2 == 0 ? 1e30f : 1e-30f;
            double expected = (double) 1e30f * 1e30f * (x.length / 2 + 1);
            assertThat(kernels.squaredNorm(of(arena, x)) / expected).isCloseTo(1, within(1e-12));
        });
    }

    @ParameterizedTest
    @MethodSource("isas")
    void castsAgreeWithTheReferenceToTheBit(Isa isa) {
        with(isa, (kernels, arena) -> {
            GradKernels reference = new ReferenceKernels();
            int n = 70_001;
            Tensor wide = Tensor.zeros(arena, Shape.of(n));
            var random = new Random(4);
            for (int i = 0; i < n; i++) wide.set(i, Float.intBitsToFloat(random.nextInt()));
            for (int i = 0; i < 1 << 16; i++) wide.set(i, Float.intBitsToFloat(i << 16 | (i % 3 == 0 ? 0x8000 : i)));
            DType[] types = {DType.F32, DType.BF16, DType.F16};
            for (DType from : types) {
                Tensor x = Tensor.zeros(arena, from, Shape.of(n));
                reference.cast(x, wide);
                for (DType to : types) {
                    Tensor found = Tensor.zeros(arena, to, Shape.of(n)),
                            expected = Tensor.zeros(arena, to, Shape.of(n));
                    kernels.cast(found, x);
                    reference.cast(expected, x);
                    for (int i = 0; i < n; i++) same(found, expected, i, from + " to " + to);
                }
            }
        });
    }

    private static void same(Tensor found, Tensor expected, int i, String what) {
        float a = number(found, i), b = number(expected, i);
        if (Float.floatToIntBits(a) != Float.floatToIntBits(b)) // all NaN are one
        assertThat(a).as(what + ", element " + i).isEqualTo(b);
    }

    private static float number(Tensor t, int i) {
        return switch (t.type()) {
            case BF16 -> Float.intBitsToFloat(t.segment().get(ValueLayout.JAVA_SHORT, 2L * i) << 16);
            case F16 -> Float.float16ToFloat(t.segment().get(ValueLayout.JAVA_SHORT, 2L * i));
            default -> t.get(i);
        };
    }
}
