package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Mem.at;
import static dev.prairie.cpu.codegen.Simd.*;
import static dev.prairie.cpu.codegen.Tile.tmm;

import dev.prairie.cpu.codegen.Assembler.Condition;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The inner loop of a BF16 product in the tile registers of AMX: 32 x 32 sums in four tiles, two squares of A against
 * two of B, so that each loaded square is used twice. The sums go through a page of scratch, where bias and base are
 * added by vectors; only rows and columns that exist are written.
 *
 * @param columns squares of columns, 1 or 2
 */
record TileBlock(int columns) {
    /** Squares of rows in a panel. */
    static final int ROWS = 2;

    private static final int SQUARE = 1024;
    private static final int LINE = 64;
    private static final Gpr ARGUMENTS = RDI, A = RAX, A_ROW = RSI, B = RDX, B_PANEL = RCX, LEFT = R8, LINES = R9;
    private static final Gpr A0 = R10, C = R11, BASE = RBX, BIAS = RBP, SUMS = R12, PANELS = R13, COUNT = R14;

    /** Bytes of a configuration: palette 1, all eight tiles of 16 rows of 64 bytes (Intel SDM volume 1, 18.3). */
    static final int CONFIGURATION = 64;

    static void configure(MemorySegment configuration) {
        configuration.fill((byte) 0);
        configuration.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        for (int t = 0; t < 8; t++) {
            configuration.set(ValueLayout.JAVA_SHORT, 16 + 2L * t, (short) LINE);
            configuration.set(ValueLayout.JAVA_BYTE, 48 + t, (byte) 16);
        }
    }

    byte[] code() {
        var a = new Assembler();
        Gpr[] saved = {RBX, RBP, R12, R13, R14};
        for (Gpr r : saved) a.push(r);
        argument(a, LEFT, BlockCall.TILES);
        a.ldtilecfg(at(LEFT));
        argument(a, A0, BlockCall.A);
        argument(a, B_PANEL, BlockCall.B_PANEL);
        argument(a, PANELS, BlockCall.PANELS);
        argument(a, C, BlockCall.C);
        argument(a, BASE, BlockCall.BASE);
        argument(a, BIAS, BlockCall.BIAS);
        argument(a, SUMS, BlockCall.SUMS);
        argument(a, LEFT, BlockCall.LANES);
        a.kmovw(Mask.k(1), LEFT);
        a.mov(LINES, LINE);
        bias(a);

        Label panel = a.here();
        argument(a, A_ROW, BlockCall.SQUARES);
        a.mov(LEFT, A_ROW);
        a.shl(A_ROW, Integer.numberOfTrailingZeros(SQUARE));
        a.mov(A, A0);
        argument(a, B, BlockCall.B);
        for (int t = 0; t < ROWS * columns; t++) a.tilezero(tmm(t));
        var stored = new Label();
        a.test(LEFT, LEFT);
        a.jump(Condition.EQUAL, stored);
        a.align(32);
        Label square = a.here();
        a.tileloadd(tmm(4), at(A, LINES, 1, 0));
        a.tileloadd(tmm(6), at(B, LINES, 1, 0));
        a.tdpbf16ps(tmm(0), tmm(4), tmm(6));
        // The second row of squares lies one row of squares further, the second column one panel of B.
        a.add(A, A_ROW);
        a.tileloadd(tmm(5), at(A, LINES, 1, 0));
        a.sub(A, A_ROW);
        a.tdpbf16ps(tmm(columns), tmm(5), tmm(6));
        if (columns == 2) {
            a.add(B, B_PANEL);
            a.tileloadd(tmm(7), at(B, LINES, 1, 0));
            a.sub(B, B_PANEL);
            a.tdpbf16ps(tmm(1), tmm(4), tmm(7));
            a.tdpbf16ps(tmm(3), tmm(5), tmm(7));
        }
        a.add(A, SQUARE);
        a.add(B, SQUARE);
        a.sub(LEFT, 1);
        a.jump(Condition.NOT_EQUAL, square);
        a.place(stored);
        for (int t = 0; t < ROWS * columns; t++) a.tilestored(at(SUMS, LINES, 1, t * SQUARE), tmm(t));
        results(a);
        a.lea(A0, at(A0, A_ROW, 2, 0));
        a.sub(PANELS, 1);
        a.jump(Condition.NOT_EQUAL, panel);
        a.tilerelease();
        for (int i = saved.length - 1; i >= 0; i--) a.pop(saved[i]);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /** The bias of each column in registers 0 and 1, zero where there is no column. */
    private void bias(Assembler a) {
        for (int j = 0; j < columns; j++)
            if (last(j)) a.zeroed(Mask.k(1), VMOVUPS, v(j), at(BIAS, j * LINE));
            else a.emit(VMOVUPS, v(j), at(BIAS, j * LINE));
    }

    /** {@code c = sum + bias + base}, a square of rows at a time. */
    private void results(Assembler a) {
        var done = new Label();
        for (int i = 0; i < ROWS; i++) {
            a.mov(LEFT, 16);
            var full = new Label();
            a.cmp(PANELS, 1);
            a.jump(Condition.NOT_EQUAL, full);
            argument(a, COUNT, BlockCall.LAST_ROWS);
            if (i > 0) {
                a.sub(COUNT, 16 * i);
                a.jump(Condition.LESS_OR_EQUAL, done);
            }
            a.min(LEFT, COUNT);
            a.place(full);
            a.lea(A, at(SUMS, i * columns * SQUARE));
            Label row = a.here();
            for (int j = 0; j < columns; j++) {
                Vec sum = v(2 + j);
                if (last(j)) {
                    a.emit(VADDPS, sum, v(j), at(A, j * SQUARE));
                    a.zeroed(Mask.k(1), VADDPS, sum, sum, at(BASE, j * LINE));
                    a.masked(Mask.k(1), VMOVUPS_STORE, at(C, j * LINE), sum);
                } else {
                    a.emit(VADDPS, sum, v(j), at(A, j * SQUARE));
                    a.emit(VADDPS, sum, sum, at(BASE, j * LINE));
                    a.emit(VMOVUPS_STORE, at(C, j * LINE), sum);
                }
            }
            a.add(A, LINE);
            a.add(C, at(ARGUMENTS, BlockCall.C_ROW.offset()));
            a.add(BASE, at(ARGUMENTS, BlockCall.BASE_ROW.offset()));
            a.sub(LEFT, 1);
            a.jump(Condition.NOT_EQUAL, row);
        }
        a.place(done);
    }

    private boolean last(int column) {
        return column == columns - 1;
    }

    private static Vec v(int index) {
        return Vec.zmm(index);
    }

    private static void argument(Assembler a, Gpr to, BlockCall argument) {
        a.mov(to, at(ARGUMENTS, argument.offset()));
    }
}
