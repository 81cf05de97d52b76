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
 * two of B, so that each loaded square is used twice.
 *
 * <p>Whole blocks go from the tiles to C and nowhere else: sums start from the bias (a tile whose rows all lie at the
 * same place), from the base, or from zero. A block at an edge, and one with bias and base, goes through a page of
 * scratch, where vectors add both and write only the rows and columns that exist.
 *
 * @param columns squares of columns, 1 or 2
 * @param start   where sums start
 */
record TileBlock(int columns, Start start) {
    /** What sums start from. */
    enum Start {
        ZERO,
        BIAS,
        BASE,
        /** From zero; bias and base are added, and edges cut off, by vectors. */
        VECTORS,
        /** As VECTORS, past the caches: whole lines that are not read before they are written. */
        STREAM
    }

    /** Two squares of rows. */
    static final int ROWS = 32;

    private static final int SQUARE = 1024;
    private static final int LINE = 64;
    private static final int HALF = ROWS / 2;
    private static final Gpr ARGUMENTS = RDI, A = RAX, A_ROW = RSI, B = RDX, B_PANEL = RCX, LEFT = R8, LINES = R9;
    private static final Gpr B0 = R10, C = R11, BASE = RBX, BIAS = RBP, SUMS = R12, GROUPS = R13, COUNT = R14;
    private static final Gpr FETCH = R15;

    /** Rows of C that are asked for in each step along k, so that they are there when the sums are. */
    private static final int FETCHED = 2;

    /** Bytes of a configuration: palette 1, all eight tiles of 16 rows of 64 bytes (Intel SDM volume 1, 18.3). */
    static final int CONFIGURATION = 64;

    static void configure(MemorySegment configuration) {
        configuration.fill((byte) 0);
        configuration.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        for (int t = 0; t < 8; t++) {
            configuration.set(ValueLayout.JAVA_SHORT, 16 + 2L * t, (short) LINE);
            configuration.set(ValueLayout.JAVA_BYTE, 48 + t, (byte) HALF);
        }
    }

    byte[] code() {
        var a = new Assembler();
        for (Gpr r : Gpr.SAVED) a.push(r);
        argument(a, LEFT, BlockCall.TILES);
        a.ldtilecfg(at(LEFT));
        argument(a, B0, BlockCall.B);
        argument(a, B_PANEL, BlockCall.B_PANEL);
        argument(a, GROUPS, BlockCall.GROUPS);
        argument(a, C, BlockCall.C);
        argument(a, BASE, BlockCall.BASE);
        argument(a, BIAS, BlockCall.BIAS);
        argument(a, A_ROW, BlockCall.A_ROW);
        a.mov(LINES, LINE);
        if (vectors()) {
            argument(a, SUMS, BlockCall.SUMS);
            argument(a, LEFT, BlockCall.LANES);
            a.kmovw(Mask.k(1), LEFT);
        }
        Label group = a.here();
        start(a);
        argument(a, A, BlockCall.A);
        a.mov(B, B0);
        argument(a, LEFT, BlockCall.SQUARES);
        a.mov(FETCH, C);
        var stored = new Label();
        a.test(LEFT, LEFT);
        a.jump(Condition.EQUAL, stored);
        squares(a, stored);
        a.place(stored);
        if (vectors()) {
            for (int t = 0; t < 2 * columns; t++) a.tilestored(at(SUMS, LINES, 1, t * SQUARE), tmm(t));
            results(a);
        } else {
            argument(a, COUNT, BlockCall.C_ROW);
            eachTile(a, C, (t, row, column) -> a.tilestored(at(row, COUNT, 1, column * LINE), tmm(t)));
        }
        a.add(C, columns * LINE);
        for (int j = 0; j < columns; j++) {
            a.add(B0, B_PANEL);
            a.add(BASE, at(ARGUMENTS, BlockCall.BASE_STEP.offset()));
            a.add(BIAS, at(ARGUMENTS, BlockCall.BIAS_STEP.offset()));
        }
        a.sub(GROUPS, 1);
        a.jump(Condition.NOT_EQUAL, group);
        a.tilerelease();
        if (start == Start.STREAM) a.sfence();
        for (Gpr r : Gpr.SAVED.reversed()) a.pop(r);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /** What is done with one of the tiles of sums. */
    private interface Use {
        /** {@code row} holds the address of the tile's first row of squares of columns. */
        void tile(int t, Gpr row, int column);
    }

    /** All tiles of sums; the address of the second row of squares is made in LEFT from COUNT, bytes of a row. */
    private void eachTile(Assembler a, Gpr from, Use use) {
        for (int j = 0; j < columns; j++) use.tile(j, from, j);
        a.mov(LEFT, COUNT);
        a.shl(LEFT, Integer.numberOfTrailingZeros(HALF));
        a.add(LEFT, from);
        for (int j = 0; j < columns; j++) use.tile(columns + j, LEFT, j);
    }

    private void start(Assembler a) {
        switch (start) {
            case ZERO, VECTORS, STREAM -> {
                for (int t = 0; t < 2 * columns; t++) a.tilezero(tmm(t));
            }
            case BIAS -> {
                a.mov(COUNT, 0); // bytes between rows: all are the same
                for (int t = 0; t < 2 * columns; t++) a.tileloadd(tmm(t), at(BIAS, COUNT, 1, t % columns * LINE));
            }
            case BASE -> {
                argument(a, COUNT, BlockCall.BASE_ROW);
                eachTile(a, BASE, (t, row, column) -> a.tileloadd(tmm(t), at(row, COUNT, 1, column * LINE)));
            }
        }
    }

    /** Along k; at first with the lines of C, as many steps as ask for all of them. */
    private void squares(Assembler a, Label end) {
        var rest = new Label();
        a.mov(COUNT, ROWS / FETCHED);
        a.align(32);
        Label first = a.here();
        for (int i = 0; i < FETCHED; i++) {
            if (start != Start.STREAM) for (int j = 0; j < columns; j++) a.prefetchw(at(FETCH, j * LINE));
            a.add(FETCH, at(ARGUMENTS, BlockCall.C_ROW.offset()));
        }
        step(a);
        a.sub(LEFT, 1);
        a.jump(Condition.EQUAL, end);
        a.sub(COUNT, 1);
        a.jump(Condition.NOT_EQUAL, first);
        a.align(32);
        a.place(rest);
        step(a);
        a.sub(LEFT, 1);
        a.jump(Condition.NOT_EQUAL, rest);
    }

    private void step(Assembler a) {
        // The second row of squares lies one row of squares further, the second column one panel of B.
        a.tileloadd(tmm(6), at(B, LINES, 1, 0));
        a.tileloadd(tmm(4), at(A, LINES, 1, 0));
        a.tdpbf16ps(tmm(0), tmm(4), tmm(6));
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
    }

    /** The bias of each column in registers 0 and 1, zero where there is no column. */
    private void bias(Assembler a) {
        for (int j = 0; j < columns; j++)
            if (last(j)) a.zeroed(Mask.k(1), VMOVUPS, v(j), at(BIAS, j * LINE));
            else a.emit(VMOVUPS, v(j), at(BIAS, j * LINE));
    }

    /** {@code c = sum + bias + base}, a square of rows at a time, only what exists. */
    private void results(Assembler a) {
        var done = new Label();
        bias(a);
        a.mov(FETCH, C);
        a.mov(B, BASE);
        for (int i = 0; i < 2; i++) {
            a.mov(LEFT, HALF);
            argument(a, COUNT, BlockCall.ROWS);
            a.sub(COUNT, HALF * i);
            a.jump(Condition.LESS_OR_EQUAL, done);
            a.min(LEFT, COUNT);
            a.lea(A, at(SUMS, i * columns * SQUARE));
            Label row = a.here();
            for (int j = 0; j < columns; j++) {
                Vec sum = v(2 + j);
                a.emit(VADDPS, sum, v(j), at(A, j * SQUARE));
                if (last(j)) {
                    a.zeroed(Mask.k(1), VADDPS, sum, sum, at(B, j * LINE));
                    if (start != Start.STREAM) a.masked(Mask.k(1), VMOVUPS_STORE, at(FETCH, j * LINE), sum);
                } else {
                    a.emit(VADDPS, sum, sum, at(B, j * LINE));
                    if (start != Start.STREAM) a.emit(VMOVUPS_STORE, at(FETCH, j * LINE), sum);
                }
                if (start == Start.STREAM) a.emit(VMOVNTPS, at(FETCH, j * LINE), sum);
            }
            a.add(A, LINE);
            a.add(FETCH, at(ARGUMENTS, BlockCall.C_ROW.offset()));
            a.add(B, at(ARGUMENTS, BlockCall.BASE_ROW.offset()));
            a.sub(LEFT, 1);
            a.jump(Condition.NOT_EQUAL, row);
        }
        a.place(done);
    }

    private boolean vectors() {
        return start == Start.VECTORS || start == Start.STREAM;
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
