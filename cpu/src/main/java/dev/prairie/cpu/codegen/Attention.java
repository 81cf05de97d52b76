package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.HeadCall;
import dev.prairie.cpu.vector.Scratch;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.Gradient;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Attention in generated code, forward and backward; {@link AttentionCode} says how. Work is cut by sequence, key head
 * and, forward, blocks of queries; a task computes what it writes alone, so that the number of threads changes no bit.
 */
final class Attention implements AutoCloseable {
    /** Queries that share one copy of keys and values. */
    private static final int QUERIES = 256;

    /** Fewer queries than this go one by one, at the speed of memory. */
    private static final int FEW = 6;

    private final CodePages pages;
    private final Isa isa;
    private final WorkerPool pool;
    private final boolean bf16;
    private final Scratch scratch;
    private final Constants constants = new Constants();
    private final Map<KeptRow, HeadKernels> kernels = new HashMap<>();
    private @Nullable HeadKernels last;
    private @Nullable Query query; // kept, so that decoding makes no object

    /** Makes code when a width of head is first seen. */
    Attention(CodePages pages, Isa isa, WorkerPool pool, DType precision) {
        this.pages = pages;
        this.isa = isa;
        this.pool = pool;
        this.bf16 = precision == DType.BF16;
        this.scratch = new Scratch(pool.threads());
    }

    private synchronized HeadKernels kernels(KeyValues kv) {
        DType type = kv.k().type();
        int d = kv.k().shape().last();
        if (last != null && last.is(type, d)) return last; // without an object to look it up by
        last = kernels.computeIfAbsent(
                new KeptRow(type, d), r -> HeadKernels.of(new HeadLayout(isa, bf16, d), type, pages, constants));
        return last;
    }

    /** Whether {@link #forward} reads such keys and values. */
    boolean can(KeyValues kv) {
        return KeptRow.can(kv.k().type(), kv.k().shape().last(), isa.lanes());
    }

    /** As {@code Kernels.attention}, in the plain form. */
    synchronized void forward(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, float scale) {
        HeadKernels code = kernels(kv);
        Query few = query == null ? new Query(scratch, code, kv, tokens) : query;
        query = few.of(code, out, lse, q, kv, tokens, scale);
        if (few(tokens)) pool.run(few.tasks(), few);
        else many(few, code, out, lse, HeadCall.of(q, kv, tokens, scale));
    }

    /** Whether no sequence has more than a few queries. */
    private static boolean few(Tokens tokens) {
        for (int b = 0; b < tokens.sequences(); b++)
            if (tokens.starts()[b + 1] - tokens.starts()[b] >= FEW) return false;
        return true;
    }

    private void many(Query few, HeadKernels code, Tensor out, Tensor lse, HeadCall call) {
        int block = code.layout().queries();
        var shares = call.shares(QUERIES);
        pool.run(shares.size(), (task, worker) -> {
            HeadCall.Share s = shares.get(task);
            if (call.queries(s.b()) < FEW) {
                few.share(worker, s.b(), s.head(), s.from(), s.to());
                return;
            }
            var head = new Head(code, call, s, false, scratch, worker);
            head.openForward();
            for (int h = s.head() * call.group(); h < (s.head() + 1) * call.group(); h++)
                for (int i = s.from(); i < s.to(); i += block)
                    head.forward(out, lse, h, i, Math.min(block, s.to() - i));
        });
    }

    /** As {@code GradKernels.attentionBackward}. */
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
            float scale) {
        HeadCall call = HeadCall.of(q, kv, tokens, scale);
        HeadKernels code = kernels(kv);
        int block = code.layout().queries();
        var shares = call.shares(Integer.MAX_VALUE / 2);
        boolean all = kv.packed(tokens); // every row of keys is seen; in a cache some may not be, and get nothing
        Gradient toK = all ? dK : new Gradient(dK.cleared(), true);
        Gradient toV = all ? dV : new Gradient(dV.cleared(), true);
        pool.run(shares.size(), (task, worker) -> {
            HeadCall.Share s = shares.get(task);
            var head = new Head(code, call, s, true, scratch, worker);
            head.openBackward();
            for (int h = s.head() * call.group(); h < (s.head() + 1) * call.group(); h++)
                for (int i = s.from(); i < s.to(); i += block)
                    head.backward(dQ, dOut, out, lse, h, i, Math.min(block, s.to() - i));
            head.closeBackward(toK, toV);
        });
    }

    @Override
    public void close() {
        scratch.close();
        constants.close();
    }
}
