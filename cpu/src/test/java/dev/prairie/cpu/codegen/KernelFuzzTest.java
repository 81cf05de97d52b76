package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.cpu.codegen.GuardedMemory.Edge;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.conformance.Case;
import dev.prairie.tensor.conformance.Conformance;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Gradient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Random legal shapes with a page beside every buffer that nobody may touch: forward and backward, with every set of
 * instructions that is here. A kernel that reads or writes too far ends the test's JVM.
 */
class KernelFuzzTest {
    private static final int ROUNDS = 5;
    private static final double TOLERANCE = 1e-4; // where it writes is asked here, how exactly in the conformance table

    @Test
    void randomShapesTouchNothingBeside() {
        var random = new Random(20261125);
        everywhere(() -> random(random));
    }

    private record Guarded(GradKernels kernels, DType precision) {}

    private static void everywhere(Supplier<List<Case>> cases) {
        for (Isa isa : Isas.runnable())
            for (DType precision : CodegenKernels.PRECISIONS)
                try (var pool = new WorkerPool(2);
                        var kernels = new CodegenKernels(pool, isa, precision, new GuardedSystem())) {
                    // A buffer that ends at a guard begins anywhere; one that begins at a guard is aligned.
                    var end = new Guarded(GuardedKernels.around(kernels, Edge.END, 1), precision);
                    var begin = new Guarded(GuardedKernels.around(kernels, Edge.BEGIN, 64), precision);
                    cases.get().forEach(c -> run(c, end));
                    cases.get().forEach(c -> run(c, begin));
                }
    }

    private static void run(Case c, Guarded guarded) {
        Conformance.Result result = Conformance.run(c, guarded.kernels, guarded.precision);
        assertThat(result.passed()).as(result.toString()).isTrue();
    }

    private static List<Case> random(Random random) {
        var cases = new ArrayList<Case>();
        for (int i = 0; i < ROUNDS; i++) {
            int n = size(random, 40), c = size(random, 80), o = size(random, 80);
            cases.add(op("matmul", (ops, in) -> ops.matmul(in.get(0), in.get(1), null), s(n, c), s(o, c)));
            cases.add(op(
                    "matmul",
                    (ops, in) -> ops.matmul(in.get(0), in.get(1), in.get(2), in.get(3)),
                    s(n, c),
                    s(o, c),
                    s(o),
                    s(n, o)));
            int wide = c + 7; // norms of very few numbers amplify what rounding does
            cases.add(op("rmsNorm", (ops, in) -> ops.rmsNorm(in.get(0), in.get(1), 1e-5f), s(n, wide), s(wide)));
            cases.add(op(
                    "layerNorm",
                    (ops, in) -> ops.layerNorm(in.get(0), in.get(1), in.get(2), 1e-5f),
                    s(n, wide),
                    s(wide),
                    s(wide)));
            cases.add(op("swiGlu", (ops, in) -> ops.swiGlu(in.get(0), in.get(1)), s(n, c), s(n, c)));
            cases.add(op("gelu", (ops, in) -> ops.gelu(in.get(0)), s(n, c)));
            cases.add(op("add", (ops, in) -> ops.add(in.get(0), in.get(1)), s(n, c), s(n, c)));
            cases.add(op("scale", (ops, in) -> ops.scale(in.get(0), -1.5f), s(n, c)));
            cases.add(op("cast", (ops, in) -> ops.cast(ops.cast(in.get(0), DType.BF16), DType.F32), s(n, c)));
            int[] rows = random.ints(o, 0, n).toArray();
            cases.add(op("embedding", (ops, in) -> ops.embedding(in.get(0), rows), s(n, c)));
            cases.add(op("gather", (ops, in) -> ops.gather(in.get(0), rows), s(n, c)));
            int[] targets = random.ints(n, 0, o).toArray();
            cases.add(op("crossEntropy", (ops, in) -> ops.crossEntropy(in.get(0), targets), s(n, o)));
            cases.add(op(
                    "rope", (ops, in) -> ops.rope(in.get(0), new int[n], Rotary.of(2 * c, 10000)), s(n, o, 2 * c)));
            cases.add(inPlace("squaredNorm", (k, in) -> in.get(0).set(0, (float) k.squaredNorm(in.get(0))), s(n, c)));
            cases.add(inPlace(
                    "accumulate",
                    (k, in) -> k.accumulate(new Gradient(in.get(0), true), in.get(1), 0.5f),
                    s(n, c),
                    s(n, c)));
            for (DType type : List.of(DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K)) {
                int blocks = type.block() * (type.block() == 32 ? size(random, 11) : 1 + random.nextInt(3));
                cases.add(packed(type, s(n, blocks), s(o, blocks)));
                cases.add(packed(type, s(1 + random.nextInt(5), blocks), s(o, blocks)));
                cases.add(packed(type, s(n, blocks), s(o, blocks), s(o), s(n, o)));
            }
            for (DType type : List.of(DType.BF16, DType.F16, DType.F32)) {
                cases.add(packed(type, s(n, c), s(o, c)));
                cases.add(packed(type, s(1 + random.nextInt(5), c), s(o, c)));
                cases.add(packed(type, s(n, c), s(o, c), s(o), s(n, o)));
            }
            cases.add(attention(random));
            cases.add(cached(random));
        }
        for (int i = 0; i < 2; i++) { // larger than a block
            int n = random.nextInt(30, 200), c = random.nextInt(30, 200), o = random.nextInt(30, 200);
            cases.add(op(
                    "matmul",
                    (ops, in) -> ops.matmul(in.get(0), in.get(1), in.get(2), in.get(3)),
                    s(n, c),
                    s(o, c),
                    s(o),
                    s(n, o)));
        }
        return cases;
    }

    private static Case attention(Random random) {
        int group = 1 + random.nextInt(3), k = 1 + random.nextInt(3), d = 2 * size(random, 33);
        int[] starts = new int[1 + size(random, 3)];
        for (int b = 1; b < starts.length; b++) starts[b] = starts[b - 1] + random.nextInt(40);
        int n = starts[starts.length - 1];
        int[] positions = new int[n];
        for (int b = 1; b < starts.length; b++)
            for (int i = starts[b - 1]; i < starts[b]; i++) positions[i] = i - starts[b - 1];
        var tokens = new Tokens(new int[n], positions, starts);
        float scale = (float) (1 / Math.sqrt(d));
        return op(
                "attention",
                (ops, in) -> ops.attention(
                        ops.rope(in.get(0), positions, Rotary.of(d, 10000)),
                        KeyValues.packed(in.get(1), in.get(2), tokens),
                        tokens,
                        Scoring.causal(scale)),
                s(n, group * k, d),
                s(n, k, d),
                s(n, k, d));
    }

    /** The last tokens of each sequence, whose keys and values lie scattered over the blocks of a cache. */
    private static Case cached(Random random) {
        int group = 1 + random.nextInt(3), k = 1 + random.nextInt(3), d = size(random, 80), block = size(random, 32);
        int sequences = 1 + random.nextInt(3);
        int[][] table = new int[sequences][];
        int[] starts = new int[sequences + 1];
        int blocks = 0;
        var positions = new ArrayList<Integer>();
        for (int b = 0; b < sequences; b++) {
            int length = 1 + random.nextInt(100), last = 1 + random.nextInt(Math.min(length, 5));
            starts[b + 1] = starts[b] + last;
            for (int i = length - last; i < length; i++) positions.add(i);
            table[b] = new int[Math.ceilDiv(length, block)];
            for (int i = 0; i < table[b].length; i++) table[b][i] = blocks++;
        }
        int[] all = random.ints(0, blocks).distinct().limit(blocks).toArray();
        for (int[] row : table) for (int i = 0; i < row.length; i++) row[i] = all[row[i]];
        int n = starts[sequences];
        var tokens = new Tokens(
                new int[n], positions.stream().mapToInt(Integer::intValue).toArray(), starts);
        return op(
                "attention",
                (ops, in) -> ops.attention(
                        in.get(0), new KeyValues(in.get(1), in.get(2), table, block), tokens, Scoring.causal((float)
                                (1 / Math.sqrt(d)))),
                s(n, group * k, d),
                s(blocks * block, k, d),
                s(blocks * block, k, d));
    }

    /** Often small, sometimes near a multiple of a vector, rarely larger. */
    private static int size(Random random, int most) {
        return switch (random.nextInt(4)) {
            case 0 -> 1 + random.nextInt(4);
            case 1 -> Math.max(1, Math.min(most, 16 * random.nextInt(1, 9) + random.nextInt(-1, 2)));
            default -> 1 + random.nextInt(most);
        };
    }

    private static Case packed(DType type, Shape... inputs) {
        return new Case.Packed("matmul", type + " random", Arrays.asList(inputs), TOLERANCE, type);
    }

    private static Case op(String name, Case.Forward forward, Shape... inputs) {
        return new Case.Differentiable(name, "random", Arrays.asList(inputs), TOLERANCE, forward);
    }

    private static Case inPlace(String name, Case.Effect effect, Shape... inputs) {
        return new Case.InPlace(name, "random", Arrays.asList(inputs), TOLERANCE, effect);
    }

    private static Shape s(int... dims) {
        return Shape.of(dims);
    }
}
