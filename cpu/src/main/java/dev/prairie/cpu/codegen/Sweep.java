package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;

/**
 * A kernel that runs over rows or elements, shared out over the pool: the parameters of a {@link Frame}, each with what
 * it grows by from one element to the next. One object for all calls of a family of kernels, so that a call makes none.
 * One call at a time: whoever fills it in holds its lock until {@link #over} returns.
 */
final class Sweep implements WorkerPool.Body {
    private static final int MOST = 16;

    private final WorkerPool pool;
    private final Generated generated;
    private final long[] values = new long[MOST];
    private final long[] steps = new long[MOST];
    private final boolean[] counts = new boolean[MOST];
    private int filled;
    private Kernel kernel;
    private long size;
    private int chunk;

    /** {@code kernel} is what runs when none is named. */
    Sweep(WorkerPool pool, Generated generated, Kernel kernel) {
        this.pool = pool;
        this.generated = generated;
        this.kernel = kernel;
    }

    /** Begins a call. */
    Sweep of(Kernel next) {
        kernel = next;
        filled = 0;
        return this;
    }

    private Sweep add(long value, long step, boolean count) {
        values[filled] = value;
        steps[filled] = step;
        counts[filled++] = count;
        return this;
    }

    /** An address, {@code step} bytes further for each element. */
    Sweep at(long address, long step) {
        return add(address, step, false);
    }

    /** The number of elements. */
    Sweep count() {
        return add(0, 0, true);
    }

    /** A number that is the same for all. */
    Sweep put(long value) {
        return add(value, 0, false);
    }

    Sweep put(float value) {
        return add(Float.floatToRawIntBits(value) & 0xFFFFFFFFL, 0, false); // the lower half of its place
    }

    /** All {@code size} elements, {@code chunk} at a time. */
    void over(long size, int chunk) {
        this.size = size;
        this.chunk = chunk;
        pool.run(Math.toIntExact(Math.ceilDiv(size, chunk)), this);
    }

    @Override
    public void run(int task, int worker) {
        long from = (long) task * chunk;
        Frame frame = generated.frame(worker);
        for (int i = 0; i < filled; i++)
            frame.put(counts[i] ? Math.min(chunk, size - from) : values[i] + steps[i] * from);
        frame.call(kernel);
    }
}
