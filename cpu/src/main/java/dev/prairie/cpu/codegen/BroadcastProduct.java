package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

/**
 * Products by multiply-add: one step of a row of A in all lanes, times two vectors of B. A block of rows and two vectors
 * of columns stays in registers for the whole depth.
 */
final class BroadcastProduct implements Product {
    /** Steps of the depth between two jumps. */
    private static final int UNROLL = 4;

    private final Assembler a;
    private final int bits;
    private final Simd multiplyAdd;
    private final int numbers;
    private final int rows;

    /**
     * Emits into {@code a}.
     *
     * @param multiplyAdd {@code acc += b * a}
     * @param numbers     how many numbers of the depth one of it takes: 1, or 2 for BF16 pairs
     */
    BroadcastProduct(Assembler a, int bits, Simd multiplyAdd, int numbers) {
        this.a = a;
        this.bits = bits;
        this.multiplyAdd = multiplyAdd;
        this.numbers = numbers;
        this.rows = bits == 512 ? 8 : 4; // at least latency times multiply-adds a cycle, and registers enough
    }

    @Override
    public int block() {
        return Math.max(rows, UNROLL * numbers);
    }

    @Override
    public int lanes() {
        return bits / 32;
    }

    @Override
    public void emit(Sum c, Left left, Right b, Extent rowCount, int columns, Extent depth) {
        Product.address(a, RAX, left.at());
        Product.address(a, RDX, c.at());
        rowCount.load(a, RSI);
        Label next = a.here();
        int vector = bits / 8;
        for (int at = 0; at < columns * 4; at += 2 * vector) {
            int vectors = Math.min(2, (columns * 4 - at) / vector);
            block(c, left, b, at, vectors, depth);
        }
        a.add(RAX, rows * left.row());
        a.add(RDX, rows * c.row());
        a.sub(RSI, rows);
        a.jump(Assembler.Condition.NOT_EQUAL, next);
    }

    private void block(Sum c, Left left, Right b, int at, int vectors, Extent depth) {
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++) {
                if (c.add()) a.emit(VMOVUPS, sum(r, v), Mem.at(RDX, r * c.row() + at + v * bits / 8));
                else a.emit(VXORPS, sum(r, v), sum(r, v), sum(r, v));
            }
        Product.address(a, RCX, b.at());
        a.mov(R11, RAX);
        depth.load(a, RBX);
        a.align(32);
        Label next = a.here();
        for (int u = 0; u < UNROLL; u++) {
            for (int v = 0; v < vectors; v++)
                a.emit(VMOVUPS, register(2 * rows + v), Mem.at(RCX, u * b.step() + at + v * bits / 8));
            for (int r = 0; r < rows; r++) {
                Vec all = register(2 * rows + 2 + r % 4);
                a.emit(VBROADCASTSS, all, Mem.at(R11, r * left.row() + u * left.step()));
                for (int v = 0; v < vectors; v++) a.emit(multiplyAdd, sum(r, v), register(2 * rows + v), all);
            }
        }
        a.add(R11, UNROLL * left.step());
        a.add(RCX, UNROLL * b.step());
        a.sub(RBX, UNROLL * numbers);
        a.jump(Assembler.Condition.NOT_EQUAL, next);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++)
                a.emit(VMOVUPS_STORE, Mem.at(RDX, r * c.row() + at + v * bits / 8), sum(r, v));
    }

    private Vec sum(int row, int v) {
        return register(2 * row + v);
    }

    private Vec register(int index) {
        return new Vec(index, bits);
    }
}
