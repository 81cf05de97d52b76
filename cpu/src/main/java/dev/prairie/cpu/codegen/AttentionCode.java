package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

import dev.prairie.cpu.codegen.Product.Left;
import dev.prairie.cpu.codegen.Product.Right;
import dev.prairie.cpu.codegen.Product.Sum;

/**
 * The code of attention for one block of queries against all keys that they see, tile by tile of keys, with the softmax
 * kept running (Milakov and Gimelshein 2018, arXiv 1805.02867; Dao et al. 2022, arXiv 2205.14135). Exponentials are
 * powers of two: maximum and log-sum-exp are kept in units of ln 2.
 *
 * <p>Every function takes the address of an argument block: {@link Slot}.
 */
final class AttentionCode {
    /** Where in the argument block what is; addresses and numbers of 8 bytes, then rows with one number a query. */
    enum Slot {
        /** Keys and values: rows; of values in pairs {@code Vᵀ}, tile by tile. */
        K(0),
        V(1),
        /** {@code Kᵀ} in pairs, tile by tile; backward only. */
        K_ACROSS(2),
        /** {@code Qᵀ}. */
        Q_ACROSS(3),
        /** {@code dOutᵀ}. */
        D_OUT_ACROSS(4),
        /** Queries and what comes back to their outputs, as right operands. */
        Q(5),
        D_OUT(6),
        /** A tile of scores, then of probabilities. */
        SCORES(7),
        /** A tile of dP, then of dS; and dS as a right operand in pairs. */
        SLOPES(8),
        SLOPE_PAIRS(9),
        /** {@code outᵀ}, F32. */
        OUT_ACROSS(10),
        DK(11),
        DV(12),
        /** {@code dQᵀ}, F32. */
        DQ_ACROSS(13),
        /** Keys that are left, padded. */
        LEFT(14),
        /** The first key that the first query does not see. */
        HIDDEN(15),
        /** What scores are multiplied by, F32: scale / ln 2. */
        SCALE(16);

        private final int number;

        Slot(int number) {
            this.number = number;
        }

        int at() {
            return 8 * number;
        }
    }

    /** Rows of the block, one number a query. */
    private static final int ROWS = 256;

    private static final int ROW = 128;

    /** What the scores lie below, of all keys so far; in backward the log-sum-exp; both in units of ln 2. */
    static final int TOP = ROWS;

    /** The sum of powers; in backward {@code Σ_d out dOut}. */
    static final int TOTAL = ROWS + ROW;

    private static final int FACTOR = ROWS + 2 * ROW;

    /** The log-sum-exp that forward leaves. */
    static final int LSE = ROWS + 3 * ROW;

    static final int BLOCK = ROWS + 4 * ROW;

    private static final Gpr TILE = R12, KEYS = R13, VALUES = R14, HIDDEN = RBP;

    private final HeadLayout layout;
    private final long constants;
    private final Assembler a = new Assembler();
    private final Lanes lanes;
    private final Product product;
    private final int columns;

    private AttentionCode(HeadLayout layout, Constants constants) {
        this.layout = layout;
        this.constants = constants.address();
        this.lanes = new Lanes(a, layout.isa().bits(), R15);
        this.product = Product.of(a, layout.isa(), layout.pairs());
        this.columns = layout.queries();
    }

    static byte[] forward(HeadLayout layout, Constants constants) {
        return new AttentionCode(layout, constants).forward();
    }

    static byte[] backward(HeadLayout layout, Constants constants) {
        return new AttentionCode(layout, constants).backward();
    }

    // ---- the frame ----------------------------------------------------------------------------------------------

    private static Mem slot(Slot s) {
        return Mem.at(RDI, s.at());
    }

    private void begin() {
        for (Gpr r : SAVED) a.push(r);
        a.mov(R15, constants);
        lanes.keepExponential();
        if (layout.tiles()) a.ldtilecfg(lanes.constant(Constants.TILES));
        a.mov(KEYS, slot(Slot.K));
        a.mov(VALUES, slot(Slot.V));
        a.mov(HIDDEN, slot(Slot.HIDDEN));
    }

    private byte[] end() {
        if (layout.tiles()) a.tilerelease();
        a.vzeroupper();
        for (int i = SAVED.size() - 1; i >= 0; i--) a.pop(SAVED.get(i));
        a.ret();
        return a.bytes();
    }

    /** Keys of the next tile. */
    private Label tile() {
        Label next = a.here();
        a.mov(TILE, slot(Slot.LEFT));
        a.mov(RAX, layout.tile());
        a.min(TILE, RAX);
        return next;
    }

    private void advance(Slot s, int bytes) {
        a.mov(RAX, slot(s));
        a.add(RAX, bytes);
        a.mov(slot(s), RAX);
    }

    /** On to the next tile, if there is one. */
    private void next(Label tile) {
        a.add(KEYS, layout.tile() * layout.row());
        a.add(VALUES, layout.tile() * layout.row());
        a.sub(HIDDEN, layout.tile());
        advance(Slot.LEFT, -layout.tile());
        a.cmp(RAX, 0);
        a.jump(Assembler.Condition.GREATER, tile);
    }

    private Mem query(Gpr row, int v) {
        return Mem.at(row, v * lanes.bytes());
    }

    /** Row {@code which} of the argument block. */
    private Mem block(int which, int v) {
        return Mem.at(RDI, which + v * lanes.bytes());
    }

    /** Goes over {@code rows} rows of a tile or of {@code outᵀ}, {@code step} at a time, RAX being the row. */
    private void rows(Slot from, Extent rows, int step, Runnable body) {
        a.mov(RAX, slot(from));
        rows.load(a, RSI);
        a.align(32);
        Label next = a.here();
        body.run();
        a.add(RAX, step * layout.queryRow());
        a.sub(RSI, step);
        a.jump(Assembler.Condition.NOT_EQUAL, next);
    }

    private void clear(Slot across) {
        lanes.clear(lanes.v(0));
        rows(across, Extent.of(layout.width()), 4, () -> {
            for (int i = 0; i < 8; i++) lanes.store(query(RAX, i), lanes.v(0));
        });
    }

    // ---- forward ------------------------------------------------------------------------------------------------

    private byte[] forward() {
        begin();
        Vec least = lanes.v(0), zero = lanes.v(1);
        lanes.load(least, lanes.constant(Constants.MINUS_INFINITY));
        lanes.clear(zero);
        for (int v = 0; v < 2; v++) {
            lanes.store(block(TOP, v), least);
            lanes.store(block(TOTAL, v), zero);
        }
        clear(Slot.OUT_ACROSS);
        Label tile = tile();
        scores(Slot.SCORES, KEYS, Slot.Q_ACROSS);
        hide();
        raise();
        powers();
        Left values = layout.pairs() ? new Left(VALUES, 2 * layout.tile(), 4) : new Left(VALUES, 4, layout.row());
        product.emit(
                new Sum(slot(Slot.OUT_ACROSS), layout.queryRow(), true),
                values,
                new Right(slot(Slot.SCORES), layout.queryRow()),
                Extent.of(layout.width()),
                columns,
                Extent.in(TILE));
        next(tile);
        finish();
        return end();
    }

    /** A tile of keys or values times the columns of the block. */
    private void scores(Slot to, Gpr left, Slot right) {
        product.emit(
                new Sum(slot(to), layout.queryRow(), false),
                new Left(left, layout.row(), 4),
                new Right(slot(right), layout.queryRow()),
                Extent.in(TILE),
                columns,
                Extent.of(layout.width()));
    }

    /** Scores of keys that a query does not see become -infinity, whatever they were. */
    private void hide() {
        var seen = new Label();
        var some = new Label();
        a.mov(RCX, HIDDEN);
        a.cmp(RCX, 0);
        a.jump(Assembler.Condition.GREATER_OR_EQUAL, some);
        a.mov(RCX, 0);
        a.place(some);
        a.cmp(RCX, TILE);
        a.jump(Assembler.Condition.GREATER_OR_EQUAL, seen);
        a.mov(RAX, RCX);
        a.shl(RAX, Integer.numberOfTrailingZeros(layout.queryRow()));
        a.add(RAX, slot(Slot.SCORES));
        // Query i sees a key that is n positions after query 0 if i >= n: the stairs, n steps down.
        a.lea(RDX, lanes.constant(Constants.STAIRS - 4));
        a.mov(RBX, RCX);
        a.sub(RBX, HIDDEN);
        a.shl(RBX, 2);
        a.sub(RDX, RBX);
        Label row = a.here();
        for (int v = 0; v < 2; v++) {
            Vec x = lanes.v(v);
            lanes.load(x, query(RAX, v));
            a.emit(VMINPS, x, x, query(RDX, v)); // the second if the first is not a number
            lanes.store(query(RAX, v), x);
        }
        a.add(RAX, layout.queryRow());
        a.sub(RDX, 4);
        a.add(RCX, 1);
        a.cmp(RCX, TILE);
        a.jump(Assembler.Condition.LESS, row);
        a.place(seen);
    }

    /** Finds the new maximum; what was summed before is worth less under it. */
    private void raise() {
        for (int i = 0; i < 8; i++) lanes.load(lanes.v(i), lanes.constant(Constants.MINUS_INFINITY));
        rows(Slot.SCORES, Extent.in(TILE), 4, () -> {
            for (int i = 0; i < 8; i++) a.emit(VMAXPS, lanes.v(i), lanes.v(i), query(RAX, i));
        });
        for (int i = 4; i > 1; i /= 2)
            for (int j = 0; j < i; j++) a.emit(VMAXPS, lanes.v(j), lanes.v(j), lanes.v(i + j));
        Vec x = lanes.v(2), p = lanes.v(3), f = lanes.v(4), t = lanes.v(5), scale = lanes.v(6);
        a.emit(VBROADCASTSS, scale, slot(Slot.SCALE));
        for (int v = 0; v < 2; v++) {
            Vec top = lanes.v(v);
            a.emit(VMULPS, top, top, scale);
            lanes.load(x, block(TOP, v));
            a.emit(VMAXPS, top, top, x);
            lanes.store(block(TOP, v), top);
            a.emit(VSUBPS, x, x, top);
            lanes.exp2(p, x, f, t);
            lanes.store(block(FACTOR, v), p);
            a.emit(VMULPS, p, p, block(TOTAL, v));
            lanes.store(block(TOTAL, v), p);
        }
        rescale(Slot.OUT_ACROSS, FACTOR);
    }

    /** Columns times a row of the argument block. */
    private void rescale(Slot across, int factor) {
        for (int v = 0; v < 2; v++) lanes.load(lanes.v(8 + v), block(factor, v));
        rows(across, Extent.of(layout.width()), 4, () -> {
            for (int i = 0; i < 8; i++) {
                a.emit(VMULPS, lanes.v(i), lanes.v(8 + i % 2), query(RAX, i));
                lanes.store(query(RAX, i), lanes.v(i));
            }
        });
    }

    /** Scores become powers, and right operands, in place. */
    private void powers() {
        Vec scale = lanes.v(8), top = lanes.v(9), total = lanes.v(11);
        Vec x = lanes.v(0), f = lanes.v(1), t = lanes.v(2);
        a.emit(VBROADCASTSS, scale, slot(Slot.SCALE));
        for (int v = 0; v < 2; v++) {
            lanes.load(lanes.v(9 + v), block(TOP, v));
            lanes.load(lanes.v(11 + v), block(TOTAL, v));
        }
        if (layout.pairs()) {
            lanes.load(sideBySide(), lanes.constant(Constants.SIDE_BY_SIDE));
            a.mov(RDX, slot(Slot.SCORES));
        }
        rows(Slot.SCORES, Extent.in(TILE), 2, () -> {
            for (int i = 0; i < 4; i++) {
                Vec p = lanes.v(3 + i);
                lanes.load(x, query(RAX, i));
                a.emit(VFMSUB213PS, x, scale, lanes.v(top.index() + i % 2));
                lanes.exp2(p, x, f, t);
                Vec sum = lanes.v(total.index() + i % 2);
                a.emit(VADDPS, sum, sum, p);
                if (layout.rounded()) lanes.round(p, t);
                if (!layout.pairs()) lanes.store(query(RAX, i), p);
            }
            if (!layout.pairs()) return;
            pairs(RDX, lanes.v(3), lanes.v(5), 0);
            pairs(RDX, lanes.v(4), lanes.v(6), 1);
            a.add(RDX, layout.queryRow());
        });
        for (int v = 0; v < 2; v++) lanes.store(block(TOTAL, v), lanes.v(11 + v));
    }

    private Vec sideBySide() {
        return lanes.v(13);
    }

    /** Two rows of F32 to one of pairs. Overwrites {@code first}. */
    private void pairs(Gpr to, Vec first, Vec second, int v) {
        a.emit(VCVTNE2PS2BF16, first, second, first);
        a.emit(VPERMW, first, sideBySide(), first);
        lanes.store(query(to, v), first);
    }

    private void finish() {
        Vec y = lanes.v(0), x = lanes.v(1), s = lanes.v(2), t = lanes.v(3);
        for (int v = 0; v < 2; v++) {
            lanes.load(t, lanes.constant(Constants.ONE));
            a.emit(VDIVPS, t, t, block(TOTAL, v));
            lanes.store(block(FACTOR, v), t);
            lanes.load(x, block(TOTAL, v));
            lanes.log2(y, x, s, t);
            a.emit(VADDPS, y, y, block(TOP, v));
            a.emit(VMULPS, y, y, lanes.constant(Constants.LN_2));
            lanes.store(block(LSE, v), y);
        }
        rescale(Slot.OUT_ACROSS, FACTOR);
    }

    // ---- backward -----------------------------------------------------------------------------------------------

    /**
     * <pre>
     * P  = exp(K·Qᵀ - lse)      dP = V·dOutᵀ        dS = P (dP - Σ_d out dOut)
     * dV += P·dOut              dK += dS·Q          dQᵀ += Kᵀ·dS               (dQ, dK without the scale)
     * </pre>
     */
    private byte[] backward() {
        begin();
        clear(Slot.DQ_ACROSS);
        Label tile = tile();
        scores(Slot.SCORES, KEYS, Slot.Q_ACROSS);
        scores(Slot.SLOPES, VALUES, Slot.D_OUT_ACROSS);
        hide();
        slopes();
        gradient(Slot.DV, Slot.SCORES, Slot.D_OUT);
        gradient(Slot.DK, Slot.SLOPES, Slot.Q);
        Left keys =
                layout.pairs() ? new Left(slot(Slot.K_ACROSS), 2 * layout.tile(), 4) : new Left(KEYS, 4, layout.row());
        product.emit(
                new Sum(slot(Slot.DQ_ACROSS), layout.queryRow(), true),
                keys,
                new Right(slot(layout.pairs() ? Slot.SLOPE_PAIRS : Slot.SLOPES), layout.queryRow()),
                Extent.of(layout.width()),
                columns,
                Extent.in(TILE));
        advance(Slot.DK, 4 * layout.tile() * layout.width());
        advance(Slot.DV, 4 * layout.tile() * layout.width());
        if (layout.pairs()) advance(Slot.K_ACROSS, layout.tile() * layout.row());
        next(tile);
        return end();
    }

    private void gradient(Slot to, Slot left, Slot right) {
        product.emit(
                new Sum(slot(to), 4 * layout.width(), true),
                new Left(slot(left), layout.bytes() * columns, 4),
                new Right(slot(right), 4 * layout.width()),
                Extent.in(TILE),
                layout.width(),
                Extent.of(columns));
    }

    /** Scores become P and dP becomes dS: both left operands, in place, and dS a right operand too. */
    private void slopes() {
        Vec scale = lanes.v(8), x = lanes.v(0), f = lanes.v(1), t = lanes.v(2);
        a.emit(VBROADCASTSS, scale, slot(Slot.SCALE));
        for (int v = 0; v < 2; v++) {
            lanes.load(lanes.v(9 + v), block(TOP, v));
            lanes.load(lanes.v(11 + v), block(TOTAL, v));
        }
        a.mov(RCX, slot(Slot.SLOPES));
        if (layout.pairs()) {
            lanes.load(sideBySide(), lanes.constant(Constants.SIDE_BY_SIDE));
            a.mov(RDX, slot(Slot.SCORES)); // rows of BF16: half as long, so they never overtake what is read
            a.mov(RBX, slot(Slot.SLOPES));
            a.mov(R8, slot(Slot.SLOPE_PAIRS));
        }
        rows(Slot.SCORES, Extent.in(TILE), 2, () -> {
            for (int i = 0; i < 4; i++) {
                // With few registers each result is stored at once; with many they are kept for the pairs.
                Vec p = lanes.v(layout.pairs() ? 14 + i : 3), slope = lanes.v(layout.pairs() ? 18 + i : 4);
                lanes.load(x, query(RAX, i));
                a.emit(VFMSUB213PS, x, scale, lanes.v(9 + i % 2));
                lanes.exp2(p, x, f, t);
                lanes.load(slope, query(RCX, i));
                a.emit(VSUBPS, slope, slope, lanes.v(11 + i % 2));
                a.emit(VMULPS, slope, slope, p);
                if (layout.rounded()) {
                    lanes.round(p, t);
                    lanes.round(slope, t);
                }
                if (layout.pairs()) continue;
                lanes.store(query(RAX, i), p);
                lanes.store(query(RCX, i), slope);
            }
            if (layout.pairs()) operands();
            a.add(RCX, 2 * layout.queryRow());
        });
    }

    private void operands() {
        Vec row = lanes.v(3);
        for (int r = 0; r < 2; r++) {
            a.emit(VCVTNE2PS2BF16, row, lanes.v(15 + 2 * r), lanes.v(14 + 2 * r));
            lanes.store(query(RDX, r), row);
            a.emit(VCVTNE2PS2BF16, row, lanes.v(19 + 2 * r), lanes.v(18 + 2 * r));
            lanes.store(query(RBX, r), row);
        }
        pairs(R8, lanes.v(18), lanes.v(20), 0);
        pairs(R8, lanes.v(19), lanes.v(21), 1);
        a.add(RDX, layout.queryRow());
        a.add(RBX, layout.queryRow());
        a.add(R8, layout.queryRow());
    }
}
