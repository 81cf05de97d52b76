package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Tile.tmm;

/**
 * Products by AMX: two tiles of A times two of B into four of C, 32 rows by 32 columns, 32 numbers of the depth at a
 * time. The function around it sets the tiles up (all of them 16 rows of 64 bytes) and releases them.
 */
final class TileProduct implements Product {
    private static final int ROWS = 16;
    private static final int ROW = 64;

    /** Up to this depth there is no loop. */
    private static final int UNROLL = 128;

    private final Assembler a;

    TileProduct(Assembler a) {
        this.a = a;
    }

    @Override
    public int block() {
        return 2 * ROWS;
    }

    @Override
    public int lanes() {
        return 2 * ROWS;
    }

    @Override
    public void emit(Sum c, Left left, Right b, Extent rows, int columns, Extent depth) {
        Product.address(a, RAX, left.at());
        Product.address(a, RDX, c.at());
        a.mov(R8, left.row());
        a.mov(R9, b.step());
        a.mov(R10, c.row());
        rows.load(a, RSI);
        Label next = a.here();
        for (int at = 0; at < columns * 4; at += 2 * ROW) block(c, left, b, at, depth);
        a.add(RAX, 2 * ROWS * left.row());
        a.add(RDX, 2 * ROWS * c.row());
        a.sub(RSI, 2 * ROWS);
        a.jump(Assembler.Condition.NOT_EQUAL, next);
    }

    private void block(Sum c, Left left, Right b, int at, Extent depth) {
        for (int i = 0; i < 4; i++) {
            if (c.add()) a.tileloadd(tmm(i), sum(c, i, at));
            else a.tilezero(tmm(i));
        }
        a.mov(R11, RAX);
        Product.address(a, RCX, b.at());
        int unrolled = depth.register() == null && depth.constant() <= UNROLL ? depth.constant() / (2 * ROWS) : 0;
        for (int step = 0; step < unrolled; step++) step(left, b, at, step);
        if (unrolled == 0) {
            depth.load(a, RBX);
            Label next = a.here();
            step(left, b, at, 0);
            a.add(R11, ROW);
            a.add(RCX, ROWS * b.step());
            a.sub(RBX, 2 * ROWS);
            a.jump(Assembler.Condition.NOT_EQUAL, next);
        }
        for (int i = 0; i < 4; i++) a.tilestored(sum(c, i, at), tmm(i));
    }

    /** Step {@code step} of the depth from where the pointers are. */
    private void step(Left left, Right b, int at, int step) {
        int columns = at + step * ROWS * b.step();
        int depth = step * ROW;
        Tile a0 = tmm(4), a1 = tmm(5), b0 = tmm(6), b1 = tmm(7);
        a.tileloadd(b0, Mem.at(RCX, R9, 1, columns));
        a.tileloadd(a0, Mem.at(R11, R8, 1, depth));
        a.tdpbf16ps(tmm(0), a0, b0);
        a.tileloadd(b1, Mem.at(RCX, R9, 1, columns + ROW));
        a.tdpbf16ps(tmm(1), a0, b1);
        a.tileloadd(a1, Mem.at(R11, R8, 1, depth + ROWS * left.row()));
        a.tdpbf16ps(tmm(2), a1, b0);
        a.tdpbf16ps(tmm(3), a1, b1);
    }

    /** Tile {@code i} of the four. */
    private static Mem sum(Sum c, int i, int at) {
        return Mem.at(RDX, R10, 1, i / 2 * ROWS * c.row() + at + i % 2 * ROW);
    }
}
