package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.cpu.codegen.Gemm.Matrix;
import dev.prairie.cpu.codegen.Gemm.Product;
import dev.prairie.cpu.codegen.PackKernels.Unit;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Products that are large enough for every way of cutting them up, which the conformance table's are not: several
 * stretches of k, several heights of A, results that go past the caches. Sampled against sums in double.
 */
class GemmTest {
    private static final ValueLayout.OfFloat F = ValueLayout.JAVA_FLOAT;
    private static final int SAMPLES = 400;

    private record Shape(int m, int n, int k, boolean aAlong, boolean bAlong, boolean bias, boolean base) {}

    private static final Shape[] SHAPES = {
        new Shape(1030, 1100, 450, true, true, true, false), // past the caches, in several strips
        new Shape(1030, 1104, 450, true, true, true, true), // the same, whole lines
        new Shape(1090, 1008, 40, true, false, false, false), // the same by rows, one strip, whole lines
        new Shape(1090, 1008, 40, true, true, true, true), // with bias and residual
        new Shape(40, 50, 4500, true, false, false, true), // several stretches of k
        new Shape(2100, 2200, 20, false, true, false, false), // several heights of a shared A
        new Shape(2300, 70, 33, false, false, false, true), // several heights of an A that lies across k
        new Shape(33, 3000, 100, true, true, true, false), // few rows
    };

    record Case(Isa isa, DType precision) {}

    static Stream<Case> cases() {
        return Isas.runnable().stream()
                .flatMap(isa -> CodegenKernels.PRECISIONS.stream().map(p -> new Case(isa, p)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void large(Case c) {
        var system = new SystemCalls.Linux();
        Unit unit = Unit.of(c.isa, c.precision);
        try (var pages = new CodePages(system);
                var one = new WorkerPool(1);
                var three = new WorkerPool(3);
                var alone = new Gemm(one, pages, system, c.isa, unit);
                var together = new Gemm(three, pages, system, c.isa, unit)) {
            for (Shape s : SHAPES) product(s, c.precision == DType.BF16, alone, together);
        }
    }

    private static void product(Shape s, boolean rounded, Gemm alone, Gemm together) {
        var random = new Random(s.hashCode());
        try (Arena arena = Arena.ofShared()) {
            MemorySegment a = matrix(arena, s.m, s.k, random);
            MemorySegment b = matrix(arena, s.n, s.k, random);
            MemorySegment bias = matrix(arena, 1, s.n, random);
            MemorySegment base = matrix(arena, s.m, s.n, random);
            MemorySegment c = matrix(arena, s.m, s.n, random);
            MemorySegment again = matrix(arena, s.m, s.n, random);
            alone.run(product(s, a, b, bias, base, c));
            together.run(product(s, a, b, bias, base, again));
            assertThat(c.mismatch(again))
                    .as("first byte that threads change in " + s)
                    .isEqualTo(-1);
            for (int i = 0; i < SAMPLES; i++) {
                int row = i == 0 ? s.m - 1 : random.nextInt(s.m);
                int column = i < 2 ? s.n - 1 : random.nextInt(s.n);
                double sum = s.bias ? bias.getAtIndex(F, column) : 0;
                if (s.base) sum += base.getAtIndex(F, (long) row * s.n + column);
                for (int k = 0; k < s.k; k++)
                    sum += (double) at(a, s.aAlong, row, k, s.m, s.k, rounded)
                            * at(b, s.bAlong, column, k, s.n, s.k, rounded);
                float found = c.getAtIndex(F, (long) row * s.n + column);
                assertThat(Math.abs(found - sum) / (1 + Math.abs(sum)))
                        .as(s + " at " + row + ", " + column + ": " + found + ", expected " + sum)
                        .isLessThan(5e-5);
            }
        }
    }

    private static Product product(
            Shape s, MemorySegment a, MemorySegment b, MemorySegment bias, MemorySegment base, MemorySegment c) {
        var left = new Matrix(a.address(), 4L * (s.aAlong ? s.k : s.m), s.aAlong);
        var right = new Matrix(b.address(), 4L * (s.bAlong ? s.k : s.n), s.bAlong);
        long biased = s.bias ? bias.address() : 0;
        long added = s.base ? base.address() : 0;
        return new Product(s.m, s.n, s.k, left, right, c.address(), 4L * s.n, biased, added, 4L * s.n);
    }

    private static MemorySegment matrix(Arena arena, int rows, int columns, Random random) {
        MemorySegment m = arena.allocate(4L * rows * columns, 64);
        for (long i = 0; i < (long) rows * columns; i++) m.setAtIndex(F, i, random.nextFloat() * 2 - 1);
        return m;
    }

    private static float at(MemorySegment x, boolean along, int line, int k, int lines, int depth, boolean rounded) {
        float v = x.getAtIndex(F, along ? (long) line * depth + k : (long) k * lines + line);
        int bits = Float.floatToRawIntBits(v);
        return rounded ? Float.intBitsToFloat((bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF0000) : v;
    }
}
