package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.VECTOR;
import static dev.prairie.cpu.vector.Memory.copy;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import jdk.incubator.vector.FloatVector;

/**
 * GELU and SwiGLU. Since {@code (1 + tanh(u)) / 2 = sigmoid(2u) = 1 / (1 + e^-2u)}, the tanh form of GELU is
 * {@code x * sigmoid(2u)}: one exponential, and nothing cancels for small or large x. Arguments are addresses.
 *
 * <p>Work goes in blocks that stay in the first-level cache: the exponents of a block, their exponentials, the result.
 * A last partial vector is copied to scratch memory, done there whole, and copied back.
 */
final class Activations implements AutoCloseable {
    private static final int BLOCK = 1024;

    /** 2u = 2 sqrt(2/π) (x + 0.044715 x³) = x (A + B x²). */
    private static final double SLOPE = 2 * Math.sqrt(2 / Math.PI);

    private static final FloatVector A = splat((float) SLOPE);
    private static final FloatVector B = splat((float) (SLOPE * 0.044715));
    private static final FloatVector B_3 = splat((float) (SLOPE * 3 * 0.044715));
    private static final FloatVector ONE = splat(1f);
    private static final FloatVector ZERO = splat(0f);

    private final WorkerPool pool;
    private final Scratch scratch;

    Activations(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new Scratch(pool.threads());
    }

    /**
     * A kernel on whole vectors: {@code n} floats, a multiple of a vector and a block at most; {@code e} is room for as
     * many. Operands are at {@code at} bytes from the start of each tensor, or at fixed places in scratch memory.
     */
    private interface Whole {
        void run(long a, long b, long c, long d, long f, long e, int n);
    }

    /** Runs it over up to five tensors, address 0 where there are fewer; the first {@code outputs} are copied back. */
    private void run(long a, long b, long c, long d, long f, int outputs, long size, Whole kernel) {
        long[] tensors = {a, b, c, d, f};
        Split.elements(pool, size, Split.HEAVY, (at, n, worker) -> {
            long e = scratch.take(worker, 4L * BLOCK + tensors.length * VECTOR);
            int whole = n / LANES * LANES;
            for (int i = 0; i < whole; i += BLOCK) {
                long to = at + 4L * i;
                kernel.run(a + to, b + to, c + to, d + to, f + to, e, Math.min(BLOCK, whole - i));
            }
            if (whole == n) return;
            long last = at + 4L * whole;
            long rest = 4L * (n - whole);
            long pad = e + 4L * BLOCK;
            Pack.clear(pad, (long) tensors.length * LANES);
            for (int t = 0; t < tensors.length; t++)
                if (tensors[t] != 0) copy(pad + t * VECTOR, tensors[t] + last, rest);
            kernel.run(pad, pad + VECTOR, pad + 2 * VECTOR, pad + 3 * VECTOR, pad + 4 * VECTOR, e, LANES);
            for (int t = 0; t < outputs; t++) copy(tensors[t] + last, pad + t * VECTOR, rest);
        });
    }

    void gelu(long out, long x, long size) {
        run(out, x, 0, 0, 0, 1, size, (o, in, c, d, f, e, n) -> {
            exponents(e, in, n);
            MathVector.exp(e, n);
            for (int i = 0; i < n; i += LANES)
                store(o + 4L * i, load(in + 4L * i).div(load(e + 4L * i).add(ONE)));
        });
    }

    /** {@code e = -2u}. */
    private static void exponents(long e, long x, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            store(e + 4L * i, ZERO.sub(v).mul(v.mul(v).fma(B, A)));
        }
    }

    void geluBackward(long dX, boolean add, long dOut, long x, long size) {
        run(dX, dOut, x, 0, 0, 1, size, (to, from, in, d, f, e, n) -> {
            exponents(e, in, n);
            MathVector.exp(e, n);
            geluSlope(to, add, from, in, e, n);
        });
    }

    /** {@code dX += dOut (s + x s (1 - s) (2u)')}, with s = sigmoid(2u) and (2u)' = A + 3 B x². */
    private static void geluSlope(long dX, boolean add, long dOut, long x, long e, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            FloatVector s = ONE.div(load(e + 4L * i).add(ONE));
            FloatVector inner = v.mul(v).fma(B_3, A).mul(v);
            FloatVector slope = s.fma(ONE.sub(s).mul(inner), s);
            FloatVector d = load(dOut + 4L * i);
            if (add) store(dX + 4L * i, d.fma(slope, load(dX + 4L * i)));
            else store(dX + 4L * i, d.mul(slope));
        }
    }

    void geluExact(long out, long x, long size) {
        run(out, x, 0, 0, 0, 1, size, (o, in, c, d, f, e, n) -> Bounded.geluExact(o, in, e, n));
    }

    void geluExactBackward(long dX, boolean add, long dOut, long x, long size) {
        run(
                dX,
                dOut,
                x,
                0,
                0,
                1,
                size,
                (to, from, in, d, f, e, n) -> Bounded.geluExactBackward(to, add, from, in, e, n));
    }

    void softCap(long out, long x, float cap, long size) {
        run(out, x, 0, 0, 0, 1, size, (o, in, c, d, f, e, n) -> Bounded.softCap(o, in, cap, e, n));
    }

    void softCapBackward(long dX, boolean add, long dOut, long out, float cap, long size) {
        run(
                dX,
                dOut,
                out,
                0,
                0,
                1,
                size,
                (to, from, o, d, f, e, n) -> Bounded.softCapBackward(to, add, from, o, cap, n));
    }

    void swiGlu(long out, long gate, long up, long size) {
        run(out, gate, up, 0, 0, 1, size, (o, g, u, d, f, e, n) -> {
            negated(e, g, n);
            MathVector.exp(e, n);
            for (int i = 0; i < n; i += LANES)
                store(
                        o + 4L * i,
                        load(g + 4L * i).div(load(e + 4L * i).add(ONE)).mul(load(u + 4L * i)));
        });
    }

    private static void negated(long e, long x, int n) {
        for (int i = 0; i < n; i += LANES) store(e + 4L * i, ZERO.sub(load(x + 4L * i)));
    }

    void swiGluBackward(
            long dGate, boolean addGate, long dUp, boolean addUp, long dOut, long gate, long up, long size) {
        run(dGate, dUp, dOut, gate, up, 2, size, (dG, dU, d, g, u, e, n) -> {
            negated(e, g, n);
            MathVector.exp(e, n);
            swiGluSlope(dG, addGate, dU, addUp, d, g, u, e, n);
        });
    }

    /** {@code dUp += dOut g s} and {@code dGate += dOut up s (1 + g (1 - s))}, with s = sigmoid(g). */
    private static void swiGluSlope(
            long dGate, boolean addGate, long dUp, boolean addUp, long dOut, long gate, long up, long e, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector g = load(gate + 4L * i);
            FloatVector d = load(dOut + 4L * i);
            FloatVector s = ONE.div(load(e + 4L * i).add(ONE));
            FloatVector value = g.mul(s);
            if (addUp) store(dUp + 4L * i, d.fma(value, load(dUp + 4L * i)));
            else store(dUp + 4L * i, d.mul(value));
            FloatVector slope = s.mul(ONE.sub(s).fma(g, ONE));
            FloatVector dValue = d.mul(load(up + 4L * i));
            if (addGate) store(dGate + 4L * i, dValue.fma(slope, load(dGate + 4L * i)));
            else store(dGate + 4L * i, dValue.mul(slope));
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
