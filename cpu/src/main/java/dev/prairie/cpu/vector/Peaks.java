package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.VECTOR;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.splat;

import dev.prairie.cpu.parallel.WorkerPool;
import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;

/** What this machine can do at most: multiply-adds that touch no memory, and memory that is only read. */
final class Peaks {
    private static final int ACCUMULATORS = 12; // enough to hide four cycles of latency on two or three units
    private static final int STEPS = 500_000;
    private static final int ROUNDS = 40;
    private static final long READ_BYTES = 512 << 20;
    private static final long PIECE = 4 << 20; // small, so that a late thread does not stall the rest
    private static final int PASSES = 5;

    private Peaks() {}

    /** FLOP/s of all threads together, the best of some rounds of a millisecond or two (a parked worker takes
     * a good part of one to wake), after the compiler is done. */
    static double multiplyAdds(WorkerPool pool) {
        float[] results = new float[pool.threads()];
        double flops = 2.0 * ACCUMULATORS * LANES * STEPS * pool.threads();
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            pool.run(pool.threads(), (task, worker) -> results[task] = spin(0.5f));
            best = Math.max(best, flops / (System.nanoTime() - start) * 1e9);
        }
        for (float r : results) // read, so that the loop is not optimised away
        if (r != results[0]) throw new AssertionError("equal sums differ: " + r + " and " + results[0]);
        return best;
    }

    private static float spin(float x) {
        FloatVector a = splat(x), b = splat(1 - x);
        FloatVector c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a;
        FloatVector d0 = b, d1 = b, d2 = b, d3 = b, d4 = b, d5 = b;
        for (int i = 0; i < STEPS; i++) {
            c0 = c0.fma(a, b);
            c1 = c1.fma(a, b);
            c2 = c2.fma(a, b);
            c3 = c3.fma(a, b);
            c4 = c4.fma(a, b);
            c5 = c5.fma(a, b);
            d0 = d0.fma(a, b);
            d1 = d1.fma(a, b);
            d2 = d2.fma(a, b);
            d3 = d3.fma(a, b);
            d4 = d4.fma(a, b);
            d5 = d5.fma(a, b);
        }
        FloatVector c = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        FloatVector d = d0.add(d1).add(d2).add(d3).add(d4).add(d5);
        return MathVector.sum(c.add(d));
    }

    /** Bytes a second, the best of some passes over memory that no cache holds. */
    static double read(WorkerPool pool) {
        try (Arena arena = Arena.ofShared()) {
            // pages never written are one and the same
            long at = arena.allocate(READ_BYTES, 64).fill((byte) 1).address();
            float[] sums = new float[(int) (READ_BYTES / PIECE)];
            double best = 0;
            for (int pass = 0; pass < PASSES; pass++) {
                long start = System.nanoTime();
                pool.run(sums.length, (task, worker) -> sums[task] = sum(at + task * PIECE));
                best = Math.max(best, (double) READ_BYTES / (System.nanoTime() - start) * 1e9);
            }
            for (float s : sums) // read, so that the loop is not optimised away
            if (s != sums[0]) throw new AssertionError("equal sums differ: " + s + " and " + sums[0]);
            return best;
        }
    }

    /** Of all floats of a piece, four vectors in turn. */
    private static float sum(long at) {
        FloatVector a = splat(0f), b = a, c = a, d = a;
        for (long i = at; i < at + PIECE; i += 4 * VECTOR) {
            a = a.add(load(i));
            b = b.add(load(i + VECTOR));
            c = c.add(load(i + 2 * VECTOR));
            d = d.add(load(i + 3 * VECTOR));
        }
        return MathVector.sum(a.add(b).add(c.add(d)));
    }
}
