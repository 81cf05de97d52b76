package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

import dev.prairie.tensor.DType;

/**
 * The kernel for one to four rows of activations and weights of 16 bits: panels one after the other, straight from memory,
 * which is what limits it. Activations stay F32: a step of k of a row, in all lanes, times that step of all columns.
 */
final class StreamHalves {
    /** Rows at most. */
    static final int ROWS = 4;

    /** Lines between two jumps. */
    static final int UNROLL = 4;

    /** How far ahead of its use memory is asked for, in bytes, as in {@link StreamPanels}. */
    private static final int AHEAD = 2560;

    private static final Gpr CALL = RDI, W = RSI, X_ROW = R8, OUT = R10, OUT_ROW = R11, LINES = RCX;
    private static final Gpr X0 = RAX, X3 = RDX, BIAS = RBX, RESIDUAL = R14, ADDED = R15, TO = R9;

    private final Assembler a = new Assembler();
    private final Isa isa;
    private final int rows;
    private final int sums; // of a row: as many as hide how long an addition takes
    private final HalfCode code;
    private final Vec first, second, copy, lanes;

    private StreamHalves(Isa isa, DType type, int rows) {
        this.isa = isa;
        this.rows = rows;
        sums = rows == 1 ? 4 : 2;
        int top = isa.registers() - 1;
        code = new HalfCode(a, isa, type, v(top));
        first = v(top - 1);
        second = v(top - 2);
        copy = v(top - 3);
        lanes = v(top - 4);
    }

    static byte[] code(Isa isa, DType type, int rows) {
        var kernel = new StreamHalves(isa, type, rows);
        kernel.panels();
        return kernel.a.bytes();
    }

    private void panels() {
        a.push(RBX);
        a.push(R14);
        a.push(R15);
        code.constants();
        a.mov(RAX, HalfCall.LANES.in(CALL));
        if (isa.bits() == 512) a.kmovw(Mask.k(1), RAX);
        else a.emit(VMOVUPS, lanes, Mem.at(RAX));
        a.mov(W, HalfCall.W.in(CALL));
        a.mov(X_ROW, HalfCall.X_ROW.in(CALL));
        a.mov(OUT, HalfCall.OUT.in(CALL));
        a.mov(OUT_ROW, HalfCall.OUT_ROW.in(CALL));
        a.mov(BIAS, HalfCall.BIAS.in(CALL));
        a.mov(RESIDUAL, HalfCall.RESIDUAL.in(CALL));
        Label panel = a.here();
        a.mov(X0, HalfCall.X.in(CALL));
        if (rows > 3) {
            a.lea(X3, Mem.at(X0, X_ROW, 2, 0));
            a.add(X3, X_ROW);
        }
        for (int r = 0; r < rows; r++) for (int s = 0; s < sums; s++) a.emit(VXORPS, sum(r, s), sum(r, s), sum(r, s));
        a.mov(LINES, HalfCall.LINES.in(CALL));
        a.align(32);
        Label lines = a.here();
        for (int i = 0; i < UNROLL; i++) line(i);
        a.add(W, UNROLL * bytes());
        a.add(X0, UNROLL * 8);
        if (rows > 3) a.add(X3, UNROLL * 8);
        a.sub(LINES, UNROLL);
        a.jump(Assembler.Condition.NOT_EQUAL, lines);
        results();
        a.add(OUT, bytes());
        a.add(BIAS, HalfCall.BIAS_STEP.in(CALL));
        a.add(RESIDUAL, HalfCall.RESIDUAL_STEP.in(CALL));
        a.mov(LINES, HalfCall.COUNT.in(CALL));
        a.sub(LINES, 1);
        a.mov(HalfCall.COUNT.in(CALL), LINES);
        a.jump(Assembler.Condition.NOT_EQUAL, panel);
        a.vzeroupper();
        a.pop(R15);
        a.pop(R14);
        a.pop(RBX);
        a.ret();
    }

    private void line(int i) {
        int at = i * bytes();
        if (at % 64 == 0) a.prefetch(Assembler.Nearness.T1, Mem.at(W, AHEAD + at));
        code.numbers(first, second, Mem.at(W, at));
        for (int r = 0; r < rows; r++) {
            add(sum(r, 2 * i % sums), first, x(r, 8 * i));
            add(sum(r, (2 * i + 1) % sums), second, x(r, 8 * i + 4));
        }
    }

    private void add(Vec sum, Vec numbers, Mem x) {
        if (isa.bits() == 512) a.emit(VFMADD231PS, sum, numbers, x.toAllLanes());
        else {
            a.emit(VBROADCASTSS, copy, x);
            a.emit(VFMADD231PS, sum, numbers, copy);
        }
    }

    private Mem x(int r, int displacement) {
        return switch (r) {
            case 0 -> Mem.at(X0, displacement);
            case 3 -> Mem.at(X3, displacement);
            default -> Mem.at(X0, X_ROW, r, displacement);
        };
    }

    /** {@code out = sum + bias + residual}, only the columns that exist. */
    private void results() {
        a.mov(TO, OUT);
        a.mov(ADDED, RESIDUAL);
        for (int r = 0; r < rows; r++) {
            for (int s = sums / 2; s > 0; s /= 2)
                for (int i = 0; i < s; i++) a.emit(VADDPS, sum(r, i), sum(r, i), sum(r, i + s));
            plus(sum(r, 0), Mem.at(BIAS));
            plus(sum(r, 0), Mem.at(ADDED));
            if (isa.bits() == 512) a.masked(Mask.k(1), VMOVUPS_STORE, Mem.at(TO), sum(r, 0));
            else a.emit(VMASKMOVPS_STORE, Mem.at(TO), lanes, sum(r, 0));
            a.add(TO, OUT_ROW);
            a.add(ADDED, HalfCall.RESIDUAL_ROW.in(CALL));
        }
    }

    private void plus(Vec sum, Mem at) {
        if (isa.bits() == 512) a.masked(Mask.k(1), VADDPS, sum, sum, at);
        else {
            a.emit(VMASKMOVPS, copy, lanes, at);
            a.emit(VADDPS, sum, sum, copy);
        }
    }

    private Vec sum(int r, int s) {
        return v(r * sums + s);
    }

    private int bytes() {
        return isa.bits() / 8;
    }

    private Vec v(int index) {
        return new Vec(index, isa.bits());
    }
}
