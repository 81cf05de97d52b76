package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

/**
 * The kernel for many rows: stretches of {@code rows} rows of activations times an unpacked part of a panel, on top of a
 * base. It does {@link #columns} columns of the panel in one call, all of them in vectors of 512 bits.
 *
 * <p>Whole numbers are summed over a block (or a part of one), then scaled by the product of both scales and summed as
 * F32: in 32 steps of k a sum costs 8 dot products, a conversion, a product of scales and a multiply-add, and little else.
 */
final class MultiplyPanel {
    /** Vectors of columns; with the rows, what the registers hold: a whole and an F32 sum for each. */
    private static final int VECTORS = 2;

    private final Assembler a = new Assembler();
    private final Isa isa;
    private final PanelLayout layout;
    private final PanelCode code;
    private final int rows;
    private final Vec[][] whole;
    private final Vec[][] sums;
    private final Vec[] w = new Vec[VECTORS];
    private final PanelCode.Factor factor;
    private final Vec[] temporary;

    private MultiplyPanel(Isa isa, PanelLayout layout, int rows) {
        this.isa = isa;
        this.layout = layout;
        this.rows = rows;
        code = new PanelCode(a, isa, layout);
        int next = 0;
        whole = new Vec[rows][VECTORS];
        sums = new Vec[rows][VECTORS];
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < VECTORS; i++) {
                whole[r][i] = code.v(next++);
                sums[r][i] = code.v(next++);
            }
        boolean dots = PanelCode.dots(isa);
        for (int i = 0; i < VECTORS; i++) w[i] = code.v(dots ? next++ : next); // split at once, then not needed
        factor = dots ? new PanelCode.Factor(w[0], w[1]) : new PanelCode.Factor(code.v(next++), code.v(next++));
        temporary = new Vec[Math.min(4, isa.registers() - next)];
        for (int i = 0; i < temporary.length; i++) temporary[i] = code.v(next++);
    }

    /** Rows at a time at most. */
    static int rows(Isa isa) {
        return isa.bits() == 512 ? 6 : 3;
    }

    /** Columns of a panel in one call. */
    static int columns(Isa isa) {
        return VECTORS * isa.lanes();
    }

    static byte[] code(Isa isa, PanelLayout layout, int rows) {
        var code = new MultiplyPanel(isa, layout, rows);
        code.stretches();
        return code.a.bytes();
    }

    private static final Gpr CALL = RDI, X = RSI, X_ROW = R8, PANEL = R9, OUT = R10, OUT_ROW = R11;
    private static final Gpr BASE = RAX, BASE_ROW = RDX, BLOCKS = RCX, W = R12;
    private static final Gpr X0 = RBX, X3 = RBP, BASE3 = R13, OUT3 = R14; // the fourth row is three rows from the first

    private void stretches() {
        for (Gpr r : SAVED) a.push(r);
        a.mov(X, PanelCall.X.in(CALL));
        a.mov(X_ROW, PanelCall.X_ROW.in(CALL));
        a.mov(PANEL, PanelCall.W.in(CALL));
        a.mov(OUT, PanelCall.OUT.in(CALL));
        a.mov(OUT_ROW, PanelCall.OUT_ROW.in(CALL));
        Label stretch = a.here();
        a.mov(BASE, PanelCall.BASE.in(CALL));
        a.mov(BASE_ROW, PanelCall.BASE_ROW.in(CALL));
        a.mov(BLOCKS, PanelCall.BLOCKS.in(CALL));
        a.mov(X0, X);
        third(X3, X0, X_ROW);
        a.mov(W, PANEL);
        for (Vec[] row : sums) for (Vec v : row) code.zero(v);
        a.align(64);
        Label block = a.here();
        block();
        a.add(W, layout.unpackedBytes());
        a.add(X0, PanelCode.record(isa));
        if (rows > 3) a.add(X3, PanelCode.record(isa));
        a.sub(BLOCKS, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, block);
        store();
        forward(X, X_ROW);
        forward(OUT, OUT_ROW);
        a.mov(BASE, PanelCall.BASE.in(CALL));
        a.mov(BASE_ROW, PanelCall.BASE_ROW.in(CALL));
        forward(BASE, BASE_ROW);
        a.mov(PanelCall.BASE.in(CALL), BASE);
        a.mov(RAX, PanelCall.COUNT.in(CALL));
        a.sub(RAX, 1);
        a.mov(PanelCall.COUNT.in(CALL), RAX);
        a.jump(Assembler.Condition.NOT_EQUAL, stretch);
        a.vzeroupper();
        for (Gpr r : SAVED.reversed()) a.pop(r);
        a.ret();
    }

    private void third(Gpr to, Gpr from, Gpr row) {
        if (rows <= 3) return;
        a.lea(to, Mem.at(from, row, 2, 0));
        a.add(to, row);
    }

    /** All rows further, by way of R13. */
    private void forward(Gpr at, Gpr row) {
        a.mov(R13, rows);
        a.imul(R13, row);
        a.add(at, R13);
    }

    private static Mem row(int r, Gpr first, Gpr fourth, Gpr stride, int displacement) {
        Gpr from = r < 3 ? first : fourth;
        return r % 3 == 0 ? Mem.at(from, displacement) : Mem.at(from, stride, r % 3, displacement);
    }

    private Mem x(int r, int displacement) {
        return row(r, X0, X3, X_ROW, displacement);
    }

    private void block() {
        for (int part = 0; part < layout.parts(); part++) {
            for (int r = 0; r < rows; r++)
                for (int i = 0; i < VECTORS; i++)
                    if (layout.minima()) code.zero(whole[r][i]);
                    else code.load(whole[r][i], x(r, PanelCode.term(isa, part)));
            for (int q = part * layout.quads(); q < (part + 1) * layout.quads(); q++) quad(q);
            for (int r = 0; r < rows; r++) {
                Vec scale = temporary(r);
                code.load(scale, x(r, PanelCode.scale(isa)));
                for (int i = 0; i < VECTORS; i++) {
                    Vec both = i == 0 ? factor.even() : factor.odd(); // done with for this part
                    a.emit(VMULPS, both, scale, column(PanelLayout.unpackedScales(part), i));
                    a.emit(VCVTDQ2PS, whole[r][i], whole[r][i]);
                    a.emit(VFMADD231PS, sums[r][i], whole[r][i], both);
                }
            }
            if (layout.minima()) minima(part);
        }
    }

    private Mem column(int displacement, int i) {
        return Mem.at(W, displacement + i * code.bytes());
    }

    private void quad(int q) {
        int at = q * PanelCode.quad(isa);
        if (!PanelCode.dots(isa)) {
            for (int i = 0; i < VECTORS; i++) {
                a.emit(VMOVUPS, w[i], column(q * PanelLayout.QUAD, i));
                code.split(w[i], factor);
                for (int r = 0; r < rows; r++) code.multiply(whole[r][i], w[i], factor, x(r, at), temporary(r));
            }
            return;
        }
        for (int i = 0; i < VECTORS; i++) a.emit(VMOVUPS, w[i], column(q * PanelLayout.QUAD, i));
        for (int r = 0; r < rows; r++) {
            Vec t = temporary(r);
            code.load(t, x(r, at));
            for (int i = 0; i < VECTORS; i++) a.emit(VPDPBUSD, whole[r][i], w[i], t);
        }
    }

    private Vec temporary(int r) {
        return temporary[r % temporary.length];
    }

    /** Takes the minima of a part off, as often as the sum of the row's numbers says. */
    private void minima(int part) {
        Vec minimum = whole[0][0]; // its sum is done with
        for (int i = 0; i < VECTORS; i++) {
            a.emit(VMOVUPS, minimum, column(layout.unpackedMinima(part), i));
            for (int r = 0; r < rows; r++) {
                Vec t = temporary(r);
                code.load(t, x(r, PanelCode.term(isa, part)));
                a.emit(VFNMADD231PS, sums[r][i], minimum, t);
            }
        }
    }

    /** Adds the base. */
    private void store() {
        third(BASE3, BASE, BASE_ROW);
        third(OUT3, OUT, OUT_ROW);
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < VECTORS; i++) {
                int column = i * code.bytes();
                a.emit(VADDPS, sums[r][i], sums[r][i], row(r, BASE, BASE3, BASE_ROW, column));
                a.emit(VMOVUPS_STORE, row(r, OUT, OUT3, OUT_ROW, column), sums[r][i]);
            }
    }
}
