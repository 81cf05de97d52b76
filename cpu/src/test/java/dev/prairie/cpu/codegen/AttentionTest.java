package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.Gradient;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Generated attention against its definition: random legal shapes, packed and paged, for every way to multiply. */
class AttentionTest {
    private final Arena arena = Arena.ofShared();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Random random = new Random(17);

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) each.close();
        arena.close();
    }

    static List<Arguments> ways() {
        var ways = new ArrayList<Arguments>();
        for (Isa isa : Isas.runnable())
            for (DType precision : new DType[] {DType.F32, DType.BF16})
                if (precision == DType.BF16 || isa.bf16() == Isa.Bf16.FMA) ways.add(Arguments.of(isa, precision));
        return ways;
    }

    private Attention attention(Isa isa, DType precision, int threads) {
        var pool = new WorkerPool(threads);
        open.add(pool);
        var pages = new CodePages(new SystemCalls.Linux());
        open.add(pages);
        var attention = new Attention(pages, isa, pool, precision);
        open.add(attention);
        return attention;
    }

    private Tensor random(int... dims) {
        Tensor t = zeros(dims);
        for (long i = 0; i < t.shape().size(); i++) t.set(i, random.nextFloat() * 2 - 1);
        return t;
    }

    private Tensor zeros(int... dims) {
        return Tensor.zeros(arena, Shape.of(dims));
    }

    private static void close(Tensor found, Tensor expected, double tolerance, String name) {
        for (long i = 0; i < found.shape().size(); i++)
            assertThat(found.get(i)).as("%s[%d]", name, i).isCloseTo(expected.get(i), within((float)
                    (tolerance * (1 + Math.abs(expected.get(i))))));
    }

    /** One call's arguments: sequences of any length, in a cache of scattered blocks or packed. */
    private record Call(Tensor q, KeyValues kv, Tokens tokens, float scale) {}

    private Call call(int d) {
        int sequences = 1 + random.nextInt(3),
                keyHeads = 1 + random.nextInt(2),
                heads = keyHeads * (1 + random.nextInt(2));
        boolean paged = random.nextBoolean();
        int[] starts = new int[sequences + 1], first = new int[sequences];
        for (int b = 0; b < sequences; b++) {
            int length = random.nextInt(4) == 0 ? random.nextInt(3) : random.nextInt(90);
            starts[b + 1] = starts[b] + length;
            first[b] = paged ? random.nextInt(100) : 0;
        }
        int n = starts[sequences];
        int[] positions = new int[n];
        for (int b = 0; b < sequences; b++)
            for (int i = starts[b]; i < starts[b + 1]; i++) positions[i] = first[b] + i - starts[b];
        var tokens = new Tokens(new int[n], positions, starts);
        Tensor q = random(n, heads, d);
        float scale = random.nextFloat() - 0.3f;
        if (!paged)
            return new Call(q, KeyValues.packed(random(n, keyHeads, d), random(n, keyHeads, d), tokens), tokens, scale);
        int block = 1 + random.nextInt(20);
        int[][] table = new int[sequences][];
        int used = 0;
        for (int b = 0; b < sequences; b++) {
            table[b] = new int[Math.ceilDiv(tokens.length(b), block)];
            for (int i = table[b].length - 1; i >= 0; i--) table[b][i] = used++;
        }
        var kv = new KeyValues(random(used * block, keyHeads, d), random(used * block, keyHeads, d), table, block);
        return new Call(q, kv, tokens, scale);
    }

    @ParameterizedTest
    @MethodSource("ways")
    void randomShapesAgreeWithTheDefinition(Isa isa, DType precision) {
        Attention attention = attention(isa, precision, 2);
        for (int d : new int[] {1, 7, 8, 16, 24, 33, 64, 80, 128})
            for (int round = 0; round < 3; round++) check(attention, precision, call(d));
    }

    private void check(Attention attention, DType precision, Call c) {
        double tolerance = precision == DType.F32 ? 5e-5 : 0x1p-6;
        var reference = new ReferenceKernels(precision);
        Shape queries = c.q.shape(), keys = c.kv.k().shape();
        int n = queries.dim(0), heads = queries.dim(1), d = queries.dim(2);
        Tensor out = zeros(n, heads, d),
                lse = zeros(n, heads),
                found = random(n, heads, d),
                foundLse = random(n, heads);
        reference.attention(out, lse, c.q, c.kv, c.tokens, Scoring.causal(c.scale));
        attention.forward(found, foundLse, c.q, c.kv, c.tokens, c.scale);
        close(found, out, tolerance, "out");
        close(foundLse, lse, tolerance, "lse");
        Tensor dOut = random(n, heads, d);
        for (boolean add : new boolean[] {false, true}) {
            Tensor[] expected = new Tensor[3], got = new Tensor[3];
            for (int i = 0; i < 3; i++) {
                expected[i] = Tensor.zeros(arena, i == 0 ? queries : keys);
                got[i] = Tensor.zeros(arena, i == 0 ? queries : keys);
                for (long j = 0; j < got[i].shape().size(); j++) {
                    float before = random.nextFloat();
                    expected[i].set(j, before);
                    got[i].set(j, before);
                }
            }
            reference.attentionBackward(
                    new Gradient(expected[0], add),
                    new Gradient(expected[1], add),
                    new Gradient(expected[2], add),
                    dOut,
                    out,
                    lse,
                    c.q,
                    c.kv,
                    c.tokens,
                    Scoring.causal(c.scale));
            attention.backward(
                    new Gradient(got[0], add),
                    new Gradient(got[1], add),
                    new Gradient(got[2], add),
                    dOut,
                    out,
                    lse,
                    c.q,
                    c.kv,
                    c.tokens,
                    c.scale);
            close(got[0], expected[0], tolerance, "dQ");
            close(got[1], expected[1], tolerance, "dK");
            close(got[2], expected[2], tolerance, "dV");
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void theSameBitsOnAnyNumberOfThreads(Isa isa, DType precision) {
        int n = 700, heads = 4, d = 40;
        var tokens = new Tokens(new int[n], positions(n), new int[] {0, n});
        Tensor q = random(n, heads, d), k = random(n, 2, d), v = random(n, 2, d), dOut = random(n, heads, d);
        KeyValues kv = KeyValues.packed(k, v, tokens);
        List<float[]> first = List.of();
        for (int threads : new int[] {1, 2, 3, 2}) {
            Attention attention = attention(isa, precision, threads);
            Tensor out = zeros(n, heads, d), lse = zeros(n, heads);
            Tensor dQ = zeros(n, heads, d), dK = zeros(n, 2, d), dV = zeros(n, 2, d);
            attention.forward(out, lse, q, kv, tokens, 0.2f);
            attention.backward(
                    new Gradient(dQ, false),
                    new Gradient(dK, false),
                    new Gradient(dV, false),
                    dOut,
                    out,
                    lse,
                    q,
                    kv,
                    tokens,
                    0.2f);
            List<float[]> all = List.of(out.toFloats(), lse.toFloats(), dQ.toFloats(), dK.toFloats(), dV.toFloats());
            if (first.isEmpty()) first = all;
            for (int i = 0; i < all.size(); i++) assertThat(all.get(i)).isEqualTo(first.get(i));
        }
    }

    private static int[] positions(int n) {
        int[] positions = new int[n];
        for (int i = 0; i < n; i++) positions[i] = i;
        return positions;
    }

    /** Sums of exponentials would overflow without the maximum, and vanish without its updates. */
    @ParameterizedTest
    @MethodSource("ways")
    void greatScoresDoNotOverflow(Isa isa, DType precision) {
        int n = 200, d = 32;
        var tokens = new Tokens(new int[n], positions(n), new int[] {0, n});
        Tensor q = random(n, 1, d), k = zeros(n, 1, d), v = random(n, 1, d);
        for (int i = 0; i < n; i++) for (int j = 0; j < d; j++) k.set((long) i * d + j, q.get((long) i * d + j) * i);
        KeyValues kv = KeyValues.packed(k, v, tokens);
        Tensor out = zeros(n, 1, d), lse = zeros(n, 1), found = zeros(n, 1, d), foundLse = zeros(n, 1);
        new ReferenceKernels(precision).attention(out, lse, q, kv, tokens, Scoring.causal(2));
        attention(isa, precision, 1).forward(found, foundLse, q, kv, tokens, 2);
        close(found, out, precision == DType.F32 ? 2e-3 : 2e-2, "out"); // scores of thousands: exponents have an error
        close(foundLse, lse, 1e-5, "lse");
    }

    @Test
    void keysThatAreNotSeenDoNotCount() {
        Isa isa = Isas.runnable().getLast();
        for (DType precision : new DType[] {DType.F32, DType.BF16}) {
            Attention attention = attention(isa, precision, 1);
            int n = 70, d = 64;
            var tokens = new Tokens(new int[n], positions(n), new int[] {0, n});
            Tensor q = random(n, 1, d), k = random(n, 1, d), v = random(n, 1, d);
            Tensor out = zeros(n, 1, d), lse = zeros(n, 1), other = zeros(n, 1, d), otherLse = zeros(n, 1);
            attention.forward(out, lse, q, KeyValues.packed(k, v, tokens), tokens, 0.1f);
            IntConsumer spoil = row -> {
                for (int j = 0; j < d; j++) k.set((long) row * d + j, Float.NaN);
            };
            spoil.accept(69);
            attention.forward(other, otherLse, q, KeyValues.packed(k, v, tokens), tokens, 0.1f);
            for (int i = 0; i < 69; i++)
                for (int j = 0; j < d; j++)
                    assertThat(other.get((long) i * d + j)).isEqualTo(out.get((long) i * d + j));
            assertThat(otherLse.get(69)).isNaN();
        }
    }
}
