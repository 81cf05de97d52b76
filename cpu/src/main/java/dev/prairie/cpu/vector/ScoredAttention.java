package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.VECTOR;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.set;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.HeadCall.Share;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.Gradient;

/**
 * Attention with every {@link Scoring} and every type of cache: query by query, over a dense F32 copy of the keys and
 * values that a share of the work sees. What is plain goes through {@link Attention}, which is faster with many queries.
 */
final class ScoredAttention implements AutoCloseable {
    /** Queries that share one copy of keys and values. */
    private static final int QUERIES = 64;

    private final WorkerPool pool;
    private final Scratch scratch;

    ScoredAttention(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new Scratch(pool.threads());
    }

    void forward(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, Scoring scoring) {
        HeadCall call = HeadCall.of(q, kv, tokens, scoring.scale());
        long to = Memory.at(out), toLse = Memory.at(lse);
        var shares = call.shares(QUERIES);
        pool.run(shares.size(), (task, worker) -> forward(call, scoring, shares.get(task), to, toLse, worker));
    }

    /** The keys that a share sees, dense: positions {@code first} to {@code end}. */
    private record Keys(int first, int end, int width, long k, long v, long scores) {
        static Keys copied(HeadCall call, Scoring scoring, Share s, Scratch scratch, int worker) {
            int from = call.first(s.b()) + s.from(), length = call.tokens().length(s.b());
            int first = scoring.first(from), end = scoring.end(call.first(s.b()) + s.to() - 1, length);
            long bytes = 4L * (end - first) * call.d();
            long k = scratch.take(worker, 2 * bytes + 2 * 4L * (end - first) + 2 * VECTOR);
            for (int p = first; p < end; p++) {
                long row = 4L * (p - first) * call.d();
                KeyRows.read(k + row, call.kv().k().type(), call.k() + call.key(s.b(), p, s.head()), call.d());
                KeyRows.read(k + bytes + row, call.kv().v().type(), call.v() + call.key(s.b(), p, s.head()), call.d());
            }
            return new Keys(first, end, call.d(), k, k + bytes, k + 2 * bytes);
        }

        long k(int position) {
            return k + 4L * (position - first) * width;
        }

        long v(int position) {
            return v + 4L * (position - first) * width;
        }
    }

    private void forward(HeadCall call, Scoring scoring, Share s, long out, long lse, int worker) {
        Keys keys = Keys.copied(call, scoring, s, scratch, worker);
        int length = call.tokens().length(s.b());
        for (int i = s.from(); i < s.to(); i++) {
            int p = call.first(s.b()) + i;
            int first = scoring.first(p), seen = scoring.end(p, length) - first;
            for (int h = s.head() * call.group(); h < (s.head() + 1) * call.group(); h++) {
                long query = call.query(s.b(), i, h);
                for (int j = 0; j < seen; j++) {
                    float score = scoring.scale() * Dot.dot(call.q() + query, keys.k(first + j), call.d());
                    set(keys.scores + 4L * j, capped(score, scoring.cap()));
                }
                float max = Loss.max(keys.scores, seen);
                float sum = Loss.exponentials(keys.scores, keys.scores, max, seen);
                Memory.clear(out + query, 4L * call.d());
                Attention.weigh(out + query, keys.scores, keys.v(first), 4L * call.d(), seen, call.d());
                Elementwise.scaleRange(out + query, out + query, 1f / sum, call.d());
                set(lse + call.row(s.b(), i, h), (float) (max + Math.log(sum)));
            }
        }
    }

    private static float capped(float score, float cap) {
        return cap > 0 ? (float) (cap * Math.tanh(score / cap)) : score;
    }

    /** Where the gradients are and what forward left. */
    private record Grads(long dQ, long dK, long dV, long dOut, long out, long lse) {}

    void backward(
            Gradient dQ,
            Gradient dK,
            Gradient dV,
            Tensor dOut,
            Tensor out,
            Tensor lse,
            Tensor q,
            KeyValues kv,
            Tokens tokens,
            Scoring scoring) {
        HeadCall call = HeadCall.of(q, kv, tokens, scoring.scale());
        var grads = new Grads(
                Memory.at(dQ.cleared()),
                Memory.at(dK.cleared()),
                Memory.at(dV.cleared()),
                Memory.at(dOut),
                Memory.at(out),
                Memory.at(lse));
        var shares = call.shares(Integer.MAX_VALUE / 2); // one task writes all gradients of a key head
        pool.run(shares.size(), (task, worker) -> backward(call, scoring, shares.get(task), grads));
    }

    private static void backward(HeadCall call, Scoring scoring, Share s, Grads g) {
        int d = call.d(), length = call.tokens().length(s.b());
        for (int i = s.from(); i < s.to(); i++) {
            int p = call.first(s.b()) + i;
            for (int h = s.head() * call.group(); h < (s.head() + 1) * call.group(); h++) {
                long query = call.query(s.b(), i, h);
                float delta = Dot.dot(g.dOut + query, g.out + query, d);
                float l = get(g.lse + call.row(s.b(), i, h));
                for (int j = scoring.first(p); j < scoring.end(p, length); j++) {
                    long key = call.key(s.b(), j, s.head());
                    float score = capped(scoring.scale() * Dot.dot(call.q() + query, call.k() + key, d), scoring.cap());
                    float weight = (float) Math.exp(score - l);
                    float slope = weight * (Dot.dot(g.dOut + query, call.v() + key, d) - delta) * scoring.scale();
                    if (scoring.cap() > 0) slope *= 1 - score / scoring.cap() * (score / scoring.cap());
                    Elementwise.accumulateRange(g.dV + key, g.dOut + query, weight, d);
                    Elementwise.accumulateRange(g.dQ + query, call.k() + key, slope, d);
                    Elementwise.accumulateRange(g.dK + key, call.q() + query, slope, d);
                }
            }
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
