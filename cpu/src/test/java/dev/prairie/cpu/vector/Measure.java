package dev.prairie.cpu.vector;

import com.sun.management.ThreadMXBean;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.GradKernels.AdamW;
import dev.prairie.tensor.device.GradKernels.Parameter;
import dev.prairie.tensor.device.Gradient;
import dev.prairie.tensor.device.Peak;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** Speed of the kernels on one thread and on two; not a test. {@code java ... Measure [name]}. */
final class Measure {
    private static final double SECONDS = 0.2;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final VectorKernels[] kernels;
    private final Arena arena;
    private final String only;
    private final Random random = new Random(1);

    private Measure(VectorKernels[] kernels, Arena arena, String only) {
        this.kernels = kernels;
        this.arena = arena;
        this.only = only;
    }

    public static void main(String[] args) {
        try (Arena arena = Arena.ofShared();
                CpuDevice one = new CpuDevice(1);
                CpuDevice two = new CpuDevice(2)) {
            System.out.printf(
                    Locale.ROOT,
                    "%s, %s: peak %.1f and %.1f GFLOP/s%n",
                    one.description(),
                    two.description(),
                    one.measure(Peak.F32) / 1e9,
                    two.measure(Peak.F32) / 1e9);
            var m = new Measure(
                    new VectorKernels[] {one.kernels(), two.kernels()}, arena, args.length > 0 ? args[0] : "");
            m.products(1024, 384, 1536);
            m.products(1024, 1536, 384);
            m.products(1024, 384, 4096);
            m.products(768, 128, 512);
            m.products(768, 128, 128);
            m.products(8, 384, 1536);
            m.products(1, 384, 1536);
            m.attention();
            m.rows();
            m.optimizer();
        }
    }

    private interface Run {
        void on(VectorKernels k);
    }

    private static Gradient onto(Tensor t) {
        return new Gradient(t, true);
    }

    private Tensor random(int... dims) {
        Tensor t = Tensor.zeros(arena, Shape.of(dims));
        for (long i = 0; i < t.shape().size(); i++) t.set(i, (random.nextFloat() - 0.5f) * 0.2f);
        return t;
    }

    /** {@code work}: FLOP, or bytes read and written. */
    private void time(String name, String unit, double work, Run run) {
        if (!name.contains(only)) return;
        double[] best = {Double.MAX_VALUE, Double.MAX_VALUE};
        long end = System.nanoTime() + (long) (2 * SECONDS * 1e9);
        long allocated = 0;
        for (int i = 0; i < 40 || System.nanoTime() < end; i++)
            for (int k = 0; k < 2; k++) {
                long start = System.nanoTime();
                long before = THREADS.getCurrentThreadAllocatedBytes();
                run.on(kernels[k]);
                if (k == 0) allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
                best[k] = Math.min(best[k], (System.nanoTime() - start) * 1e-9);
            }
        System.out.printf(
                Locale.ROOT,
                "%-46s %9.1f us %7.1f %s   two threads %7.1f   x%.2f  %d bytes%n",
                name,
                best[0] * 1e6,
                work / best[0] / 1e9,
                unit,
                work / best[1] / 1e9,
                best[0] / best[1],
                allocated);
    }

    private void products(int n, int c, int o) {
        Tensor x = random(n, c), w = random(o, c), b = random(o), y = random(n, o);
        Tensor dX = random(n, c), dW = random(o, c);
        String size = " N=" + n + " C=" + c + " O=" + o;
        double flops = 2.0 * n * c * o;
        time("matmul" + size, "GFLOP/s", flops, k -> k.matmul(y, x, w, b, null));
        if (n < 16) return;
        time("matmulBackwardInput" + size, "GFLOP/s", flops, k -> k.matmulBackwardInput(onto(dX), y, w));
        time("matmulBackwardWeight" + size, "GFLOP/s", flops, k -> k.matmulBackwardWeight(onto(dW), y, x));
    }

    private void attention() {
        int b = 4, t = 256, h = 6, d = 64, n = b * t;
        Tensor q = random(n, h, d), key = random(n, h, d), v = random(n, h, d), out = random(n, h, d);
        Tensor lse = random(n, h), dOut = random(n, h, d);
        Tensor dQ = random(n, h, d), dK = random(n, h, d), dV = random(n, h, d);
        Tokens tokens = Tokens.rows(b, new int[n]);
        KeyValues kv = KeyValues.packed(key, v, tokens);
        double pairs = b * h * (t * (t + 1) / 2.0);
        time(
                "attention 4x256 H=6 D=64",
                "GFLOP/s",
                pairs * 4 * d,
                k -> k.attention(out, lse, q, kv, tokens, Scoring.causal(0.125f)));
        time(
                "attentionBackward 4x256 H=6 D=64",
                "GFLOP/s",
                pairs * 10 * d,
                k -> k.attentionBackward(
                        onto(dQ), onto(dK), onto(dV), dOut, out, lse, q, kv, tokens, Scoring.causal(0.125f)));
        Tokens one = Tokens.sequence(1023, 0);
        KeyValues cache = new KeyValues(key, v, new int[][] {{0}}, 0);
        Tensor q1 = random(1, h, d), o1 = random(1, h, d), l1 = random(1, h);
        time(
                "attention decode S=1024",
                "GB/s",
                8.0 * n * h * d,
                k -> k.attention(o1, l1, q1, cache, one, Scoring.causal(0.125f)));
        int[] positions = tokens.positions();
        time("rope", "GB/s", 8.0 * n * h * d, k -> k.rope(out, q, positions, Rotary.of(d, 10000)));
        time(
                "ropeBackward",
                "GB/s",
                12.0 * n * h * d,
                k -> k.ropeBackward(onto(dQ), dOut, positions, Rotary.of(d, 10000)));
    }

    private void rows() {
        int n = 1024, c = 384, f = 1536, v = 4096;
        Tensor x = random(n, c), w = random(c), b = random(c), y = random(n, c), mean = random(n), rstd = random(n);
        Tensor dX = random(n, c), dW = random(c), dB = random(c), table = random(v, c);
        double row = 4.0 * n * c;
        time("layerNorm", "GB/s", 2 * row, k -> k.layerNorm(y, mean, rstd, x, w, b, 1e-5f));
        time(
                "layerNormBackward",
                "GB/s",
                4 * row,
                k -> k.layerNormBackward(onto(dX), onto(dW), onto(dB), y, x, w, mean, rstd));
        time("rmsNorm", "GB/s", 2 * row, k -> k.rmsNorm(y, rstd, x, w, 1e-5f));
        time("add", "GB/s", 3 * row, k -> k.add(y, x, dX));
        time("accumulate", "GB/s", 3 * row, k -> k.accumulate(onto(y), x, 1e-9f));
        int[] ids = random.ints(n, 0, v).toArray();
        time("embedding", "GB/s", 2 * row, k -> k.embedding(y, table, ids));
        time("embeddingBackward", "GB/s", 3 * row, k -> k.embeddingBackward(onto(table), y, ids));
        Tensor wide = random(n, f), wider = random(n, f), dWide = random(n, f), bias = random(f);
        double big = 4.0 * n * f;
        time("gelu", "GB/s", 2 * big, k -> k.gelu(wider, wide));
        time("geluBackward", "GB/s", 4 * big, k -> k.geluBackward(onto(dWide), wider, wide));
        time("swiGlu", "GB/s", 3 * big, k -> k.swiGlu(dWide, wide, wider));
        time("biasBackward", "GB/s", big, k -> k.biasBackward(onto(bias), wide));
        Tensor logits = random(n, v), losses = random(n), lse = random(n), dLogits = random(n, v);
        time("crossEntropy 1024x4096", "GB/s", 4.0 * n * v, k -> k.crossEntropy(losses, lse, logits, ids));
        time(
                "crossEntropyBackward 1024x4096",
                "GB/s",
                12.0 * n * v,
                k -> k.crossEntropyBackward(onto(dLogits), losses, logits, lse, ids));
    }

    private void optimizer() {
        int n = 12_000_000;
        Tensor w = random(n), g = random(n), m = Tensor.zeros(arena, Shape.of(n)), v = Tensor.zeros(arena, Shape.of(n));
        var parameters = List.of(new Parameter(w, g, m, v, 0.1f));
        var step = new AdamW(1e-3f, 0.9f, 0.95f, 1e-8f, 3, 0.5f);
        time("adamW 12M", "GB/s", 28.0 * n, k -> k.adamW(parameters, step));
        time("squaredNorm 12M", "GB/s", 4.0 * n, k -> k.squaredNorm(g));
    }
}
