package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.AttentionCode.Slot;
import dev.prairie.cpu.vector.HeadCall;
import dev.prairie.cpu.vector.Scratch;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Attention of a few queries, one by one, against keys and values where they lie: decoding. See {@link QueryCode}. */
final class Query {
    private static final double LOG2_E = 1 / Math.log(2);

    private static final int SIGN = AttentionCode.BLOCK, ROW = SIGN + 64;

    private final HeadKernels kernels;
    private final HeadCall call;
    private final HeadCall.Share share;
    private final MemorySegment memory;
    private final long block;
    private final long row; // bytes of a padded row
    private final long scores;

    Query(HeadKernels kernels, HeadCall call, HeadCall.Share share, Scratch scratch, int worker) {
        this.kernels = kernels;
        this.call = call;
        this.share = share;
        HeadLayout layout = kernels.layout().unpaired();
        row = layout.row();
        scores = ROW + 2 * row;
        long keys = padded(call.first(share.b()) + share.to());
        memory = scratch.region(worker, scores + 4 * keys);
        block = memory.address();
        set(SIGN, Math.signum(call.scale()));
        set(Slot.SCALE.at(), call.scale() == 0 ? 1f : (float) (Math.abs(call.scale()) * LOG2_E));
    }

    private long padded(int keys) {
        int lanes = kernels.layout().lanes();
        return (long) Math.ceilDiv(keys, lanes) * lanes;
    }

    private void set(long at, float x) {
        memory.set(Tensor.FLOAT, at, x);
    }

    /** All queries of the share. */
    void forward(Tensor out, Tensor lse) {
        for (int i = share.from(); i < share.to(); i++)
            for (int h = share.head() * call.group(); h < (share.head() + 1) * call.group(); h++) {
                long query = call.query(share.b(), i, h);
                kernels.query().call(block + ROW, call.q() + query, call.queryStride(), 1, block + SIGN, 0);
                mixed(call.first(share.b()) + i + 1);
                long factor = block + AttentionCode.TOTAL;
                kernels.put()
                        .call(out.segment().address() + query, call.queryStride(), block + ROW + row, 1, factor, 0);
                lse.segment().set(Tensor.FLOAT, call.row(share.b(), i, h), memory.get(Tensor.FLOAT, AttentionCode.LSE));
            }
    }

    /** The values of the first {@code visible} positions, weighed, behind the query. */
    private void mixed(int visible) {
        int b = share.b();
        for (int s = 0, run; s < visible; s += run) {
            run = Math.min(call.kv().run(b, s), visible - s);
            long key = call.k() + call.key(b, s, share.head());
            kernels.scores().call(block + scores + 4L * s, block + ROW, key, call.keyStride(), run, 0);
        }
        long padded = padded(visible);
        for (long s = visible; s < padded; s++) set(scores + 4 * s, Float.NEGATIVE_INFINITY);
        kernels.softmax().call(block + scores, padded, block);
        memory.asSlice(ROW + row, row).fill((byte) 0);
        for (int s = 0, run; s < visible; s += run) {
            run = Math.min(call.kv().run(b, s), visible - s);
            long value = call.v() + call.key(b, s, share.head());
            kernels.mix().call(block + ROW + row, block + scores + 4L * s, value, call.keyStride(), run, 0);
        }
    }
}
