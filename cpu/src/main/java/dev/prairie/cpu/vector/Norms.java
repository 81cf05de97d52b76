package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;
import static dev.prairie.cpu.vector.Memory.zero;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import jdk.incubator.vector.FloatVector;

/**
 * Root-mean-square norm and layer norm over rows of {@code c} numbers. Arguments are addresses.
 *
 * <p>Backward sums the gradients of weight and bias over fixed chunks of rows, then over the chunks in order. Both
 * norms share its row: {@code dX = rstd (dOut w - mean(dOut w) - x̂ mean(dOut w x̂))} with x̂ the normalised row, where
 * the root-mean-square norm has no middle term.
 */
final class Norms implements AutoCloseable {
    private static final int MOST_CHUNKS = 64;
    private static final int LEAST_ROWS = 16;

    private final WorkerPool pool;
    private final Scratch partials = new Scratch(1);

    Norms(WorkerPool pool) {
        this.pool = pool;
    }

    void rms(long out, long rstd, long x, long w, float eps, int n, int c) {
        Split.parts(pool, n, Split.rows(c, Split.HEAVY), (from, to, worker) -> {
            for (int i = from; i < to; i++) {
                long row = x + 4L * i * c;
                float r = (float) (1 / Math.sqrt(squares(row, 0f, c) / c + eps));
                set(rstd + 4L * i, r);
                normalise(out + 4L * i * c, row, 0f, r, w, 0, c);
            }
        });
    }

    void layer(long out, long mean, long rstd, long x, long w, long b, float eps, int n, int c) {
        Split.parts(pool, n, Split.rows(c, Split.HEAVY), (from, to, worker) -> {
            for (int i = from; i < to; i++) {
                long row = x + 4L * i * c;
                float m = sum(row, c) / c;
                float r = (float) (1 / Math.sqrt(squares(row, m, c) / c + eps));
                set(mean + 4L * i, m);
                set(rstd + 4L * i, r);
                normalise(out + 4L * i * c, row, m, r, w, b, c);
            }
        });
    }

    private static float sum(long x, int c) {
        FloatVector s = zero();
        int i = 0;
        for (; i <= c - LANES; i += LANES) s = s.add(load(x + 4L * i));
        if (i < c) s = s.add(load(x + 4L * i, c - i));
        return MathVector.sum(s);
    }

    /** {@code Σ (x - mean)²}. */
    private static float squares(long x, float mean, int c) {
        FloatVector s = zero();
        int i = 0;
        for (; i <= c - LANES; i += LANES) {
            FloatVector d = load(x + 4L * i).sub(mean);
            s = d.fma(d, s);
        }
        if (i < c) {
            FloatVector d = load(x + 4L * i, c - i, mean).sub(mean);
            s = d.fma(d, s);
        }
        return MathVector.sum(s);
    }

    /** {@code out = (x - mean) * rstd * w + b}; no b where its address is 0. */
    private static void normalise(long out, long x, float mean, float rstd, long w, long b, int c) {
        int i = 0;
        for (; i <= c - LANES; i += LANES) {
            FloatVector y = load(x + 4L * i).sub(mean).mul(rstd).mul(load(w + 4L * i));
            store(out + 4L * i, b == 0 ? y : y.add(load(b + 4L * i)));
        }
        for (; i < c; i++) {
            float y = (get(x + 4L * i) - mean) * rstd * get(w + 4L * i);
            set(out + 4L * i, b == 0 ? y : y + get(b + 4L * i));
        }
    }

    /** Where the gradients go, and whether on top of what is there. */
    record Grads(long dX, boolean addX, long dW, boolean addW, long dB, boolean addB) {}

    /** Of either norm: the root-mean-square norm has no {@code mean} and no {@code dB}, addresses 0. */
    synchronized void backward(Grads d, long dOut, long x, long w, long mean, long rstd, int n, int c) {
        int rows = Math.max(LEAST_ROWS, Math.ceilDiv(n, MOST_CHUNKS));
        int chunks = Math.ceilDiv(n, rows);
        long sumsW = partials.take(0, 4L * c * chunks * 2);
        long sumsB = sumsW + 4L * c * chunks;
        pool.run(chunks, (chunk, worker) -> {
            long pW = sumsW + 4L * c * chunk;
            long pB = sumsB + 4L * c * chunk;
            Memory.clear(pW, 4L * c);
            Memory.clear(pB, 4L * c);
            for (int i = chunk * rows; i < Math.min(n, (chunk + 1) * rows); i++) {
                long at = 4L * i * c;
                float m = mean == 0 ? 0f : get(mean + 4L * i);
                float r = get(rstd + 4L * i);
                row(d.dX + at, d.addX, pW, pB, dOut + at, x + at, w, m, r, mean != 0, c);
            }
        });
        Rows.sum(pool, d.dW, d.addW, sumsW, chunks, c);
        if (d.dB != 0) Rows.sum(pool, d.dB, d.addB, sumsB, chunks, c);
    }

    private static void row(
            long dX,
            boolean add,
            long dW,
            long dB,
            long dOut,
            long x,
            long w,
            float mean,
            float rstd,
            boolean centred,
            int c) {
        FloatVector m = splat(mean), r = splat(rstd);
        FloatVector s = zero(), t = zero();
        int i = 0;
        for (; i <= c - LANES; i += LANES) {
            FloatVector hat = load(x + 4L * i).sub(m).mul(r);
            FloatVector d = load(dOut + 4L * i);
            FloatVector dw = d.mul(load(w + 4L * i));
            s = s.add(dw);
            t = dw.fma(hat, t);
            store(dW + 4L * i, d.fma(hat, load(dW + 4L * i)));
            store(dB + 4L * i, d.add(load(dB + 4L * i)));
        }
        float sum = MathVector.sum(s);
        float dot = MathVector.sum(t);
        if (i < c) {
            sum += lastSum(dOut, w, i, c);
            dot += lastDot(dW, dB, dOut, x, w, mean, rstd, i, c);
        }
        spread(dX, add, dOut, x, w, mean, rstd, centred ? sum / c : 0f, dot / c, c);
    }

    private static float lastSum(long dOut, long w, int from, int c) {
        float sum = 0;
        for (int i = from; i < c; i++) sum += get(dOut + 4L * i) * get(w + 4L * i);
        return sum;
    }

    private static float lastDot(long dW, long dB, long dOut, long x, long w, float mean, float rstd, int from, int c) {
        float dot = 0;
        for (int i = from; i < c; i++) {
            float hat = (get(x + 4L * i) - mean) * rstd;
            float d = get(dOut + 4L * i);
            dot += d * get(w + 4L * i) * hat;
            set(dW + 4L * i, get(dW + 4L * i) + d * hat);
            set(dB + 4L * i, get(dB + 4L * i) + d);
        }
        return dot;
    }

    /** {@code dX = rstd * (dOut * w - sum - x̂ * dot)}, on top of what is there or over it. */
    private static void spread(
            long dX, boolean add, long dOut, long x, long w, float mean, float rstd, float sum, float dot, int c) {
        FloatVector m = splat(mean), r = splat(rstd), s = splat(sum), t = splat(-dot);
        int i = 0;
        for (; i <= c - LANES; i += LANES) {
            FloatVector hat = load(x + 4L * i).sub(m).mul(r);
            FloatVector d = load(dOut + 4L * i).mul(load(w + 4L * i)).sub(s);
            FloatVector slope = hat.fma(t, d);
            if (add) store(dX + 4L * i, slope.fma(r, load(dX + 4L * i)));
            else store(dX + 4L * i, slope.mul(r));
        }
        for (; i < c; i++) {
            float hat = (get(x + 4L * i) - mean) * rstd;
            float d = get(dOut + 4L * i) * get(w + 4L * i) - sum;
            float slope = rstd * (d - hat * dot);
            set(dX + 4L * i, add ? get(dX + 4L * i) + slope : slope);
        }
    }

    @Override
    public void close() {
        partials.close();
    }
}
