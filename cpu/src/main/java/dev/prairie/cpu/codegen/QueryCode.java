package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

import dev.prairie.tensor.DType;

/**
 * The code of attention for one query, at the speed of memory: keys and values are read once, where they lie. For
 * layouts in F32; where operands are rounded to BF16, it is done on the way.
 */
final class QueryCode {
    /** Keys whose scores are made side by side. */
    private static final int KEYS = 4;

    /** Accumulators of a piece of a row: less than this many vectors are not limited by latency. */
    private static final int VECTORS = 4;

    private static final Gpr CONSTANTS = R9;

    private final HeadLayout layout;
    private final KeptRow row;
    private final long constants;

    /** {@code kept}: what keys and values lie there as. */
    QueryCode(HeadLayout layout, DType kept, Constants constants) {
        this.layout = layout;
        this.row = new KeptRow(kept, layout.d());
        this.constants = constants.address();
    }

    private Lanes begin(Assembler a) {
        a.mov(CONSTANTS, constants);
        return new Lanes(a, layout.isa().bits(), CONSTANTS);
    }

    private static byte[] end(Assembler a) {
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /** Vector {@code i} of a row of D numbers, rounded as operands are. Overwrites t. */
    private void load(Assembler a, Lanes lanes, Vec to, Mem from, int i, Vec t) {
        row.load(a, lanes, to, from, i, t);
        if (layout.rounded()) lanes.round(to, t);
    }

    private int vectors() {
        return Math.ceilDiv(layout.d(), layout.lanes());
    }

    /** {@code (to, query, keys, bytes between keys, count)}: products of a padded query with tensor rows, unscaled. */
    byte[] scores() {
        var a = new Assembler();
        Lanes lanes = begin(a);
        lanes.tail(layout.d() % layout.lanes());
        a.lea(R10, Mem.at(RCX, RCX, 2, 0));
        var single = new Label();
        var end = new Label();
        Label four = a.here();
        a.cmp(R8, KEYS);
        a.jump(Assembler.Condition.LESS, single);
        scores(a, lanes, KEYS);
        a.lea(RDX, Mem.at(RDX, RCX, 4, 0));
        a.sub(R8, KEYS);
        a.jump(four);
        a.place(single);
        a.cmp(R8, 1);
        a.jump(Assembler.Condition.LESS, end);
        scores(a, lanes, 1);
        a.add(RDX, RCX);
        a.sub(R8, 1);
        a.jump(single);
        a.place(end);
        return end(a);
    }

    private void scores(Assembler a, Lanes lanes, int keys) {
        Mem[] rows = {Mem.at(RDX), Mem.at(RDX, RCX, 1, 0), Mem.at(RDX, RCX, 2, 0), Mem.at(RDX, R10, 1, 0)};
        Vec x = lanes.v(8), q = lanes.v(9), t = lanes.v(10);
        for (int j = 0; j < keys; j++) lanes.clear(lanes.v(j));
        for (int i = 0; i < vectors(); i++) {
            lanes.load(q, Mem.at(RSI, i * lanes.bytes()));
            for (int j = 0; j < keys; j++) {
                load(a, lanes, x, rows[j], i, t);
                a.emit(VFMADD231PS, lanes.v(j), q, x);
            }
        }
        for (int j = 0; j < keys; j++) {
            lanes.sum(lanes.v(j), t);
            a.emit(VMOVSS_STORE, Mem.at(RDI, 4 * j), lanes.v(j).as(128));
        }
        a.add(RDI, 4 * keys);
    }

    /**
     * {@code (scores, count, block)}: scores become powers; the block's rows {@link AttentionCode#TOP},
     * {@link AttentionCode#TOTAL} and {@link AttentionCode#LSE} begin with their maximum, one over their sum, and the
     * log-sum-exp. The count is of whole vectors, padded with -infinity.
     */
    byte[] softmax() {
        var a = new Assembler();
        Lanes lanes = begin(a);
        Vec scale = lanes.v(8), top = lanes.v(9), sum = lanes.v(10);
        Vec x = lanes.v(0), f = lanes.v(1), t = lanes.v(2), p = lanes.v(3);
        a.emit(VBROADCASTSS, scale, Mem.at(RDX, AttentionCode.Slot.SCALE.at()));
        lanes.load(top, lanes.constant(Constants.MINUS_INFINITY));
        a.mov(RAX, RDI);
        a.mov(RCX, RSI);
        Label most = a.here();
        a.emit(VMAXPS, top, top, Mem.at(RAX));
        a.add(RAX, lanes.bytes());
        a.sub(RCX, layout.lanes());
        a.jump(Assembler.Condition.NOT_EQUAL, most);
        lanes.across(VMAXPS, top, t);
        a.emit(VMULPS, top, top, scale);
        a.emit(VMOVSS_STORE, Mem.at(RDX, AttentionCode.TOP), top.as(128));
        a.emit(VBROADCASTSS, top, Mem.at(RDX, AttentionCode.TOP));
        lanes.clear(sum);
        Label power = a.here();
        lanes.load(x, Mem.at(RDI));
        a.emit(VFMSUB213PS, x, scale, top);
        lanes.exp2(p, x, f, t);
        a.emit(VADDPS, sum, sum, p);
        if (layout.rounded()) lanes.round(p, t);
        lanes.store(Mem.at(RDI), p);
        a.add(RDI, lanes.bytes());
        a.sub(RSI, layout.lanes());
        a.jump(Assembler.Condition.NOT_EQUAL, power);
        lanes.sum(sum, t);
        lanes.load(x, lanes.constant(Constants.ONE));
        a.emit(VDIVPS, x, x, sum);
        a.emit(VMOVSS_STORE, Mem.at(RDX, AttentionCode.TOTAL), x.as(128));
        lanes.log2(p, sum, f, t);
        a.emit(VADDPS, p, p, top);
        a.emit(VMULPS, p, p, lanes.constant(Constants.LN_2));
        a.emit(VMOVSS_STORE, Mem.at(RDX, AttentionCode.LSE), p.as(128));
        return end(a);
    }

    /** {@code (out, powers, values, bytes between values, count)}: adds tensor rows, weighed, to a padded row. */
    byte[] mix() {
        var a = new Assembler();
        Lanes lanes = begin(a);
        lanes.tail(layout.d() % layout.lanes());
        Vec all = lanes.v(8), x = lanes.v(9), t = lanes.v(10);
        for (int from = 0; from < vectors(); from += VECTORS) {
            int count = Math.min(VECTORS, vectors() - from);
            for (int i = 0; i < count; i++) lanes.load(lanes.v(i), Mem.at(RDI, (from + i) * lanes.bytes()));
            a.mov(R10, RSI);
            a.mov(R11, RDX);
            a.mov(RAX, R8);
            Label key = a.here();
            a.emit(VBROADCASTSS, all, Mem.at(R10));
            for (int i = 0; i < count; i++) {
                load(a, lanes, x, Mem.at(R11), from + i, t);
                a.emit(VFMADD231PS, lanes.v(i), all, x);
            }
            a.add(R10, 4);
            a.add(R11, RCX);
            a.sub(RAX, 1);
            a.jump(Assembler.Condition.NOT_EQUAL, key);
            for (int i = 0; i < count; i++) lanes.store(Mem.at(RDI, (from + i) * lanes.bytes()), lanes.v(i));
        }
        return end(a);
    }
}
