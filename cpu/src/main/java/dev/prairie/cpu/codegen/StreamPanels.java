package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

/**
 * The kernel for one to four rows: panels one after the other, straight from memory, which is what limits it. Weights are
 * unpacked in registers and every byte of them is read once.
 */
final class StreamPanels {
    /** Rows at most; with more the processor limits it, and unpacking once for all of them is faster. */
    static final int ROWS = 4;

    /**
     * How far ahead of its use memory is asked for: about as many bytes as arrive while memory answers. Asked for a line at a
     * time and into the second cache: whole blocks at once, or into the first cache, leave a tenth of the speed (LOG.md).
     */
    static final int AHEAD = 2624;

    private static final Gpr CALL = RDI, W = RSI, X_ROW = R8, OUT = R10, OUT_ROW = R11, BLOCKS = RCX, UNIT = R14;
    private static final Gpr X0 = RAX, X3 = RDX, OUT3 = R9, LEFT = R15;

    private final Assembler a = new Assembler();
    private final Isa isa;
    private final PanelLayout layout;
    private final PanelCode code;
    private final int rows;
    private int fetched; // bytes of the block ahead

    // Registers: of constants and temporaries, then of sums. The F32 sums are in registers where there are 32.
    private final PanelCode.Constants constants;
    private final Vec w, t, t2, even, odd, scale;

    private StreamPanels(Isa isa, PanelLayout layout, int rows) {
        this.isa = isa;
        this.layout = layout;
        this.rows = rows;
        code = new PanelCode(a, isa, layout);
        constants = new PanelCode.Constants(code.v(15), code.v(14));
        w = code.v(13);
        t = code.v(12);
        t2 = code.v(11);
        even = code.v(10);
        odd = code.v(9);
        scale = code.v(8);
    }

    private Vec whole(int r) {
        return code.v(r);
    }

    /** The F32 sum of a row in vector {@code i} of the panel's columns; only where {@link #held}. */
    private Vec sum(int r, int i) {
        return code.v(16 + r * code.vectors() + i);
    }

    private boolean held() {
        return isa.registers() == 32;
    }

    static byte[] code(Isa isa, PanelLayout layout, int rows) {
        var code = new StreamPanels(isa, layout, rows);
        code.panels();
        return code.a.bytes();
    }

    private void panels() {
        a.push(R14);
        a.push(R15);
        code.constants(constants, false);
        a.mov(W, PanelCall.W.in(CALL));
        a.mov(X_ROW, PanelCall.X_ROW.in(CALL));
        a.mov(OUT, PanelCall.OUT.in(CALL));
        a.mov(OUT_ROW, PanelCall.OUT_ROW.in(CALL));
        Label panel = a.here();
        a.mov(X0, PanelCall.X.in(CALL));
        a.mov(BLOCKS, PanelCall.BLOCKS.in(CALL));
        third(X3, X0, X_ROW);
        third(OUT3, OUT, OUT_ROW);
        start();
        Label unit = a.here();
        if (layout.head() > 0) {
            a.mov(UNIT, W);
            a.add(W, layout.head());
        }
        a.mov(LEFT, layout.blocks());
        a.align(32);
        Label block = a.here();
        block();
        a.add(W, layout.blockBytes());
        a.add(X0, PanelCode.record(isa));
        if (rows > 3) a.add(X3, PanelCode.record(isa));
        a.sub(LEFT, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, block);
        a.sub(BLOCKS, layout.blocks());
        a.jump(Assembler.Condition.NOT_EQUAL, unit);
        if (held())
            for (int r = 0; r < rows; r++)
                for (int i = 0; i < code.vectors(); i++) a.emit(VMOVUPS_STORE, out(r, i), sum(r, i));
        a.add(OUT, PanelLayout.COLUMNS * Float.BYTES);
        a.mov(LEFT, PanelCall.COUNT.in(CALL));
        a.sub(LEFT, 1);
        a.mov(PanelCall.COUNT.in(CALL), LEFT);
        a.jump(Assembler.Condition.NOT_EQUAL, panel);
        a.vzeroupper();
        a.pop(R15);
        a.pop(R14);
        a.ret();
    }

    private void third(Gpr to, Gpr from, Gpr row) {
        if (rows <= 3) return;
        a.lea(to, Mem.at(from, row, 2, 0));
        a.add(to, row);
    }

    private static Mem row(int r, Gpr first, Gpr fourth, Gpr stride, int displacement) {
        return switch (r) {
            case 0 -> Mem.at(first, displacement);
            case 3 -> Mem.at(fourth, displacement);
            default -> Mem.at(first, stride, r, displacement);
        };
    }

    private Mem x(int r, int displacement) {
        return row(r, X0, X3, X_ROW, displacement);
    }

    private Mem out(int r, int i) {
        return row(r, OUT, OUT3, OUT_ROW, i * code.bytes());
    }

    private void start() {
        if (!held()) code.zero(t);
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < code.vectors(); i++)
                if (held()) code.zero(sum(r, i));
                else a.emit(VMOVUPS_STORE, out(r, i), t);
    }

    private void block() {
        fetched = 0;
        fetch();
        for (int i = 0; i < code.vectors(); i++)
            for (int part = 0; part < layout.parts(); part++) {
                for (int r = 0; r < rows; r++)
                    if (layout.minima()) code.zero(whole(r));
                    else code.load(whole(r), x(r, PanelCode.term(isa, part)));
                var factor = new PanelCode.Factor(even, odd);
                code.weights(W, part, i, w, t, constants, (q, bytes) -> {
                    fetch();
                    code.split(bytes, factor);
                    for (int r = 0; r < rows; r++)
                        code.multiply(whole(r), bytes, factor, x(r, q * PanelCode.quad(isa)), t2);
                });
                code.scales(UNIT, W, part, i, scale, t);
                for (int r = 0; r < rows; r++) {
                    code.load(t2, x(r, PanelCode.scale(isa)));
                    a.emit(VMULPS, t2, t2, scale);
                    a.emit(VCVTDQ2PS, whole(r), whole(r));
                    add(VFMADD231PS, r, i, whole(r), t2);
                }
                if (layout.minima()) {
                    code.minima(UNIT, W, part, i, scale, t);
                    for (int r = 0; r < rows; r++) {
                        code.load(t2, x(r, PanelCode.term(isa, part)));
                        add(VFNMADD231PS, r, i, scale, t2);
                    }
                }
            }
    }

    /** Asks for one line of the block ahead: one at a time, because the processor keeps track of few at once. */
    private void fetch() {
        if (fetched == layout.blockBytes()) return;
        a.prefetch(Assembler.Nearness.T1, Mem.at(W, AHEAD + fetched));
        fetched += 64;
    }

    /** {@code sum ± x * y}. */
    private void add(Simd op, int r, int i, Vec x, Vec y) {
        if (held()) a.emit(op, sum(r, i), x, y);
        else {
            a.emit(VMOVUPS, w, out(r, i));
            a.emit(op, w, x, y);
            a.emit(VMOVUPS_STORE, out(r, i), w);
        }
    }
}
