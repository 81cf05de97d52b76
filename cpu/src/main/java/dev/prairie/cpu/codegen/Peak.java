package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.RDI;

import dev.prairie.cpu.parallel.WorkerPool;

/** What the multiply-add units of this machine can do at most: a loop that touches no memory. */
final class Peak {
    private static final int SUMS = 12; // enough to hide four or five cycles of latency on two units
    private static final int STEPS = 1_000_000;
    private static final int ROUNDS = 40;

    private Peak() {}

    /** FLOP/s of all threads together, the best of some rounds of about two milliseconds. */
    static double measure(WorkerPool pool, Isa isa, SystemCalls system) {
        try (CodePages pages = new CodePages(system)) {
            Kernel loop = pages.add(multiplyAdds(isa));
            double flops = 2.0 * SUMS * isa.lanes() * STEPS * pool.threads();
            double best = 0;
            for (int round = 0; round < ROUNDS; round++) {
                long start = System.nanoTime();
                pool.run(pool.threads(), (task, worker) -> loop.call(STEPS));
                best = Math.max(best, flops / (System.nanoTime() - start) * 1e9);
            }
            return best;
        }
    }

    /** {@code (steps)}; all registers are zero, which is as fast as any number. */
    private static byte[] multiplyAdds(Isa isa) {
        var a = new Assembler();
        for (int i = 0; i < SUMS + 2; i++) {
            Vec v = new Vec(i, 256); // clears the whole register
            a.emit(Simd.VXORPS, v, v, v);
        }
        a.align(32);
        Label again = a.here();
        for (int i = 0; i < SUMS; i++)
            a.emit(Simd.VFMADD231PS, new Vec(i, isa.bits()), new Vec(SUMS, isa.bits()), new Vec(SUMS + 1, isa.bits()));
        a.sub(RDI, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, again);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }
}
