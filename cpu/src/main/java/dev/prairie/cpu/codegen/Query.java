package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.AttentionCode.Slot;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.Scratch;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import java.lang.foreign.MemorySegment;

/**
 * Attention of a few queries, one by one, against keys and values where they lie: decoding. See {@link QueryCode}. One
 * object for all calls, so that a call makes none; one call at a time. A task of the pool is one key head of one sequence.
 */
final class Query implements WorkerPool.Body {
    private static final double LOG2_E = 1 / Math.log(2);

    private static final int SIGN = AttentionCode.BLOCK, ROW = SIGN + 64;

    private final Scratch scratch;
    private HeadKernels kernels;
    private KeyValues kv;
    private Tokens tokens;
    private float scale;
    private int heads, shared, d;
    private long q, k, v, out, lse;
    private int lanes;
    private long row; // bytes of a padded row

    /** Nothing yet; the arguments are those of the first {@link #of}. */
    Query(Scratch scratch, HeadKernels kernels, KeyValues kv, Tokens tokens) {
        this.scratch = scratch;
        this.kernels = kernels;
        this.kv = kv;
        this.tokens = tokens;
    }

    /** Begins a call of {@code Kernels.attention} in the plain form. */
    Query of(HeadKernels code, Tensor to, Tensor sums, Tensor queries, KeyValues from, Tokens which, float factor) {
        kernels = code;
        kv = from;
        tokens = which;
        scale = factor;
        heads = queries.shape().dim(1);
        shared = from.k().shape().dim(1);
        d = queries.shape().dim(2);
        q = queries.segment().address();
        k = from.k().segment().address();
        v = from.v().segment().address();
        out = to.segment().address();
        lse = sums.segment().address();
        lanes = code.layout().lanes();
        row = code.queryRow();
        return this;
    }

    /** Tasks of all sequences. */
    int tasks() {
        return tokens.sequences() * shared;
    }

    @Override
    public void run(int task, int worker) {
        int b = task / shared;
        share(worker, b, task % shared, 0, tokens.starts()[b + 1] - tokens.starts()[b]);
    }

    private long padded(int keys) {
        return (long) Math.ceilDiv(keys, lanes) * lanes;
    }

    /** Queries {@code from} to {@code to} of sequence {@code b}, for all query heads of key head {@code head}. */
    void share(int worker, int b, int head, int from, int to) {
        if (from == to) return;
        int first = tokens.positions()[tokens.starts()[b]];
        long scores = ROW + 2 * row;
        MemorySegment memory = scratch.region(worker, scores + 4 * padded(first + to));
        long block = memory.address();
        Memory.set(block + SIGN, Math.signum(scale));
        Memory.set(block + Slot.SCALE.at(), scale == 0 ? 1f : (float) (Math.abs(scale) * LOG2_E));
        int group = heads / shared;
        for (int i = from; i < to; i++)
            for (int h = head * group; h < (head + 1) * group; h++) {
                long number = ((long) tokens.starts()[b] + i) * heads + h;
                long query = 4 * number * d, stride = 4L * heads * d;
                kernels.query().call(block + ROW, q + query, stride, 1, block + SIGN, 0);
                mixed(block, block + scores, b, head, first + i + 1);
                kernels.put().call(out + query, stride, block + ROW + row, 1, block + AttentionCode.TOTAL, 0);
                Memory.set(lse + 4 * number, Memory.get(block + AttentionCode.LSE));
            }
    }

    /** The values of the first {@code visible} positions, weighed, behind the query. */
    private void mixed(long block, long scores, int b, int head, int visible) {
        long stride = kv.k().type().bytes((long) shared * d), inner = kv.k().type().bytes((long) head * d);
        long query = block + ROW, mix = query + row;
        for (int s = 0, run; s < visible; s += run) {
            run = Math.min(kv.run(b, s), visible - s);
            kernels.scores().call(scores + 4L * s, query, k + kv.row(b, s) * stride + inner, stride, run, 0);
        }
        long padded = padded(visible);
        for (long s = visible; s < padded; s++) Memory.set(scores + 4 * s, Float.NEGATIVE_INFINITY);
        kernels.softmax().call(scores, padded, block);
        for (long i = 0; i < row; i += 8) Memory.set(mix + i, 0L);
        for (int s = 0, run; s < visible; s += run) {
            run = Math.min(kv.run(b, s), visible - s);
            kernels.mix().call(mix, scores + 4L * s, v + kv.row(b, s) * stride + inner, stride, run, 0);
        }
    }
}
