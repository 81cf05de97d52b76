package dev.prairie.cpu.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.Buffer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.GradKernels.AdamW;
import dev.prairie.tensor.device.GradKernels.Parameter;
import dev.prairie.tensor.device.Gradient;
import dev.prairie.tensor.device.Peak;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the conformance table does not reach: large, unaligned and empty tensors, caches, every bit pattern. */
class EdgeTest {
    private final Arena arena = Arena.ofShared();
    private final WorkerPool pool = new WorkerPool(2);
    private final VectorKernels kernels = new VectorKernels(pool);
    private final Random random = new Random(3);

    @AfterEach
    void close() {
        kernels.close();
        pool.close();
        arena.close();
    }

    private static Gradient onto(Tensor t) {
        return new Gradient(t, true);
    }

    private Tensor random(int... dims) {
        return fill(Tensor.zeros(arena, Shape.of(dims)));
    }

    private Tensor fill(Tensor t) {
        for (long i = 0; i < t.shape().size(); i++) t.set(i, random.nextFloat() - 0.5f);
        return t;
    }

    private Tensor zeros(int... dims) {
        return Tensor.zeros(arena, Shape.of(dims));
    }

    /** At an odd address, as in a mapped file. */
    private Tensor unaligned(int... dims) {
        Shape shape = Shape.of(dims);
        long bytes = DType.F32.bytes(shape.size());
        return fill(Tensor.over(Buffer.allocate(arena, bytes + 3).slice(3, bytes), DType.F32, shape));
    }

    @Test
    void productsLargerThanWhatIsPackedAtOnce() {
        int n = 1300, c = 8000, o = 1100;
        Tensor x = random(n, c), w = random(o, c), y = zeros(n, o);
        kernels.matmul(y, x, w, null, null);
        for (int i = 0; i < 300; i++) {
            int r = i < 2 ? i * (n - 1) : random.nextInt(n);
            int j = i < 2 ? i * (o - 1) : random.nextInt(o);
            double sum = 0;
            for (int k = 0; k < c; k++) sum += (double) x.get((long) r * c + k) * w.get((long) j * c + k);
            assertThat((double) y.get((long) r * o + j)).isCloseTo(sum, within(1e-3));
        }
    }

    @Test
    void unalignedTensorsGiveTheSameBits() {
        Tensor x = unaligned(40, 50), w = unaligned(60, 50), y = unaligned(40, 60);
        Tensor x2 = zeros(40, 50), w2 = zeros(60, 50), y2 = zeros(40, 60);
        x2.copyFrom(x);
        w2.copyFrom(w);
        kernels.matmul(y, x, w, null, null);
        kernels.matmul(y2, x2, w2, null, null);
        assertThat(y.toFloats()).isEqualTo(y2.toFloats());
        kernels.gelu(y, y);
        kernels.gelu(y2, y2);
        assertThat(y.toFloats()).isEqualTo(y2.toFloats());
    }

    @Test
    void nothingIsWrittenBesideAnOutput() {
        for (int n : new int[] {1, 7, 33}) {
            Tensor guarded = random(2 + 5 * n);
            float[] before = guarded.toFloats();
            Tensor out = Tensor.over(guarded.buffer().slice(4, 20L * n), DType.F32, Shape.of(5, n));
            Tensor x = random(5, n), w = random(n, n);
            kernels.gelu(out, x);
            for (boolean add : new boolean[] {true, false}) {
                var d = new Gradient(out, add);
                kernels.geluBackward(d, x, x);
                kernels.biasBackward(new Gradient(out.view(Shape.of(5 * n)), add), random(3, 5 * n));
                kernels.swiGluBackward(d, new Gradient(zeros(5, n), add), x, x, x);
                kernels.accumulate(d, x, 2);
                kernels.rmsNormBackward(d, new Gradient(zeros(n), add), x, x, random(n), random(5));
                kernels.matmulBackwardInput(d, x, w);
                kernels.matmulBackwardWeight(d, random(9, 5), random(9, n));
                kernels.crossEntropyBackward(d, random(5), x, random(5), new int[] {0, -1, 0, 0, -1});
            }
            kernels.matmul(out, x, w, random(n), x);
            kernels.matmulBackwardInput(onto(out), x, w);
            kernels.matmulBackwardWeight(
                    onto(Tensor.over(out.buffer(), DType.F32, Shape.of(5, n))), random(9, 5), random(9, n));
            kernels.add(out, x, x);
            kernels.crossEntropyBackward(onto(out), random(5), x, random(5), new int[5]);
            float[] after = guarded.toFloats();
            assertThat(after[0]).isEqualTo(before[0]);
            assertThat(after[after.length - 1]).isEqualTo(before[before.length - 1]);
        }
    }

    @Test
    void emptyTensorsAreLegal() {
        Tensor none = zeros(0, 8), nothing = zeros(0), w = random(8, 8), row = random(8);
        float[] before = w.toFloats();
        int[] no = {};
        kernels.embedding(none, w, no);
        kernels.embeddingBackward(onto(w), none, no);
        kernels.rmsNorm(none, nothing, none, row, 1e-5f);
        kernels.layerNorm(none, nothing, nothing, none, row, row, 1e-5f);
        kernels.rmsNormBackward(onto(none), onto(row), none, none, row, nothing);
        kernels.layerNormBackward(onto(none), onto(row), onto(row), none, none, row, nothing, nothing);
        kernels.matmul(none, none, w, row, null);
        kernels.matmulBackwardInput(onto(none), none, w);
        kernels.matmulBackwardWeight(onto(w), none, none);
        kernels.biasBackward(onto(row), none);
        Tensor heads = none.view(Shape.of(0, 2, 4));
        kernels.rope(heads, heads, no, Rotary.of(4, 10000));
        kernels.ropeBackward(onto(heads), heads, no, Rotary.of(4, 10000));
        var tokens = new Tokens(no, no, new int[] {0, 0});
        var kv = KeyValues.packed(heads, heads, tokens);
        kernels.attention(heads, zeros(0, 2), heads, kv, tokens, Scoring.causal(1));
        kernels.attentionBackward(
                onto(heads), onto(heads), onto(heads), heads, heads, zeros(0, 2), heads, kv, tokens, Scoring.causal(1));
        kernels.gelu(none, none);
        kernels.swiGlu(none, none, none);
        kernels.add(none, none, none);
        kernels.cast(none, none);
        kernels.gather(none, w, no);
        kernels.gatherBackward(onto(w), none, no);
        kernels.crossEntropy(nothing, nothing, none, no);
        kernels.crossEntropyBackward(onto(none), nothing, none, nothing, no);
        var step = new AdamW(1, 0, 0, 1, 1, 1);
        kernels.adamW(List.of(), step);
        var empty = new Parameter(none, none, none, none, 0);
        kernels.adamW(List.of(empty, empty), step);
        Tensor one = random(1), two = one.view(Shape.of(1)), zero = zeros(1);
        kernels.adamW(List.of(empty, new Parameter(one, zero, zero, zero, 0.5f), empty), step);
        assertThat(two.get(0)).isEqualTo(one.get(0));
        assertThat(kernels.squaredNorm(none)).isZero();
        assertThat(w.toFloats()).isEqualTo(before);
    }

    @Test
    void overNothingFromNothingIsZero() {
        Tensor none = zeros(0, 8), nothing = zeros(0);
        int[] no = {};
        Gradient matrix = new Gradient(random(8, 8), false), row = new Gradient(random(8), false);
        Gradient bias = new Gradient(random(8), false), table = new Gradient(random(8, 8), false);
        kernels.matmulBackwardWeight(matrix, none, none);
        kernels.layerNormBackward(new Gradient(none, false), row, bias, none, none, random(8), nothing, nothing);
        kernels.embeddingBackward(table, none, no);
        for (Gradient d : List.of(matrix, row, bias, table))
            assertThat(d.tensor().toFloats()).containsOnly(0);
        kernels.biasBackward(new Gradient(bias.tensor(), false), none);
        assertThat(bias.tensor().toFloats()).containsOnly(0);
    }

    @Test
    void theGradientOfLogitsMayTakeTheirPlace() {
        Tensor logits = random(9, 130), losses = zeros(9), lse = zeros(9), apart = zeros(9, 130), dLosses = random(9);
        int[] targets = {3, 129, -1, 0, 64, 1, 2, -1, 128};
        kernels.crossEntropy(losses, lse, logits, targets);
        kernels.crossEntropyBackward(new Gradient(apart, false), dLosses, logits, lse, targets);
        kernels.crossEntropyBackward(new Gradient(logits, false), dLosses, logits, lse, targets);
        assertThat(logits.toFloats()).isEqualTo(apart.toFloats());
        assertThat(losses.get(2)).isZero();
    }

    @Test
    void queriesOneByOneSeeWhatAllAtOnceSee() {
        int n = 150, h = 4, g = 2, d = 20, block = 16;
        Tensor q = random(n, h, d), k = random(n, g, d), v = random(n, g, d), all = zeros(n, h, d), lse = zeros(n, h);
        Tokens whole = Tokens.sequence(0, new int[n]);
        kernels.attention(all, lse, q, KeyValues.packed(k, v, whole), whole, Scoring.causal(0.3f));
        int[] table = new int[10]; // the same keys, scattered over the blocks of a cache
        Tensor kPaged = random(12 * block, g, d), vPaged = random(12 * block, g, d);
        for (int i = 0; i < 10; i++) {
            table[i] = (i * 7 + 3) % 12;
            int rows = Math.min(block, n - i * block);
            kPaged.slice(table[i] * block, table[i] * block + rows).copyFrom(k.slice(i * block, i * block + rows));
            vPaged.slice(table[i] * block, table[i] * block + rows).copyFrom(v.slice(i * block, i * block + rows));
        }
        var paged = new KeyValues(kPaged, vPaged, new int[][] {table}, block);
        for (int count : new int[] {1, 2, 40}) {
            Tokens last = Tokens.sequence(n - count, new int[count]);
            Tensor out = zeros(count, h, d), some = zeros(count, h);
            kernels.attention(out, some, q.slice(n - count, n), paged, last, Scoring.causal(0.3f));
            close(out, all.slice(n - count, n));
            close(some, lse.slice(n - count, n));
        }
    }

    private static void close(Tensor found, Tensor expected) {
        for (long i = 0; i < found.shape().size(); i++)
            assertThat(found.get(i)).isCloseTo(expected.get(i), within(1e-5f));
    }

    @Test
    void everyHalfPrecisionNumberSurvivesTheRoundTrip() {
        for (DType type : new DType[] {DType.BF16, DType.F16}) {
            Tensor narrow = Tensor.zeros(arena, type, Shape.of(1 << 16));
            Tensor back = Tensor.zeros(arena, type, Shape.of(1 << 16));
            Tensor wide = zeros(1 << 16);
            for (int i = 0; i < 1 << 16; i++) narrow.segment().set(ValueLayout.JAVA_SHORT, 2L * i, (short) i);
            kernels.cast(wide, narrow);
            kernels.cast(back, wide);
            for (int i = 0; i < 1 << 16; i++) {
                float value = wide.get(i);
                float expected = type == DType.F16 ? Float.float16ToFloat((short) i) : Float.intBitsToFloat(i << 16);
                if (Float.isNaN(expected)) assertThat(value).isNaN();
                else {
                    assertThat(value).isEqualTo(expected);
                    assertThat(back.segment().get(ValueLayout.JAVA_SHORT, 2L * i))
                            .isEqualTo((short) i);
                }
            }
        }
    }

    @Test
    void bf16RoundsToNearestTiesToEven() {
        assertThat(Cast.toBf16(Float.intBitsToFloat(0x3f808000))).isEqualTo((short) 0x3f80); // tie, even below
        assertThat(Cast.toBf16(Float.intBitsToFloat(0x3f818000))).isEqualTo((short) 0x3f82); // tie, even above
        assertThat(Cast.toBf16(Float.intBitsToFloat(0x3f808001))).isEqualTo((short) 0x3f81);
        assertThat(Cast.toBf16(Float.MAX_VALUE)).isEqualTo((short) 0x7f80); // infinity
        assertThat(Cast.fromBf16(Cast.toBf16(Float.intBitsToFloat(0x7f800001)))).isNaN();
    }

    @Test
    void castRefusesIntegers() {
        assertThatThrownBy(() -> kernels.cast(Tensor.zeros(arena, DType.I32, Shape.of(3)), zeros(3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("F32 to I32");
    }

    @Test
    void theDeviceIsFoundOpenedAndClosed() {
        Devices.Usable found = Devices.probe().choose(Optional.of("cpu:vector"));
        assertThat(found.score()).isEqualTo(100 + Memory.LANES);
        try (var device = found.provider().open(2)) {
            assertThat(device.threads()).isEqualTo(2);
            assertThat(device.description()).endsWith("2 threads").contains(Memory.LANES + " lanes");
            assertThat(device.kernels()).isInstanceOf(VectorKernels.class);
            assertThat(device.measure(Peak.F32)).isGreaterThan(1e8);
            assertThat(device.measure(Peak.READ)).isGreaterThan(1e8);
            assertThat(device.measure(Peak.INT8)).isZero();
        }
    }
}
