package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.VECTOR;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;
import static dev.prairie.cpu.vector.MicroKernel.COLUMNS;
import static dev.prairie.cpu.vector.MicroKernel.ROWS;
import static dev.prairie.cpu.vector.MicroKernel.STEP;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.HeadCall.Share;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.Gradient;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Attention backward. The probabilities are computed again from the log-sum-exp, tile by tile, transposed as in
 * {@link Attention}:
 *
 * <pre>
 * P  = exp(K·Qᵀ - lse)      dP = V·dOutᵀ        dS = P (dP - Σ_d out dOut)
 * dV += P·dOut              dK += dS·Q          dQᵀ += Kᵀ·dS               (Q scaled, dQ scaled at the end)
 * </pre>
 *
 * <p>One task does a key head of a sequence with all query heads that read it: nobody else writes its dK and dV.
 */
final class AttentionBackward implements AutoCloseable {
    private static final int TILE = Attention.TILE;

    private final WorkerPool pool;
    private final Scratch scratch;

    AttentionBackward(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new Scratch(pool.threads());
    }

    /** Addresses of the gradients, each with whether it holds a sum so far, and of what forward left. */
    private record Grads(
            long dQ, boolean addQ, long dK, boolean addK, long dV, boolean addV, long dOut, long out, long lse) {}

    void run(
            Gradient dQ,
            Gradient dK,
            Gradient dV,
            Tensor dOut,
            Tensor out,
            Tensor lse,
            Tensor q,
            KeyValues kv,
            Tokens tokens,
            float scale) {
        HeadCall call = HeadCall.of(q, kv, tokens, scale);
        boolean all = kv.packed(tokens); // every row of keys is seen; in a cache some may not be, and get nothing
        var grads = new Grads(
                Memory.at(dQ.tensor()),
                dQ.add(),
                Memory.at(all ? dK.tensor() : dK.cleared()),
                dK.add() || !all,
                Memory.at(all ? dV.tensor() : dV.cleared()),
                dV.add() || !all,
                Memory.at(dOut),
                Memory.at(out),
                Memory.at(lse));
        var shares = call.shares(Integer.MAX_VALUE / 2);
        pool.run(shares.size(), (task, worker) -> share(call, grads, shares.get(task), worker));
    }

    /** Where a worker keeps what; the names are those of the formulas, {@code T} for what is held transposed. */
    private record Places(
            long k,
            long v,
            long dK,
            long dV,
            long q,
            long dOut,
            long qT,
            long dOutT,
            long dQT,
            long p,
            long dS,
            long lse,
            long delta,
            long zero) {
        static Places in(Scratch scratch, int worker, int positions, int d, int padded) {
            long dense = 4L * HeadCall.padded(positions) * padded;
            long panels = (long) COLUMNS * padded * 4;
            long across = HeadCall.padded(d) * STEP;
            long tile = TILE * STEP;
            long k = scratch.take(worker, 4 * dense + 2 * panels + 3 * across + 2 * tile + 3 * STEP);
            long q = k + 4 * dense;
            long qT = q + 2 * panels;
            long p = qT + 3 * across;
            long lse = p + 2 * tile;
            return new Places(
                    k,
                    k + dense,
                    k + 2 * dense,
                    k + 3 * dense,
                    q,
                    q + panels,
                    qT,
                    qT + across,
                    qT + 2 * across,
                    p,
                    p + tile,
                    lse,
                    lse + STEP,
                    lse + 2 * STEP);
        }
    }

    private void share(HeadCall call, Grads grads, Share s, int worker) {
        int positions = call.first(s.b()) + s.to();
        Places at = Places.in(scratch, worker, positions, call.d(), call.padded());
        Pack.clear(at.zero, COLUMNS);
        Pack.clear(at.dK, 2L * HeadCall.padded(positions) * call.padded());
        call.dense(at.k, call.k(), s.b(), s.head(), positions);
        call.dense(at.v, call.v(), s.b(), s.head(), positions);
        for (int h = s.head() * call.group(); h < (s.head() + 1) * call.group(); h++)
            for (int i = s.from(); i < s.to(); i += COLUMNS)
                queries(call, grads, at, s.b(), h, i, Math.min(COLUMNS, s.to() - i));
        for (int pos = 0; pos < positions; pos++) {
            long row = call.key(s.b(), pos, s.head());
            long dense = 4L * pos * call.padded();
            put(grads.dK + row, grads.addK, at.dK + dense, call.d());
            put(grads.dV + row, grads.addV, at.dV + dense, call.d());
        }
    }

    private static void put(long to, boolean add, long from, int d) {
        if (add) Elementwise.accumulateRange(to, from, 1f, d);
        else Memory.copy(to, from, 4L * d);
    }

    /** One tile of queries of one head against all keys that the last of them sees. */
    private static void queries(HeadCall call, Grads grads, Places at, int b, int h, int i, int count) {
        int position = call.first(b) + i;
        int visible = position + count;
        open(call, grads, at, b, h, i, count);
        for (int key = 0; key < visible; key += TILE) {
            int keys = HeadCall.padded(Math.min(TILE, visible - key));
            probabilities(call, at, key, keys, position - key);
            products(call, at, key, keys);
        }
        long to = grads.dQ + call.query(b, i, h);
        for (int n = 0; n < count; n++)
            for (int j = 0; j < call.d(); j++) {
                long x = to + n * call.queryStride() + 4L * j;
                float slope = call.scale() * get(at.dQT + j * STEP + 4L * n);
                set(x, grads.addQ ? get(x) + slope : slope);
            }
    }

    /** Brings in the queries and what comes back to their outputs. */
    private static void open(HeadCall call, Grads grads, Places at, int b, int h, int i, int count) {
        int d = call.d();
        long stride = call.queryStride();
        long row = call.query(b, i, h);
        Pack.transposed(at.qT, COLUMNS, call.q() + row, stride, count, d);
        Elementwise.scaleRange(at.qT, at.qT, call.scale(), d * COLUMNS);
        Pack.transposed(at.dOutT, COLUMNS, grads.dOut + row, stride, count, d);
        for (int j = 0; j < d; j += COLUMNS) {
            int width = Math.min(COLUMNS, d - j);
            long panel = j * STEP;
            Pack.clear(at.q + panel, (long) COLUMNS * COLUMNS);
            Pack.clear(at.dOut + panel, (long) COLUMNS * COLUMNS);
            Pack.straight(at.q + panel, COLUMNS, call.q() + row + 4L * j, stride, width, count);
            Pack.straight(at.dOut + panel, COLUMNS, grads.dOut + row + 4L * j, stride, width, count);
        }
        Elementwise.scaleRange(at.q, at.q, call.scale(), COLUMNS * call.padded());
        Pack.clear(at.dQT, (long) HeadCall.padded(d) * COLUMNS);
        Pack.clear(at.lse, 2L * COLUMNS);
        for (int n = 0; n < count; n++) {
            set(at.lse + 4L * n, get(grads.lse + call.row(b, i + n, h)));
            set(at.delta + 4L * n, Dot.dot(grads.out + row + n * stride, grads.dOut + row + n * stride, d));
        }
    }

    /** P and dS of a tile of keys. */
    private static void probabilities(HeadCall call, Places at, int key, int keys, int last) {
        int d = call.d();
        int width = 4 * call.padded();
        for (int r = 0; r < keys; r += ROWS) {
            long row = (long) (key + r) * width;
            MicroKernel.run(d, at.k + row, width, 4, at.qT, at.p + r * STEP, STEP, at.zero, 0);
            MicroKernel.run(d, at.v + row, width, 4, at.dOutT, at.dS + r * STEP, STEP, at.zero, 0);
        }
        subtract(at.p, keys, at.lse);
        subtract(at.p + VECTOR, keys, at.lse + VECTOR);
        MathVector.exp(at.p, keys * COLUMNS);
        for (int half = 0; half < 2; half++) {
            long shift = half * VECTOR;
            int newest = last + half * LANES;
            hide(at.p + shift, Math.clamp(newest + 1L, 0, keys), keys, newest);
            slopes(at.dS + shift, at.p + shift, keys, at.delta + shift);
        }
    }

    /** From one vector of columns: with two at a time the compiler leaves vectors on the heap. */
    private static void subtract(long scores, int keys, long lse) {
        FloatVector top = load(lse);
        for (int k = 0; k < keys; k++)
            store(scores + k * STEP, load(scores + k * STEP).sub(top));
    }

    /** Probabilities of keys that a lane does not see become 0; lane i sees keys up to {@code last + i}. */
    private static void hide(long p, int from, int keys, int last) {
        FloatVector blind = splat((float) (from - last)); // lanes below this do not see the key
        for (int k = from; k < keys; k++) {
            long row = p + k * STEP;
            store(row, load(row).blend(MathVector.ZERO, MathVector.INDEX.compare(VectorOperators.LT, blind)));
            blind = blind.add(MathVector.ONE);
        }
    }

    /** {@code dS = P (dP - delta)}, in place of dP. */
    private static void slopes(long dS, long p, int keys, long delta) {
        FloatVector mean = load(delta);
        for (int k = 0; k < keys; k++)
            store(dS + k * STEP, load(dS + k * STEP).sub(mean).mul(load(p + k * STEP)));
    }

    private static void products(HeadCall call, Places at, int key, int keys) {
        int d = call.d();
        int width = 4 * call.padded();
        for (int j = 0; j < d; j += COLUMNS)
            for (int r = 0; r < keys; r += ROWS) {
                long to = (long) (key + r) * width + 4L * j;
                long tile = r * STEP;
                long panel = j * STEP;
                long dV = at.dV + to;
                long dK = at.dK + to;
                MicroKernel.run(COLUMNS, at.p + tile, STEP, 4, at.dOut + panel, dV, width, dV, width);
                MicroKernel.run(COLUMNS, at.dS + tile, STEP, 4, at.q + panel, dK, width, dK, width);
            }
        for (int r = 0; r < d; r += ROWS) {
            long c = at.dQT + r * STEP;
            MicroKernel.run(keys, at.k + (long) key * width + 4L * r, 4, width, at.dS, c, STEP, c, STEP);
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
