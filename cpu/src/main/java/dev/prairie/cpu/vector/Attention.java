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
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Attention forward with the softmax kept running over tiles of keys (Milakov and Gimelshein 2018, arXiv 1805.02867;
 * Dao et al. 2022, arXiv 2205.14135), so that no matrix of all queries by all keys exists.
 *
 * <p>Everything is held transposed, {@link MicroKernel#COLUMNS} queries side by side: scores are {@code K · Qᵀ}, so that
 * maximum and sum over the keys go down the rows, lane by lane, and {@code outᵀ = Vᵀ · P} reads them as they lie.
 */
final class Attention implements AutoCloseable {
    /** Keys in a tile: their scores stay in the first-level cache. */
    static final int TILE = 128;

    /** Fewer queries than this go one by one, at the speed of memory. */
    private static final int FEW = 6;

    private static final FloatVector LEAST = splat(Float.NEGATIVE_INFINITY);

    private final WorkerPool pool;
    private final Scratch scratch;

    Attention(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new Scratch(pool.threads());
    }

    void forward(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, float scale) {
        HeadCall call = HeadCall.of(q, kv, tokens, scale);
        long to = Memory.at(out);
        long toLse = Memory.at(lse);
        var shares = call.shares(4 * COLUMNS);
        pool.run(shares.size(), (task, worker) -> {
            Share s = shares.get(task);
            if (call.queries(s.b()) < FEW) few(call, s, to, toLse, worker);
            else many(call, s, to, toLse, worker);
        });
    }

    /** Where a worker keeps what. */
    private record Places(
            long keys, long values, long q, long scores, long out, long max, long sum, long fix, long zero) {
        static Places in(Scratch scratch, int worker, int positions, int d, int padded) {
            long dense = 4L * HeadCall.padded(positions) * padded;
            long across = HeadCall.padded(d) * STEP;
            long keys = scratch.take(worker, 2 * dense + 2 * across + (TILE + 4) * STEP);
            long q = keys + 2 * dense;
            long scores = q + 2 * across;
            long rows = scores + TILE * STEP;
            return new Places(
                    keys, keys + dense, q, scores, q + across, rows, rows + STEP, rows + 2 * STEP, rows + 3 * STEP);
        }
    }

    private void many(HeadCall call, Share s, long out, long lse, int worker) {
        int positions = call.first(s.b()) + s.to();
        Places at = Places.in(scratch, worker, positions, call.d(), call.padded());
        Pack.clear(at.zero, COLUMNS);
        call.dense(at.keys, call.k(), s.b(), s.head(), positions);
        call.dense(at.values, call.v(), s.b(), s.head(), positions);
        for (int h = s.head() * call.group(); h < (s.head() + 1) * call.group(); h++)
            for (int i = s.from(); i < s.to(); i += COLUMNS) {
                int count = Math.min(COLUMNS, s.to() - i);
                queries(call, at, s.b(), h, i, count);
                finish(call, at, out + call.query(s.b(), i, h), lse + call.row(s.b(), i, h), count);
            }
    }

    /** One tile of queries against all keys that the last of them sees. */
    private static void queries(HeadCall call, Places at, int b, int h, int i, int count) {
        int d = call.d();
        int width = 4 * call.padded();
        int position = call.first(b) + i;
        int visible = position + count;
        Pack.transposed(at.q, COLUMNS, call.q() + call.query(b, i, h), call.queryStride(), count, d);
        Elementwise.scaleRange(at.q, at.q, call.scale(), d * COLUMNS);
        fill(at.max, Float.NEGATIVE_INFINITY);
        fill(at.sum, 0f);
        Pack.clear(at.out, (long) HeadCall.padded(d) * COLUMNS);
        for (int key = 0; key < visible; key += TILE) {
            int keys = HeadCall.padded(Math.min(TILE, visible - key));
            long k = at.keys + (long) key * width;
            long v = at.values + (long) key * width;
            for (int r = 0; r < keys; r += ROWS)
                MicroKernel.run(d, k + (long) r * width, width, 4, at.q, at.scores + r * STEP, STEP, at.zero, 0);
            softmax(at, keys, position - key);
            if (key > 0) rescale(at.out, d, at.fix);
            for (int r = 0; r < d; r += ROWS) {
                long c = at.out + r * STEP;
                MicroKernel.run(keys, v + 4L * r, 4, width, at.scores, c, STEP, c, STEP);
            }
        }
    }

    private static void fill(long row, float x) {
        store(row, splat(x));
        store(row + VECTOR, splat(x));
    }

    /**
     * Turns a tile of scores into {@code exp(score - max)} in place; query i sees keys up to {@code last + i}. Updates
     * maximum and sum, and leaves in {@code fix} what older sums are worth under the new maximum.
     */
    private static void softmax(Places at, int keys, int last) {
        for (int half = 0; half < 2; half++) {
            long column = at.scores + half * VECTOR;
            int newest = last + half * LANES;
            hide(column, Math.clamp(newest + 1L, 0, keys), keys, newest);
            raise(column, keys, at.max + half * VECTOR, at.fix + half * VECTOR);
        }
        MathVector.exp(at.scores, keys * COLUMNS);
        MathVector.exp(at.fix, COLUMNS);
        for (int half = 0; half < 2; half++)
            total(at.scores + half * VECTOR, keys, at.sum + half * VECTOR, at.fix + half * VECTOR);
    }

    /** Scores of keys that a lane does not see become -infinity. */
    private static void hide(long scores, int from, int keys, int last) {
        FloatVector blind = splat((float) (from - last)); // lanes below this do not see the key
        for (int k = from; k < keys; k++) {
            long row = scores + k * STEP;
            store(row, load(row).blend(LEAST, MathVector.INDEX.compare(VectorOperators.LT, blind)));
            blind = blind.add(MathVector.ONE);
        }
    }

    /** Finds the new maximum and subtracts it; {@code fix} is how far the old one was below it. */
    private static void raise(long scores, int keys, long max, long fix) {
        FloatVector before = load(max);
        FloatVector top = before;
        for (int k = 0; k < keys; k++) top = MathVector.max(top, load(scores + k * STEP));
        for (int k = 0; k < keys; k++)
            store(scores + k * STEP, load(scores + k * STEP).sub(top));
        store(max, top);
        store(fix, before.sub(top));
    }

    private static void total(long scores, int keys, long sum, long fix) {
        FloatVector total = load(sum).mul(load(fix));
        for (int k = 0; k < keys; k++) total = total.add(load(scores + k * STEP));
        store(sum, total);
    }

    /** Columns times {@code by}, one vector after the other: two at a time end up on the heap. */
    private static void rescale(long out, int d, long by) {
        for (long shift = 0; shift < STEP; shift += VECTOR) rescaleColumn(out + shift, d, by + shift);
    }

    private static void rescaleColumn(long out, int d, long by) {
        FloatVector factor = load(by);
        for (int i = 0; i < d; i++) store(out + i * STEP, load(out + i * STEP).mul(factor));
    }

    private static void reciprocal(long to, long x) {
        store(to, MathVector.ONE.div(load(x)));
        store(to + VECTOR, MathVector.ONE.div(load(x + VECTOR)));
    }

    private static void finish(HeadCall call, Places at, long out, long lse, int count) {
        reciprocal(at.fix, at.sum);
        rescale(at.out, call.d(), at.fix);
        for (int i = 0; i < count; i++) {
            long row = out + i * call.queryStride();
            for (int j = 0; j < call.d(); j++) set(row + 4L * j, get(at.out + j * STEP + 4L * i));
            set(lse + 4L * i * call.heads(), (float) (get(at.max + 4L * i) + Math.log(get(at.sum + 4L * i))));
        }
    }

    /** Queries one by one: keys and values are read where they lie. */
    private void few(HeadCall call, Share s, long out, long lse, int worker) {
        int d = call.d();
        long scores = scratch.take(worker, 4L * (call.first(s.b()) + s.to()) + VECTOR);
        for (int i = s.from(); i < s.to(); i++) {
            int visible = call.first(s.b()) + i + 1;
            for (int h = s.head() * call.group(); h < (s.head() + 1) * call.group(); h++) {
                long query = call.query(s.b(), i, h);
                scores(call, s, scores, call.q() + query, visible);
                float max = Loss.max(scores, visible);
                float sum = Loss.exponentials(scores, scores, max, visible);
                for (int j = 0; j < d; j++) set(out + query + 4L * j, 0f);
                for (int k = 0; k < visible; ) {
                    int run = Math.min(call.kv().run(s.b(), k), visible - k);
                    long v = call.v() + call.key(s.b(), k, s.head());
                    weigh(out + query, scores + 4L * k, v, call.keyStride(), run, d);
                    k += run;
                }
                Elementwise.scaleRange(out + query, out + query, 1f / sum, d);
                set(lse + call.row(s.b(), i, h), (float) (max + Math.log(sum)));
            }
        }
    }

    private static void scores(HeadCall call, Share s, long to, long q, int visible) {
        for (int k = 0; k < visible; ) {
            int run = Math.min(call.kv().run(s.b(), k), visible - k);
            long row = call.k() + call.key(s.b(), k, s.head());
            int j = 0;
            for (; j + 4 <= run; j += 4)
                Dot.four(to + 4L * (k + j), q, row + j * call.keyStride(), call.keyStride(), 0, call.d());
            for (; j < run; j++) set(to + 4L * (k + j), Dot.dot(q, row + j * call.keyStride(), call.d()));
            k += run;
        }
        Elementwise.scaleRange(to, to, call.scale(), visible);
    }

    /** {@code out += Σ_k weights[k] * v[k]}, two vectors of the row at a time. */
    static void weigh(long out, long weights, long v, long stride, int keys, int d) {
        int j = 0;
        for (; j <= d - COLUMNS; j += COLUMNS) {
            FloatVector a = load(out + 4L * j), b = load(out + 4L * j + VECTOR);
            for (int k = 0; k < keys; k++) {
                FloatVector w = splat(weights + 4L * k);
                long row = v + k * stride + 4L * j;
                a = w.fma(load(row), a);
                b = w.fma(load(row + VECTOR), b);
            }
            store(out + 4L * j, a);
            store(out + 4L * j + VECTOR, b);
        }
        for (; j < d; j++) {
            float sum = get(out + 4L * j);
            for (int k = 0; k < keys; k++) sum += get(weights + 4L * k) * get(v + k * stride + 4L * j);
            set(out + 4L * j, sum);
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
