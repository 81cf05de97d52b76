package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.AttentionCode.Slot;
import dev.prairie.cpu.vector.HeadCall;
import dev.prairie.cpu.vector.Scratch;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Gradient;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One worker's memory for a head of one sequence: the argument block of {@link AttentionCode}, the operands that it names
 * and what it leaves; and how they get there. Opened for a share of work, gone with it.
 */
final class Head {
    /** Keys that are asked for ahead of time. */
    private static final int AHEAD = 8;

    private static final double LOG2_E = 1 / Math.log(2);

    /** Behind the argument block: factors. */
    private static final int ONE = AttentionCode.BLOCK,
            SIGN = ONE + 4,
            STRENGTH = ONE + 8,
            SCALE = ONE + 12,
            SIZE = ONE + 16;

    /** Addresses that backward moves along. */
    private static final List<Slot> CONSUMED = List.of(Slot.DK, Slot.DV, Slot.K_ACROSS);

    private final HeadKernels kernels;
    private final HeadLayout layout;
    private final HeadCall call;
    private final int b;
    private final int head;
    private final int positions;
    private final int padded;
    private final Map<Slot, Long> offsets = new EnumMap<>(Slot.class);
    private final long rows; // a block of queries as operands
    private final long more; // another, and in pairs all keys or values, on the way
    private final long dense; // a block of F32 results
    private final MemorySegment memory;
    private final long block;

    Head(HeadKernels kernels, HeadCall call, HeadCall.Share s, boolean backward, Scratch scratch, int worker) {
        this.kernels = kernels;
        this.layout = kernels.layout();
        this.call = call;
        this.b = s.b();
        this.head = s.head();
        this.positions = call.first(b) + s.to();
        this.padded = layout.padded(positions);
        var plan = new Plan(SIZE);
        plan(plan, backward);
        this.rows = plan.take((long) layout.queries() * layout.row());
        this.more = plan.take((long) Math.max(layout.pairs() ? 2 * padded : 0, layout.queries()) * layout.row());
        this.dense = plan.take((long) layout.queries() * layout.width() * 4);
        this.memory = scratch.region(worker, plan.size);
        this.block = memory.address();
        for (Slot slot : offsets.keySet()) set(slot, at(slot));
        float strength = Math.abs(call.scale());
        set(ONE, 1f);
        // The sign goes with the queries, so that the greatest product is the greatest score.
        set(SIGN, Math.signum(call.scale()));
        set(STRENGTH, strength);
        set(SCALE, call.scale());
        set(Slot.SCALE.at(), call.scale() == 0 ? 1f : (float) (strength * LOG2_E));
    }

    /** Sizes of a plan of memory, one after the other, each at the start of a cache line. */
    private static final class Plan {
        long size;

        Plan(long size) {
            this.size = size;
        }

        long take(long bytes) {
            long at = Math.ceilDiv(size, 64) * 64;
            size = at + bytes;
            return at;
        }
    }

    private void plan(Plan plan, boolean backward) {
        long keys = (long) Math.ceilDiv(padded, layout.tile()) * layout.tile() * layout.row();
        long across = (long) layout.width() * layout.bytes() * layout.queries();
        long results = (long) layout.width() * layout.queryRow();
        long tile = (long) layout.tile() * layout.queryRow();
        offset(Slot.K, plan.take(keys));
        offset(Slot.V, plan.take(keys));
        offset(Slot.Q_ACROSS, plan.take(across));
        offset(Slot.SCORES, plan.take(tile));
        if (!backward) {
            offset(Slot.OUT_ACROSS, plan.take(results));
            return;
        }
        offset(Slot.D_OUT_ACROSS, plan.take(across));
        offset(Slot.SLOPES, plan.take(tile));
        offset(Slot.DQ_ACROSS, plan.take(results));
        offset(Slot.DK, plan.take(4L * padded * layout.width()));
        offset(Slot.DV, plan.take(4L * padded * layout.width()));
        offset(Slot.Q, plan.take(across));
        offset(Slot.D_OUT, plan.take(across));
        if (!layout.pairs()) return;
        offset(Slot.K_ACROSS, plan.take(keys));
        offset(Slot.SLOPE_PAIRS, plan.take(tile));
    }

    private void offset(Slot slot, long at) {
        offsets.put(slot, at);
    }

    /** The address of what belongs to a slot. */
    private long at(Slot slot) {
        return block + Objects.requireNonNull(offsets.get(slot), slot.name());
    }

    private void set(Slot slot, long value) {
        memory.set(ValueLayout.JAVA_LONG, slot.at(), value);
    }

    private void set(long at, float x) {
        memory.set(Tensor.FLOAT, at, x);
    }

    private void clear(long address, long bytes) {
        memory.asSlice(address - block, bytes).fill((byte) 0);
    }

    // ---- keys and values ----------------------------------------------------------------------------------------

    /** Brings in keys and values for {@link #forward}. */
    void openForward() {
        takeKeys(at(Slot.K), call.k());
        if (layout.pairs()) takeAcross(at(Slot.V), call.v());
        else takeKeys(at(Slot.V), call.v());
    }

    /** Brings in keys and values for {@link #backward}, and clears their gradients. */
    void openBackward() {
        if (layout.pairs()) takeAcross(at(Slot.K_ACROSS), call.k());
        takeKeys(at(Slot.K), call.k());
        takeKeys(at(Slot.V), call.v());
        clear(at(Slot.DK), 4L * padded * layout.width());
        clear(at(Slot.DV), 4L * padded * layout.width());
    }

    private void takeKeys(long to, long from) {
        for (int s = 0; s < positions; ) {
            int run = Math.min(call.kv().run(b, s), positions - s);
            long source = from + call.key(b, s, head);
            kernels.keys()
                    .call(
                            to + (long) s * layout.row(),
                            source,
                            call.keyStride(),
                            run,
                            block + ONE,
                            AHEAD * call.keyStride());
            s += run;
        }
        if (padded > positions) clear(to + (long) positions * layout.row(), (long) (padded - positions) * layout.row());
    }

    /** Transposed, tile by tile, in pairs: rows first, then pairs of rows, then columns. */
    private void takeAcross(long to, long from) {
        long straight = block + more;
        long pairs = straight + (long) padded * layout.row();
        takeKeys(straight, from);
        kernels.pairs().call(pairs, straight, padded / 2);
        for (int s = 0; s < padded; s += layout.tile()) {
            long rowsOfPairs = Math.min(layout.tile(), padded - s) / 2;
            long shift = (long) s * layout.row();
            long width = 4L * layout.width();
            kernels.across().call(to + shift, 2L * layout.tile(), pairs + shift, width, rowsOfPairs, layout.width());
        }
    }

    /** Hands over the gradients of keys and values. */
    void closeBackward(Gradient dK, Gradient dV) {
        long toK = dK.tensor().segment().address();
        long toV = dV.tensor().segment().address();
        for (int s = 0; s < positions; ) {
            int run = Math.min(call.kv().run(b, s), positions - s);
            long to = call.key(b, s, head);
            long shift = 4L * s * layout.width();
            put(dK.add())
                    .call(
                            toK + to,
                            call.keyStride(),
                            at(Slot.DK) + shift,
                            run,
                            block + STRENGTH,
                            AHEAD * call.keyStride());
            put(dV.add()).call(toV + to, call.keyStride(), at(Slot.DV) + shift, run, block + ONE, 0);
            s += run;
        }
    }

    private Kernel put(boolean add) {
        return add ? kernels.add() : kernels.put();
    }

    // ---- queries ------------------------------------------------------------------------------------------------

    /** Queries, or what comes back to their outputs: transposed, and straight as a right operand where wanted. */
    private void takeQueries(Slot across, long straight, long from, int count, int factor) {
        long to = layout.pairs() || straight == 0 ? block + rows : straight;
        kernels.take().call(to, from, call.queryStride(), count, block + factor, nextBlock());
        if (count < layout.queries())
            clear(to + (long) count * layout.row(), (long) (layout.queries() - count) * layout.row());
        long columns = layout.row() / 4;
        kernels.across().call(at(across), layout.queryRow(), to, layout.row(), layout.queries(), columns);
        if (layout.pairs() && straight != 0) kernels.pairs().call(straight, to, layout.queries() / 2);
    }

    /** Bytes to the same query of the next block: while this one is computed, that one comes near. */
    private long nextBlock() {
        return layout.queries() * call.queryStride();
    }

    private void keysFor(int i, int count) {
        int first = call.first(b) + i;
        set(Slot.LEFT, layout.padded(first + count));
        set(Slot.HIDDEN, first + 1);
    }

    private void putQueries(long to, boolean add, Slot from, int count, int factor) {
        long width = 4L * layout.width();
        kernels.across().call(block + dense, width, at(from), layout.queryRow(), layout.width(), layout.queries());
        put(add).call(to, call.queryStride(), block + dense, count, block + factor, nextBlock());
    }

    /** {@code count} queries from {@code i} on, of query head {@code h}. */
    void forward(Tensor out, Tensor lse, int h, int i, int count) {
        long query = call.query(b, i, h);
        takeQueries(Slot.Q_ACROSS, 0, call.q() + query, count, SIGN);
        keysFor(i, count);
        kernels.forward().call(block);
        putQueries(out.segment().address() + query, false, Slot.OUT_ACROSS, count, ONE);
        MemorySegment sums = lse.segment();
        long to = call.row(b, i, h);
        for (int n = 0; n < count; n++, to += 4L * call.heads())
            sums.set(Tensor.FLOAT, to, memory.get(Tensor.FLOAT, AttentionCode.LSE + 4L * n));
    }

    /** {@code count} queries from {@code i} on, of query head {@code h}. */
    void backward(Gradient dQ, Tensor dOut, Tensor out, Tensor lse, int h, int i, int count) {
        long query = call.query(b, i, h);
        long back = dOut.segment().address() + query;
        takeQueries(Slot.Q_ACROSS, at(Slot.Q), call.q() + query, count, SIGN);
        takeQueries(Slot.D_OUT_ACROSS, at(Slot.D_OUT), back, count, ONE);
        memory.asSlice(AttentionCode.TOP, AttentionCode.LSE - AttentionCode.TOP).fill((byte) 0);
        MemorySegment sums = lse.segment();
        long from = call.row(b, i, h);
        for (int n = 0; n < count; n++, from += 4L * call.heads())
            set(AttentionCode.TOP + 4L * n, (float) (sums.get(Tensor.FLOAT, from) * LOG2_E));
        long outAt = out.segment().address() + query;
        kernels.dots().call(block + AttentionCode.TOTAL, back, outAt, call.queryStride(), count, nextBlock());
        keysFor(i, count);
        for (Slot slot : CONSUMED) if (offsets.containsKey(slot)) set(slot, at(slot));
        kernels.backward().call(block);
        putQueries(dQ.tensor().segment().address() + query, dQ.add(), Slot.DQ_ACROSS, count, SCALE);
    }
}
