package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.Generated.Backward;
import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.RopeTable;
import dev.prairie.tensor.Rotary;

/** Rotary positions: pairs (a, b) half a head apart turn, or turn back in backward. Arguments are addresses. */
final class RopeKernels implements AutoCloseable {
    private final Sweep sweep;
    private final RopeTable table;
    private final Kernel forward;
    private final Backward backward;

    RopeKernels(Generated generated, WorkerPool pool) {
        table = new RopeTable(pool);
        forward = generated.kernel(p -> turn(p, false, false));
        sweep = new Sweep(pool, generated, forward);
        backward = generated.backward((p, add) -> turn(p, true, add));
    }

    private static void turn(Program p, boolean back, boolean add) {
        Gpr out = p.pointer(), x = p.pointer(), cosines = p.pointer();
        Mem tokens = p.number(), heads = p.number(), half = p.number(), halfBytes = p.number(), rowBytes = p.number();
        Gpr farOut = p.copy(out), far = p.copy(x), sines = p.copy(cosines);
        for (Gpr second : new Gpr[] {farOut, far, sines}) p.advance(second, halfBytes);
        p.repeat(tokens, () -> {
            p.repeat(heads, () -> {
                p.columns(half, f -> {
                    Value cos = f.load(cosines), sin = f.load(sines), a = f.load(x), b = f.load(far);
                    Value bSin = f.mul(b, sin), aSin = f.mul(a, sin);
                    Value one = back ? f.fma(a, cos, bSin) : f.sub(f.mul(a, cos), bSin);
                    Value other = back ? f.sub(f.mul(b, cos), aSin) : f.fma(b, cos, aSin);
                    f.store(out, Generated.sum(f, add, out, one));
                    f.store(farOut, Generated.sum(f, add, farOut, other));
                });
                for (Gpr head : new Gpr[] {out, farOut, x, far}) p.advance(head, rowBytes);
            });
            for (Gpr angle : new Gpr[] {cosines, sines}) p.advance(angle, rowBytes);
        });
    }

    /** {@code out = turned x}: positions of N tokens, each of {@code heads} heads of width {@code d}, all of which turns. */
    void forward(long out, long x, int[] positions, Rotary rotary, int heads, int d) {
        run(forward, out, x, positions, rotary, heads, d);
    }

    /** {@code dX = dOut turned back}, on top of what is there or over it. */
    void backward(long dX, boolean add, long dOut, int[] positions, Rotary rotary, int heads, int d) {
        run(backward.kernel(add), dX, dOut, positions, rotary, heads, d);
    }

    private synchronized void run(Kernel kernel, long out, long x, int[] at, Rotary rotary, int heads, int d) {
        long turns = table.of(at, rotary);
        long token = 4L * heads * d;
        sweep.of(kernel).at(out, token).at(x, token).at(turns, 4L * d).count();
        sweep.put((long) heads).put((long) d / 2).put(2L * d).put(4L * d);
        sweep.over(at.length, Split.rows((long) heads * d, Split.HEAVY));
    }

    @Override
    public void close() {
        table.close();
    }
}
