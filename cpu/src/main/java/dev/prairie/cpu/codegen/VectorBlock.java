package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Mem.at;
import static dev.prairie.cpu.codegen.Simd.*;

import dev.prairie.cpu.codegen.Assembler.Condition;

/**
 * The inner loop of a product in vector registers: {@code rows x vectors} sums stand in registers while k runs; each
 * step loads {@code vectors} vectors of B and copies one unit of A to all lanes for each row.
 *
 * <p>8 x 3 vectors of 16 floats need 11 loads for 24 multiply-adds: half of what two load ports give, on processors with
 * one multiply-add a cycle and with two. With 256-bit vectors there are 16 registers, and 4 x 3 fill them.
 *
 * @param isa     the width of a vector
 * @param pairs   whether units are BF16 pairs, for {@code vdpbf16ps}, or floats
 * @param rows    of a panel, 1 to {@link #rows(Isa)}
 * @param vectors of columns, 1 to {@link #VECTORS}
 * @param stream  whether whole vectors go past the caches, to lines that are not read before they are written
 */
record VectorBlock(Isa isa, boolean pairs, int rows, int vectors, boolean stream) {
    /** Most vectors of columns. */
    static final int VECTORS = 3;

    private static final Gpr ARGUMENTS = RDI, A0 = R10, HALF = R12, A = RAX, B = RDX, B_PANEL = RCX, LEFT = R8;
    private static final Gpr PANELS = R9, C = R11, BASE = RSI, BIAS = RBX, FETCH = R13;

    /** Rows of a full panel: half a square. */
    static int rows(Isa isa) {
        return isa.bits() == 512 ? 8 : 4;
    }

    byte[] code() {
        var a = new Assembler();
        a.push(RBX);
        a.push(R12);
        a.push(R13);
        argument(a, A0, BlockCall.A);
        argument(a, B_PANEL, BlockCall.B_PANEL);
        argument(a, PANELS, BlockCall.GROUPS);
        argument(a, C, BlockCall.C);
        argument(a, BASE, BlockCall.BASE);
        argument(a, BIAS, BlockCall.BIAS);
        if (isa.bits() == 512) {
            argument(a, LEFT, BlockCall.LANES);
            a.kmovw(Mask.k(1), LEFT);
        }
        a.mov(HALF, 0); // which half of the squares of A the panel is, in bytes
        Label panel = a.here();
        for (int i = 0; i < rows * vectors; i++) zero(a, i);
        a.mov(FETCH, at(ARGUMENTS, BlockCall.C_ROW.offset()));
        a.shl(FETCH, Integer.numberOfTrailingZeros(rows(isa)));
        a.add(FETCH, C);
        a.lea(A, at(A0, HALF, 1, 0));
        argument(a, B, BlockCall.B);
        argument(a, LEFT, BlockCall.SQUARES);
        var stored = new Label();
        a.test(LEFT, LEFT);
        a.jump(Condition.EQUAL, stored);
        a.align(32);
        Label square = a.here();
        for (int unit = 0; unit < isa.lanes(); unit++) {
            step(a, unit);
            // A row of the next panel of C for each square: a burst would keep B waiting for the same few line buffers.
            if (!stream && unit % 4 == 3 && unit / 4 < Math.ceilDiv(vectors * vectorBytes(), 64))
                a.prefetchw(at(FETCH, unit / 4 * 64));
        }
        a.add(FETCH, at(ARGUMENTS, BlockCall.C_ROW.offset()));
        a.add(A, isa.lanes() * vectorBytes());
        a.add(B, isa.lanes() * vectorBytes());
        a.sub(LEFT, 1);
        a.jump(Condition.NOT_EQUAL, square);
        a.place(stored);
        results(a);
        next(a, panel);
        if (stream) a.sfence();
        a.pop(R13);
        a.pop(R12);
        a.pop(RBX);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    private void step(Assembler a, int unit) {
        for (int j = 0; j < vectors; j++) a.emit(VMOVUPS, column(j), column(j, unit * vectorBytes()));
        for (int r = 0; r < rows; r++) {
            Vec copy = v(Math.min(rows * vectors + vectors + r % spare(), isa.registers() - 1));
            a.emit(VBROADCASTSS, copy, at(A, r * vectorBytes() + unit * 4));
            for (int j = 0; j < vectors; j++) a.emit(pairs ? VDPBF16PS : VFMADD231PS, sum(r, j), copy, column(j));
        }
    }

    /** Registers that are left for copies. */
    private int spare() {
        return isa.registers() - rows * vectors - vectors;
    }

    private static Mem column(int j, int displacement) {
        return switch (j) {
            case 0 -> at(B, displacement);
            case 1 -> at(B, B_PANEL, 1, displacement);
            default -> at(B, B_PANEL, 2, displacement);
        };
    }

    /** {@code c = sum + bias + base}, the last vector by its lanes alone. */
    private void results(Assembler a) {
        Vec lanes = v(isa.registers() - 1);
        Vec part = v(isa.registers() - 2);
        if (isa.bits() == 256) {
            argument(a, LEFT, BlockCall.LANES);
            a.emit(VMOVUPS, lanes, at(LEFT));
        }
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < vectors; j++) {
                Vec sum = sum(r, j);
                int d = j * vectorBytes();
                if (stream || j < vectors - 1) {
                    a.emit(VADDPS, sum, sum, at(BIAS, d));
                    a.emit(VADDPS, sum, sum, at(BASE, d));
                    a.emit(stream ? VMOVNTPS : VMOVUPS_STORE, at(C, d), sum);
                } else if (isa.bits() == 512) {
                    a.zeroed(Mask.k(1), VADDPS, sum, sum, at(BIAS, d));
                    a.zeroed(Mask.k(1), VADDPS, sum, sum, at(BASE, d));
                    a.masked(Mask.k(1), VMOVUPS_STORE, at(C, d), sum);
                } else {
                    a.emit(VMASKMOVPS, part, lanes, at(BIAS, d));
                    a.emit(VADDPS, sum, sum, part);
                    a.emit(VMASKMOVPS, part, lanes, at(BASE, d));
                    a.emit(VADDPS, sum, sum, part);
                    a.emit(VMASKMOVPS_STORE, at(C, d), lanes, sum);
                }
            }
            a.add(C, at(ARGUMENTS, BlockCall.C_ROW.offset()));
            a.add(BASE, at(ARGUMENTS, BlockCall.BASE_ROW.offset()));
        }
    }

    /** To the other half of the same squares, and from there to the next row of squares. */
    private void next(Assembler a, Label panel) {
        var same = new Label();
        a.xor(HALF, rows(isa) * vectorBytes());
        a.jump(Condition.NOT_EQUAL, same);
        a.add(A0, at(ARGUMENTS, BlockCall.A_ROW.offset()));
        a.place(same);
        a.sub(PANELS, 1);
        a.jump(Condition.NOT_EQUAL, panel);
    }

    private void zero(Assembler a, int i) {
        if (isa.bits() == 512) a.emit(VPXORD, v(i), v(i), v(i));
        else a.emit(VXORPS, v(i), v(i), v(i));
    }

    private Vec sum(int row, int vector) {
        return v(row * vectors + vector);
    }

    private Vec column(int j) {
        return v(rows * vectors + j);
    }

    private int vectorBytes() {
        return isa.bits() / 8;
    }

    private Vec v(int index) {
        return new Vec(index, isa.bits());
    }

    private static void argument(Assembler a, Gpr to, BlockCall argument) {
        a.mov(to, at(ARGUMENTS, argument.offset()));
    }
}
