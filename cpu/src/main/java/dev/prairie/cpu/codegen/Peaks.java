package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.RAX;
import static dev.prairie.cpu.codegen.Gpr.RDI;
import static dev.prairie.cpu.codegen.Gpr.RSI;
import static dev.prairie.cpu.codegen.Mem.at;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.device.Peak;
import java.util.function.Consumer;

/** What this machine can do at most: loops of the kernels' own instructions that touch no memory, and one that only reads. */
final class Peaks {
    /** Enough to hide four or five cycles of latency on two units. */
    private static final int SUMS = 12;

    /** Of tiles: 16 cycles apart, 52 until the sum is there (Intel optimization reference manual, 20.5.3). */
    private static final int TILES = 4;

    private static final int ROUNDS = 20;
    private static final double SECONDS = 2e-3; // of a round: a parked worker needs a good part of one to wake

    private static final long READ_BYTES = 512 << 20;
    private static final long PIECE = 4 << 20; // small, so that a late thread does not stall the rest
    private static final int PASSES = 5;
    private static final int UNROLLED = 8;

    private Peaks() {}

    /** Operations or bytes a second of all threads together, the best of some rounds. */
    static double measure(Peak peak, WorkerPool pool, Isa isa, SystemCalls system) {
        Loop multiplyAdds = vectors(isa, Simd.VFMADD231PS, 2);
        return switch (peak) {
            case F32 -> spin(multiplyAdds, pool, system);
            case BF16 ->
                switch (isa.bf16()) {
                    case FMA -> spin(multiplyAdds, pool, system);
                    case DOT -> spin(vectors(isa, Simd.VDPBF16PS, 4), pool, system);
                    case TILES -> spin(tiles(32, Assembler::tdpbf16ps), pool, system);
                };
            case INT8 ->
                switch (isa.int8()) {
                    case PAIRS -> spin(pairs(isa), pool, system);
                    case QUADS -> spin(vectors(isa, Simd.VPDPBUSD, 8), pool, system);
                    case TILES -> spin(tiles(64, Assembler::tdpbssd), pool, system);
                };
            case READ -> read(pool, isa, system);
        };
    }

    /**
     * {@code (steps, configuration of tiles)}; all registers are zero, which is as fast as any number.
     *
     * @param operations of a step
     */
    private record Loop(byte[] code, double operations) {
        static Loop of(
                double operations, Consumer<Assembler> before, Consumer<Assembler> step, Consumer<Assembler> after) {
            var a = new Assembler();
            before.accept(a);
            a.align(32);
            Label again = a.here();
            step.accept(a);
            a.sub(RDI, 1);
            a.jump(Assembler.Condition.NOT_EQUAL, again);
            after.accept(a);
            return new Loop(ended(a), operations);
        }
    }

    private static byte[] ended(Assembler a) {
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /** {@code each} operations in a lane of 32 bits. */
    private static Loop vectors(Isa isa, Simd op, int each) {
        return Loop.of(
                (double) each * SUMS * isa.lanes(),
                Peaks::clear,
                a -> {
                    for (int i = 0; i < SUMS; i++) a.emit(op, v(isa, i), v(isa, SUMS), v(isa, SUMS + 1));
                },
                a -> {});
    }

    /** Bytes in pairs to 16 bits, those in pairs to 32 bits, and the sum: three instructions for eight operations a lane. */
    private static Loop pairs(Isa isa) {
        int sums = SUMS / 2;
        return Loop.of(
                8.0 * sums * isa.lanes(),
                Peaks::clear,
                a -> {
                    Vec x = v(isa, SUMS), y = v(isa, SUMS + 1);
                    for (int i = 0; i < sums; i++) a.emit(Simd.VPMADDUBSW, v(isa, sums + i), x, y);
                    for (int i = 0; i < sums; i++) a.emit(Simd.VPMADDWD, v(isa, sums + i), v(isa, sums + i), y);
                    for (int i = 0; i < sums; i++) a.emit(Simd.VPADDD, v(isa, i), v(isa, i), v(isa, sums + i));
                },
                a -> {});
    }

    /** A product of tiles. */
    private interface TileDot {
        void emit(Assembler a, Tile sum, Tile x, Tile y);
    }

    /** 16 x 16 sums of {@code products} products in each instruction. */
    private static Loop tiles(int products, TileDot dot) {
        return Loop.of(
                2.0 * 16 * 16 * products * TILES,
                a -> {
                    a.ldtilecfg(at(RSI));
                    for (int t = 0; t < 8; t++) a.tilezero(Tile.tmm(t));
                },
                a -> {
                    for (int t = 0; t < TILES; t++) dot.emit(a, Tile.tmm(t), Tile.tmm(TILES), Tile.tmm(TILES + 1));
                },
                Assembler::tilerelease);
    }

    private static void clear(Assembler a) {
        for (int i = 0; i < SUMS + 2; i++) {
            Vec v = new Vec(i, 256); // clears the whole register
            a.emit(Simd.VXORPS, v, v, v);
        }
    }

    private static Vec v(Isa isa, int index) {
        return new Vec(index, isa.bits());
    }

    private static double spin(Loop loop, WorkerPool pool, SystemCalls system) {
        try (CodePages pages = new CodePages(system);
                Pages scratch = new Pages(system, 1)) {
            Kernel kernel = pages.add(loop.code);
            long tiles = scratch.take(0, TileBlock.CONFIGURATION);
            TileBlock.configure(Memory.segment(tiles, TileBlock.CONFIGURATION));
            long steps = 1000;
            while (seconds(pool, kernel, steps, tiles) < SECONDS) steps *= 2;
            double shortest = Double.MAX_VALUE;
            for (int i = 0; i < ROUNDS; i++) shortest = Math.min(shortest, seconds(pool, kernel, steps, tiles));
            return loop.operations * steps * pool.threads() / shortest;
        }
    }

    private static double seconds(WorkerPool pool, Kernel kernel, long steps, long tiles) {
        long start = System.nanoTime();
        pool.run(pool.threads(), (task, worker) -> kernel.call(steps, tiles, 0));
        return (System.nanoTime() - start) / 1e9;
    }

    private static double read(WorkerPool pool, Isa isa, SystemCalls system) {
        try (CodePages pages = new CodePages(system);
                Pages memory = new Pages(system, 1)) {
            Kernel kernel = pages.add(loads(isa));
            long at = memory.take(0, READ_BYTES);
            int pieces = (int) (READ_BYTES / PIECE);
            // pages never written are one and the same
            pool.run(pieces, (task, worker) -> Memory.clear(at + task * PIECE, PIECE));
            double best = 0;
            for (int i = 0; i < PASSES; i++) {
                long start = System.nanoTime();
                pool.run(pieces, (task, worker) -> kernel.call(at + task * PIECE, PIECE, 0));
                best = Math.max(best, READ_BYTES * 1e9 / (System.nanoTime() - start));
            }
            return best;
        }
    }

    /** {@code (from, bytes)}, in whole turns. */
    private static byte[] loads(Isa isa) {
        var a = new Assembler();
        int vector = isa.bits() / 8;
        a.mov(RAX, RDI);
        a.add(RAX, RSI);
        a.align(32);
        Label again = a.here();
        for (int i = 0; i < UNROLLED; i++) a.emit(Simd.VMOVUPS, v(isa, i), at(RDI, i * vector));
        a.add(RDI, UNROLLED * vector);
        a.cmp(RDI, RAX);
        a.jump(Assembler.Condition.NOT_EQUAL, again);
        return ended(a);
    }
}
