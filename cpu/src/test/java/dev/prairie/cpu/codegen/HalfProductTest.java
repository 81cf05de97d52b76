package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.PackedWeights;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products with weights of 16 bits beyond the conformance table: every number there is, large sizes, and no garbage. */
class HalfProductTest {
    private static final int NUMBERS = 1 << 16;
    private static final int SAMPLES = 300;

    record Case(Isa isa, DType type) {}

    static Stream<Case> cases() {
        return Isas.runnable().stream()
                .flatMap(isa -> Stream.of(DType.BF16, DType.F16).map(type -> new Case(isa, type)));
    }

    /** Streamed and in blocks, each of the 2¹⁶ weights comes out; tiles may take what is below every normal number for 0. */
    @ParameterizedTest
    @MethodSource("cases")
    void everyNumber(Case c) {
        try (var pool = new WorkerPool(2);
                var kernels = new CodegenKernels(pool, c.isa, DType.F32);
                Arena arena = Arena.ofShared()) {
            Tensor w = Tensor.zeros(arena, c.type, Shape.of(NUMBERS, 1));
            for (int i = 0; i < NUMBERS; i++) w.segment().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) i);
            Tensor expected = Tensor.zeros(arena, Shape.of(NUMBERS, 1));
            new ReferenceKernels().cast(expected, w);
            PackedWeights packed = kernels.pack(w, arena);
            for (int n : new int[] {1, 20}) {
                Tensor x = Tensor.zeros(arena, Shape.of(n, 1));
                for (int i = 0; i < n; i++) x.set(i, 1);
                Tensor out = Tensor.zeros(arena, Shape.of(n, NUMBERS));
                kernels.matmul(out, x, packed, null, null);
                for (int i = 0; i < n * NUMBERS; i += n == 1 ? 1 : 7) {
                    float found = out.get(i), number = expected.get(i % NUMBERS);
                    boolean same = Float.isNaN(number)
                            ? Float.isNaN(found)
                            : found == number
                                    || Math.abs(number) < Float.MIN_NORMAL && Math.abs(found) < Float.MIN_NORMAL;
                    assertThat(same)
                            .as("%04x of %s times 1, of %d rows, is %s, not %s", i % NUMBERS, c.type, n, found, number)
                            .isTrue();
                }
            }
        }
    }

    /** Several stretches of k, results that go past the caches, tasks that own columns, and tasks that own rows. */
    @ParameterizedTest
    @MethodSource("cases")
    void large(Case c) {
        try (var one = new WorkerPool(1);
                var three = new WorkerPool(3);
                var alone = new CodegenKernels(one, c.isa, DType.F32);
                var together = new CodegenKernels(three, c.isa, DType.F32);
                Arena arena = Arena.ofShared()) {
            int[][] sizes = {{300, 1100, 530}, {1100, 300, 90}, {40, 50, 4500}, {3, 2000, 600}};
            for (int[] z : sizes) product(c.type, z[0], z[1], z[2], alone, together, arena);
        }
    }

    private static void product(
            DType type, int n, int o, int width, CodegenKernels alone, CodegenKernels together, Arena arena) {
        var random = new Random(n);
        Tensor numbers = uniform(arena, Shape.of(o, width), random);
        Tensor w = Tensor.zeros(arena, type, numbers.shape());
        new ReferenceKernels().cast(w, numbers);
        new ReferenceKernels().cast(numbers, w);
        Tensor x = uniform(arena, Shape.of(n, width), random);
        Tensor residual = uniform(arena, Shape.of(n, o), random);
        Tensor found = Tensor.zeros(arena, residual.shape()), again = Tensor.zeros(arena, residual.shape());
        alone.matmul(found, x, alone.pack(w, arena), null, residual);
        together.matmul(again, x, together.pack(w, arena), null, residual);
        assertThat(found.segment().mismatch(again.segment()))
                .as("first byte that threads change in " + n + " x " + width + " x " + o)
                .isEqualTo(-1);
        // The root of the mean square of a product of two numbers is 1/3; x is rounded by 2⁻⁹ of itself at most.
        double tolerance = type == DType.BF16 ? 0x1p-9 * Math.sqrt(width) : 1e-4;
        for (int s = 0; s < SAMPLES; s++) {
            int row = s == 0 ? n - 1 : random.nextInt(n), column = s < 2 ? o - 1 : random.nextInt(o);
            double sum = residual.get((long) row * o + column);
            for (int k = 0; k < width; k++)
                sum += (double) x.get((long) row * width + k) * numbers.get((long) column * width + k);
            assertThat((double) found.get((long) row * o + column))
                    .as(n + " x " + width + " x " + o + " at " + row + ", " + column)
                    .isCloseTo(sum, within(tolerance));
        }
    }

    /** A step of decoding calls some hundred products; together they may leave 1 KiB of garbage, here on one thread. */
    @ParameterizedTest
    @MethodSource("cases")
    void oneRowLeavesNoGarbage(Case c) {
        try (var pool = new WorkerPool(1);
                var kernels = new CodegenKernels(pool, c.isa, DType.F32);
                Arena arena = Arena.ofShared()) {
            Tensor w = Tensor.zeros(arena, c.type, Shape.of(100, 60));
            Tensor x = Tensor.zeros(arena, Shape.of(1, 60));
            Tensor out = Tensor.zeros(arena, Shape.of(1, 100)), residual = Tensor.zeros(arena, Shape.of(1, 100));
            PackedWeights packed = kernels.pack(w, arena);
            var bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 100 && least > 0; round++) {
                long before = bean.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 1000; i++) kernels.matmul(out, x, packed, null, residual);
                least = Math.min(least, bean.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).as("bytes left by 1000 products").isLessThan(1024);
        }
    }

    private static Tensor uniform(Arena arena, Shape shape, Random random) {
        Tensor t = Tensor.zeros(arena, shape);
        for (long i = 0; i < shape.size(); i++) t.set(i, random.nextFloat() * 2 - 1);
        return t;
    }
}
