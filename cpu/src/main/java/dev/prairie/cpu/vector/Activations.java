package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.MathVector.sigmoid;
import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;

import dev.prairie.cpu.parallel.WorkerPool;
import jdk.incubator.vector.FloatVector;

/**
 * GELU and SwiGLU. Since {@code (1 + tanh(u)) / 2 = sigmoid(2u)}, the tanh form of GELU is {@code x * sigmoid(2u)}: one
 * exponential, and nothing cancels for small or large x. Arguments are addresses.
 */
final class Activations {
    /** 2u = 2 sqrt(2/π) (x + 0.044715 x³) = x (A + B x²). */
    private static final float A = (float) (2 * Math.sqrt(2 / Math.PI));

    private static final float B = (float) (2 * Math.sqrt(2 / Math.PI) * 0.044715);

    private Activations() {}

    static void gelu(WorkerPool pool, long out, long x, long size) {
        Split.elements(pool, size, Split.HEAVY, (at, n) -> geluRange(out + at, x + at, n));
    }

    private static void geluRange(long out, long x, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) store(out + 4L * i, gelu(load(x + 4L * i)));
        if (i < n) store(out + 4L * i, gelu(load(x + 4L * i, n - i)), n - i);
    }

    private static FloatVector gelu(FloatVector x) {
        return x.mul(sigmoid(twoU(x)));
    }

    private static FloatVector twoU(FloatVector x) {
        return x.mul(x.mul(x).fma(splat(B), splat(A)));
    }

    static void geluBackward(WorkerPool pool, long dX, long dOut, long x, long size) {
        Split.elements(pool, size, Split.HEAVY, (at, n) -> geluBackwardRange(dX + at, dOut + at, x + at, n));
    }

    private static void geluBackwardRange(long dX, long dOut, long x, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES)
            store(dX + 4L * i, load(dOut + 4L * i).fma(geluSlope(load(x + 4L * i)), load(dX + 4L * i)));
        if (i == n) return;
        int m = n - i;
        FloatVector slope = geluSlope(load(x + 4L * i, m));
        store(dX + 4L * i, load(dOut + 4L * i, m).fma(slope, load(dX + 4L * i, m)), m);
    }

    /** s + x s (1 - s) (2u)', with s = sigmoid(2u) and (2u)' = A + 3 B x². */
    private static FloatVector geluSlope(FloatVector x) {
        FloatVector s = sigmoid(twoU(x));
        FloatVector inner = x.mul(x).fma(splat(3 * B), splat(A)).mul(x);
        return s.fma(splat(1f).sub(s).mul(inner), s);
    }

    static void swiGlu(WorkerPool pool, long out, long gate, long up, long size) {
        Split.elements(pool, size, Split.HEAVY, (at, n) -> swiGluRange(out + at, gate + at, up + at, n));
    }

    private static void swiGluRange(long out, long gate, long up, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector g = load(gate + 4L * i);
            store(out + 4L * i, g.mul(sigmoid(g)).mul(load(up + 4L * i)));
        }
        if (i == n) return;
        FloatVector g = load(gate + 4L * i, n - i);
        store(out + 4L * i, g.mul(sigmoid(g)).mul(load(up + 4L * i, n - i)), n - i);
    }

    static void swiGluBackward(WorkerPool pool, long dGate, long dUp, long dOut, long gate, long up, long size) {
        Split.elements(
                pool,
                size,
                Split.HEAVY,
                (at, n) -> swiGluBackwardRange(dGate + at, dUp + at, dOut + at, gate + at, up + at, n));
    }

    private static void swiGluBackwardRange(long dGate, long dUp, long dOut, long gate, long up, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector g = load(gate + 4L * i);
            FloatVector d = load(dOut + 4L * i);
            FloatVector s = sigmoid(g);
            store(dUp + 4L * i, d.fma(g.mul(s), load(dUp + 4L * i)));
            FloatVector slope = siluSlope(g, s);
            store(dGate + 4L * i, d.mul(load(up + 4L * i)).fma(slope, load(dGate + 4L * i)));
        }
        if (i == n) return;
        int m = n - i;
        FloatVector g = load(gate + 4L * i, m);
        FloatVector d = load(dOut + 4L * i, m);
        FloatVector s = sigmoid(g);
        store(dUp + 4L * i, d.fma(g.mul(s), load(dUp + 4L * i, m)), m);
        store(dGate + 4L * i, d.mul(load(up + 4L * i, m)).fma(siluSlope(g, s), load(dGate + 4L * i, m)), m);
    }

    /** s (1 + g (1 - s)). */
    private static FloatVector siluSlope(FloatVector g, FloatVector s) {
        return s.mul(splat(1f).sub(s).fma(g, splat(1f)));
    }
}
