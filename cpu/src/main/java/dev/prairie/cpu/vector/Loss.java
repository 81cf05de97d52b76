package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.VECTOR;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;
import static dev.prairie.cpu.vector.Memory.zero;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Cross-entropy over rows of {@code v} logits. Arguments are addresses. */
final class Loss implements AutoCloseable {
    private final WorkerPool pool;
    private final Scratch exponentials;

    Loss(WorkerPool pool) {
        this.pool = pool;
        this.exponentials = new Scratch(pool.threads());
    }

    void crossEntropy(long losses, long lse, long logits, int[] targets, int v) {
        int chunk = Split.rows(v, Split.HEAVY);
        pool.run(Math.ceilDiv(targets.length, chunk), (task, worker) -> {
            long e = exponentials.take(worker, 4L * v + VECTOR);
            for (int n = task * chunk; n < Math.min(targets.length, (task + 1) * chunk); n++) {
                double l = 0;
                float hit = 0;
                if (targets[n] >= 0) {
                    long row = logits + 4L * n * v;
                    float max = max(row, v);
                    l = Math.log(exponentials(e, row, max, v)) + max;
                    hit = get(row + 4L * targets[n]);
                }
                set(losses + 4L * n, (float) (l - hit));
                set(lse + 4L * n, (float) l);
            }
        });
    }

    /** On top of what {@code dLogits} holds or over it; then it may be {@code logits}: a row is read before it is written. */
    void crossEntropyBackward(long dLogits, boolean add, long dLosses, long logits, long lse, int[] targets, int v) {
        int chunk = Split.rows(v, Split.HEAVY);
        pool.run(Math.ceilDiv(targets.length, chunk), (task, worker) -> {
            long e = exponentials.take(worker, 4L * v + VECTOR);
            for (int n = task * chunk; n < Math.min(targets.length, (task + 1) * chunk); n++) {
                long d = dLogits + 4L * n * v;
                if (targets[n] < 0) {
                    if (!add) Memory.clear(d, 4L * v);
                    continue;
                }
                float scale = get(dLosses + 4L * n);
                subtract(e, logits + 4L * n * v, get(lse + 4L * n), v);
                MathVector.exp(e, v);
                long hit = e + 4L * targets[n];
                set(hit, get(hit) - 1);
                if (add) Elementwise.accumulateRange(d, e, scale, v);
                else Elementwise.scaleRange(d, e, scale, v);
            }
        });
    }

    static float max(long x, int n) {
        FloatVector m = splat(Float.NEGATIVE_INFINITY), o = m;
        int i = 0;
        for (; i <= n - 2 * LANES; i += 2 * LANES) {
            m = MathVector.max(m, load(x + 4L * i));
            o = MathVector.max(o, load(x + 4L * i + VECTOR));
        }
        float max = m.max(o).reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) max = Math.max(max, get(x + 4L * i));
        return max;
    }

    /** {@code to = exp(x - max)}, and its sum. {@code to} has room for whole vectors, and may be {@code x}. */
    static float exponentials(long to, long x, float max, int n) {
        subtract(to, x, max, n);
        MathVector.exp(to, n);
        return sum(to, n);
    }

    private static void subtract(long to, long x, float max, int n) {
        FloatVector top = splat(max);
        int i = 0;
        for (; i <= n - LANES; i += LANES) store(to + 4L * i, load(x + 4L * i).sub(top));
        if (i < n)
            store(to + 4L * i, load(x + 4L * i, n - i, Float.NEGATIVE_INFINITY).sub(top));
    }

    /** Of whole vectors. */
    private static float sum(long x, int n) {
        FloatVector s = zero();
        for (int i = 0; i < n; i += LANES) s = s.add(load(x + 4L * i));
        return MathVector.sum(s);
    }

    @Override
    public void close() {
        exponentials.close();
    }
}
