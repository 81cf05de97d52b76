package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.cpu.codegen.Formula.Accumulator;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Formulas as machine code: every use of registers and memory, every number of columns, and how exact functions are. */
class FormulaTest {
    private static final int MOST = 150;

    static List<Isa> isas() {
        return Isas.runnable().stream()
                .filter(isa -> isa.bf16() == Isa.Bf16.FMA && isa.int8() == Isa.Int8.PAIRS)
                .toList();
    }

    /** Code under test, and memory for it. */
    private record Bench(Arena arena, CodePages pages, Generated generated, MemorySegment x, MemorySegment out)
            implements AutoCloseable {
        static Bench of(Isa isa) {
            Arena arena = Arena.ofConfined();
            var pages = new CodePages(new SystemCalls.Linux());
            var generated = new Generated(pages, isa, Frame.forWorkers(arena, 1));
            return new Bench(arena, pages, generated, arena.allocate(4L << 20, 64), arena.allocate(4L << 20, 64));
        }

        float x(int i) {
            return x.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        }

        void x(int i, float value) {
            x.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        }

        float out(int i) {
            return out.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        }

        Kernel map(BiFunction<Formula, Value, Value> body) {
            return generated.kernel(p -> {
                Gpr to = p.pointer(), from = p.pointer();
                p.columns(p.number(), f -> f.store(to, body.apply(f, f.load(from))));
            });
        }

        void run(Kernel kernel, int n) {
            generated.frame(0).put(out.address()).put(x.address()).put((long) n).call(kernel);
        }

        @Override
        public void close() {
            pages.close();
            arena.close();
        }
    }

    private record Fused(BiFunction<Formula, Value, Value> formula, DoubleUnaryOperator meaning) {}

    @ParameterizedTest
    @MethodSource("isas")
    void productsAndSumsWhateverTheirOperandsAre(Isa isa) {
        List<Fused> all = List.of(
                new Fused((f, x) -> f.fma(x, x, x), x -> x * x + x),
                new Fused((f, x) -> f.fma(x, f.constant(3), x), x -> x * 3 + x),
                new Fused((f, x) -> f.fma(f.constant(3), x, x), x -> x * 3 + x),
                new Fused((f, x) -> f.fma(f.constant(3), f.constant(5), x), x -> 15 + x),
                new Fused((f, x) -> f.fma(x, f.constant(3), f.constant(5)), x -> x * 3 + 5),
                new Fused((f, x) -> f.add(f.fma(f.constant(2), f.constant(3), f.constant(5)), x), x -> 11 + x),
                new Fused((f, x) -> f.add(f.fma(x, f.constant(3), f.constant(5)), x), x -> x * 3 + 5 + x),
                new Fused((f, x) -> f.fnma(x, x, f.constant(2)), x -> 2 - x * x),
                new Fused((f, x) -> f.fnma(f.constant(2), x, x), x -> x - 2 * x),
                new Fused((f, x) -> f.add(f.fnma(f.mul(x, x), x, x), f.mul(x, x)), x -> x - x * x * x + x * x),
                new Fused((f, x) -> f.sub(f.constant(1), x), x -> 1 - x),
                new Fused((f, x) -> f.div(f.constant(1), f.sqrt(f.constant(4))), x -> 0.5),
                new Fused((f, x) -> f.choose(Formula.NOT_LESS, x, f.constant(0), x, null), x -> x >= 0 ? x : 0),
                new Fused(
                        (f, x) -> f.choose(Formula.NOT_LESS, f.constant(0), x, f.constant(7), f.constant(9)),
                        x -> x <= 0 ? 7 : 9));
        try (Bench bench = Bench.of(isa)) {
            var random = new Random(5);
            for (int i = 0; i < MOST; i++) bench.x(i, random.nextFloat() * 4 - 2);
            for (Fused each : all) {
                bench.run(bench.map(each.formula), MOST);
                for (int i = 0; i < MOST; i++)
                    assertThat((double) bench.out(i)).isCloseTo(each.meaning.applyAsDouble(bench.x(i)), within(4e-6));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("isas")
    void everyNumberOfColumns(Isa isa) {
        try (Bench bench = Bench.of(isa)) {
            Kernel copy = bench.map((f, x) -> x);
            for (int i = 0; i < MOST; i++) bench.x(i, i + 1);
            for (int n = 0; n < MOST; n++) {
                bench.out.fill((byte) 0);
                bench.run(copy, n);
                for (int i = 0; i < MOST; i++) assertThat(bench.out(i)).isEqualTo(i < n ? i + 1 : 0);
            }
        }
    }

    /** Sum, sum of squares and maximum of negative numbers: what a partial vector holds beside them is zero. */
    @ParameterizedTest
    @MethodSource("isas")
    void sumsAndMaximaOfEveryNumberOfColumns(Isa isa) {
        try (Bench bench = Bench.of(isa)) {
            Kernel kernel = bench.generated.kernel(p -> {
                Gpr out = p.pointer(), x = p.pointer();
                Mem n = p.number();
                Accumulator sum = p.sum(), squares = p.sum(), max = p.max();
                p.columns(n, f -> {
                    Value v = f.load(x);
                    Value centred = f.add(v, f.constant(2)); // not zero beside the columns
                    f.accumulate(sum, centred);
                    f.accumulate(squares, centred, centred);
                    f.accumulate(max, v);
                });
                for (Accumulator a : List.of(sum, squares, max)) {
                    Value total = p.total(a);
                    p.run(f -> f.storeOne(out, total));
                    p.advance(out, 4);
                }
            });
            for (int i = 0; i < MOST; i++) bench.x(i, -1 - (i * 37 % 101));
            for (int n = 1; n < MOST; n++) {
                double sum = 0, squares = 0, max = Double.NEGATIVE_INFINITY;
                for (int i = 0; i < n; i++) {
                    double v = bench.x(i);
                    sum += v + 2;
                    squares += (v + 2) * (v + 2);
                    max = Math.max(max, v);
                }
                bench.run(kernel, n);
                assertThat(new double[] {bench.out(0), bench.out(1), bench.out(2)})
                        .containsExactly(sum, squares, max); // whole numbers below 2^24: exact
            }
        }
    }

    @Test
    void moreValuesThanRegistersAreRefusedWhenTheCodeIsMade() {
        Isa isa = isas().getFirst();
        try (Bench bench = Bench.of(isa)) {
            assertThatThrownBy(() -> bench.map((f, x) -> {
                        Value[] all = new Value[isa.registers()];
                        for (int i = 0; i < all.length; i++) all[i] = f.add(x, f.constant(i));
                        Value sum = x;
                        for (Value v : all) sum = f.add(sum, v);
                        return sum;
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("registers");
        }
    }

    // ---- functions ----------------------------------------------------------------------------------------------

    /** The largest error of a function between two numbers, in units in the last place. */
    private static double ulps(
            Isa isa, float from, float to, BiFunction<Formula, Value, Value> formula, DoubleUnaryOperator meaning) {
        int n = 1 << 20;
        try (Bench bench = Bench.of(isa)) {
            for (int i = 0; i < n; i++) bench.x(i, from + (to - from) * i / (n - 1));
            bench.run(bench.map(formula), n);
            double worst = 0;
            for (int i = 0; i < n; i++) {
                double expected = meaning.applyAsDouble(bench.x(i));
                worst = Math.max(worst, Math.abs(bench.out(i) - expected) / Math.ulp((float) expected));
            }
            return worst;
        }
    }

    @ParameterizedTest
    @MethodSource("isas")
    void exponentialsAreWithinTwoUnits(Isa isa) {
        assertThat(ulps(isa, -86.9f, 87, Functions::exp, Math::exp)).isLessThan(2);
        assertThat(ulps(isa, -1, 1, Functions::exp, Math::exp)).isLessThan(2);
        assertThat(ulps(isa, -87, 87, Functions::expWithin, Math::exp)).isLessThan(2);
    }

    @ParameterizedTest
    @MethodSource("isas")
    void sigmoidsAreWithinFourUnits(Isa isa) {
        DoubleUnaryOperator sigmoid = x -> 1 / (1 + Math.exp(-x));
        assertThat(ulps(isa, -80, 80, (f, x) -> Functions.Sigmoid.of(f, x).s(), sigmoid))
                .isLessThan(4);
        assertThat(ulps(isa, -80, 80, (f, x) -> Functions.Sigmoid.of(f, x).rest(), x -> sigmoid.applyAsDouble(-x)))
                .isLessThan(4);
    }

    @ParameterizedTest
    @MethodSource("isas")
    void exponentialsOfSpecialNumbers(Isa isa) {
        float[] x = {Float.NEGATIVE_INFINITY, -Float.MAX_VALUE, -1000, -87.5f, -0f, 0, Float.MIN_VALUE, Float.NaN};
        assertThat(values(isa, Functions::exp, x)).containsExactly(0, 0, 0, 0, 1, 1, 1, Float.NaN);
        float least = values(isa, Functions::expWithin, -87f)[0];
        assertThat(values(isa, Functions::expAtLeast, x))
                .containsExactly(least, least, least, least, 1, 1, 1, Float.NaN);
        UnaryOperator<float[]> within = v -> values(isa, (f, a) -> Functions.within(f, a, 8), v);
        assertThat(within.apply(new float[] {Float.NEGATIVE_INFINITY, -9, -0f, 9, Float.POSITIVE_INFINITY, Float.NaN}))
                .containsExactly(-8, -8, -0f, 8, 8, Float.NaN);
    }

    private static float[] values(Isa isa, BiFunction<Formula, Value, Value> formula, float... x) {
        try (Bench bench = Bench.of(isa)) {
            for (int i = 0; i < x.length; i++) bench.x(i, x[i]);
            bench.run(bench.map(formula), x.length);
            float[] out = new float[x.length];
            for (int i = 0; i < x.length; i++) out[i] = bench.out(i);
            return out;
        }
    }
}
