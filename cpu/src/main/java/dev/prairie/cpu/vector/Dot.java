package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.VECTOR;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.zero;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import jdk.incubator.vector.FloatVector;

/**
 * {@code out(N, O) = x(N, C) · w(O, C)ᵀ + bias + residual} for few rows N, as when one token of each sequence is decoded: every
 * weight is read once, at the speed of memory, and nothing is packed.
 */
final class Dot {
    /** From this many rows on packing pays. */
    static final int FEW = 16;

    private static final int OUTPUTS = 4;

    private Dot() {}

    /** {@code bias} and {@code residual} are addresses, or 0 for none. */
    static void run(WorkerPool pool, long out, long x, long w, long bias, long residual, int n, int c, int o) {
        int chunk = Math.ceilDiv(Split.rows(c, Split.LIGHT / 2), OUTPUTS) * OUTPUTS;
        Split.parts(pool, o, chunk, (from, to, worker) -> {
            int j = from;
            for (; j + OUTPUTS <= to; j += OUTPUTS)
                for (int i = 0; i < n; i++) {
                    long row = out + 4L * i * o;
                    four(row + 4L * j, x + 4L * i * c, w + 4L * j * c, 4L * c, bias == 0 ? 0 : bias + 4L * j, c);
                }
            for (; j < to; j++)
                for (int i = 0; i < n; i++) {
                    float b = bias == 0 ? 0f : get(bias + 4L * j);
                    set(out + 4L * ((long) i * o + j), b + dot(x + 4L * i * c, w + 4L * j * c, c));
                }
            if (residual == 0) return;
            for (int i = 0; i < n; i++) {
                long first = 4L * ((long) i * o + from);
                Elementwise.addRange(out + first, out + first, residual + first, to - from);
            }
        });
    }

    /** Four outputs of one row: four rows of w, {@code row} bytes apart, against x. */
    static void four(long out, long x, long w, long row, long bias, int c) {
        FloatVector s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero();
        int i = 0;
        for (; i <= c - LANES; i += LANES) {
            long at = w + 4L * i;
            FloatVector v = load(x + 4L * i);
            s0 = v.fma(load(at), s0);
            s1 = v.fma(load(at + row), s1);
            s2 = v.fma(load(at + 2 * row), s2);
            s3 = v.fma(load(at + 3 * row), s3);
        }
        finish(out, bias, MathVector.sum(s0), x, w, i, c);
        finish(out + 4, bias == 0 ? 0 : bias + 4, MathVector.sum(s1), x, w + row, i, c);
        finish(out + 8, bias == 0 ? 0 : bias + 8, MathVector.sum(s2), x, w + 2 * row, i, c);
        finish(out + 12, bias == 0 ? 0 : bias + 12, MathVector.sum(s3), x, w + 3 * row, i, c);
    }

    /** Adds the last products, which fill no vector, and the bias. */
    private static void finish(long out, long bias, float sum, long x, long w, int from, int c) {
        for (int i = from; i < c; i++) sum += get(x + 4L * i) * get(w + 4L * i);
        set(out, bias == 0 ? sum : sum + get(bias));
    }

    /** {@code Σ a[i] * b[i]}. */
    static float dot(long a, long b, int n) {
        FloatVector s = zero(), t = zero();
        int i = 0;
        for (; i <= n - 2 * LANES; i += 2 * LANES) {
            s = load(a + 4L * i).fma(load(b + 4L * i), s);
            t = load(a + 4L * i + VECTOR).fma(load(b + 4L * i + VECTOR), t);
        }
        float sum = MathVector.sum(s.add(t));
        for (; i < n; i++) sum += get(a + 4L * i) * get(b + 4L * i);
        return sum;
    }
}
