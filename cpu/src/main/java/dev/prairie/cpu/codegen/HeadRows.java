package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

import dev.prairie.tensor.DType;

/**
 * Code that moves the rows of one head between tensors and scratch memory, where they lie densely, padded with zeros to
 * {@link HeadLayout#width}. Functions that take a count take at least one row.
 */
final class HeadRows {
    private static final Gpr CONSTANTS = R11;

    private static final int LINE = 64;

    private final HeadLayout layout;
    private final long constants;

    HeadRows(HeadLayout layout, Constants constants) {
        this.layout = layout;
        this.constants = constants.address();
    }

    private Lanes begin(Assembler a) {
        a.mov(CONSTANTS, constants);
        var lanes = new Lanes(a, layout.isa().bits(), CONSTANTS);
        lanes.tail(layout.d() % layout.lanes());
        return lanes;
    }

    /** Vector {@code i} of a row of D numbers; beyond D zero. */
    private void load(Lanes lanes, Vec to, Gpr row, int i) {
        int from = i * layout.lanes();
        Mem at = Mem.at(row, 4 * from);
        if (from + layout.lanes() <= layout.d()) lanes.load(to, at);
        else if (from < layout.d()) lanes.loadTail(to, at);
        else lanes.clear(to);
    }

    private static void next(Assembler a, Gpr count, Label loop) {
        a.sub(count, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, loop);
    }

    private static byte[] end(Assembler a) {
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /**
     * {@code (to, from, bytes between rows, count, factor's address, bytes ahead)}: rows of {@code kept} times a factor, as
     * operands. Rows lie far apart, so that the processor does not see them coming: what is so far ahead is asked for.
     */
    byte[] take(DType kept) {
        var kind = new KeptRow(kept, layout.d());
        var a = new Assembler();
        Lanes lanes = begin(a);
        Vec factor = lanes.v(8);
        a.emit(VBROADCASTSS, factor, Mem.at(R8));
        Label row = a.here();
        for (int i = 0; i < kind.bytes(); i += LINE) a.prefetch(Assembler.Nearness.T0, Mem.at(RSI, R9, 1, i));
        int vectors = layout.width() / layout.lanes();
        for (int i = 0; i < vectors; i++) {
            Vec x = lanes.v(i % 2);
            kind.load(a, lanes, x, Mem.at(RSI), i, lanes.v(3));
            a.emit(VMULPS, x, x, factor);
            if (layout.rounded()) lanes.round(x, lanes.v(2));
            if (!layout.pairs()) lanes.store(Mem.at(RDI, i * lanes.bytes()), x);
            else if (i % 2 == 1) {
                a.emit(VCVTNE2PS2BF16, lanes.v(2), x, lanes.v(0));
                lanes.store(Mem.at(RDI, i / 2 * lanes.bytes()), lanes.v(2));
            }
        }
        a.add(RDI, layout.row());
        a.add(RSI, RDX);
        next(a, RCX, row);
        return end(a);
    }

    /**
     * {@code (to, bytes between rows, from, count, factor's address, bytes ahead)}: dense F32 rows times a factor, to a
     * tensor.
     */
    byte[] put(boolean add) {
        var a = new Assembler();
        Lanes lanes = begin(a);
        Vec factor = lanes.v(8);
        a.emit(VBROADCASTSS, factor, Mem.at(R8));
        Label row = a.here();
        for (int i = 0; i < 4 * layout.d(); i += LINE) a.prefetchw(Mem.at(RDI, R9, 1, i));
        for (int from = 0, i = 0; from < layout.d(); from += layout.lanes(), i++) {
            Vec x = lanes.v(i % 4), y = lanes.v(4 + i % 4);
            boolean whole = from + layout.lanes() <= layout.d();
            Mem to = Mem.at(RDI, 4 * from);
            lanes.load(x, Mem.at(RDX, 4 * from));
            if (add) {
                load(lanes, y, RDI, i);
                a.emit(VFMADD213PS, x, factor, y);
            } else a.emit(VMULPS, x, x, factor);
            if (whole) lanes.store(to, x);
            else lanes.storeTail(to, x);
        }
        a.add(RDX, 4 * layout.width());
        a.add(RDI, RSI);
        next(a, RCX, row);
        return end(a);
    }

    /**
     * {@code (to, x, y, bytes between rows, count, bytes ahead)}: the inner product of each row of two tensors, of which
     * the first has been read just now.
     */
    byte[] dots() {
        var a = new Assembler();
        Lanes lanes = begin(a);
        Label row = a.here();
        for (int i = 0; i < 4 * layout.d(); i += LINE) a.prefetch(Assembler.Nearness.T0, Mem.at(RDX, R9, 1, i));
        Vec sum = lanes.v(0), x = lanes.v(1), y = lanes.v(2);
        lanes.clear(sum);
        for (int i = 0; i * layout.lanes() < layout.d(); i++) {
            load(lanes, x, RSI, i);
            load(lanes, y, RDX, i);
            a.emit(VFMADD231PS, sum, x, y);
        }
        lanes.sum(sum, x);
        a.emit(VMOVSS_STORE, Mem.at(RDI), sum.as(128));
        a.add(RDI, 4);
        a.add(RSI, RCX);
        a.add(RDX, RCX);
        next(a, R8, row);
        return end(a);
    }

    /** {@code (to, from, count)}: two by two, rows of BF16 become one row of pairs. */
    byte[] pairs() {
        var a = new Assembler();
        Lanes lanes = begin(a);
        Vec lower = lanes.v(2), upper = lanes.v(3);
        lanes.load(lower, lanes.constant(Constants.LOWER_PAIRS));
        lanes.load(upper, lanes.constant(Constants.UPPER_PAIRS));
        Label row = a.here();
        for (int i = 0; i < layout.row(); i += lanes.bytes()) {
            Vec x = lanes.v(0), y = lanes.v(1);
            lanes.load(x, Mem.at(RSI, i));
            a.emit(VMOVUPS, y, x);
            a.emit(VPERMT2W, x, lower, Mem.at(RSI, layout.row() + i));
            a.emit(VPERMT2W, y, upper, Mem.at(RSI, layout.row() + i));
            lanes.store(Mem.at(RDI, 2 * i), x);
            lanes.store(Mem.at(RDI, 2 * i + lanes.bytes()), y);
        }
        a.add(RDI, 2 * layout.row());
        a.add(RSI, 2 * layout.row());
        next(a, RDX, row);
        return end(a);
    }
}
