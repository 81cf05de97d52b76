package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;

/** Sums over rows, and rows added to rows. Arguments are addresses. */
final class RowKernels implements AutoCloseable {
    /** Rows added in one pass over the sum. */
    private static final int TOGETHER = 8;

    /** Rows are summed in at most so many chunks, each of so many rows at least: the same for any number of threads. */
    private static final int MOST_CHUNKS = 32;

    private static final int LEAST_ROWS = 16;

    /** Columns of a task that adds up the sums of chunks. */
    private static final int COLUMNS = 1024;

    /** Shares of the rows that are added to, by a hash of their number. */
    private static final int SHARES_BITS = 4;

    private static final int GOLDEN = 0x9E3779B1; // 2^32 over the golden ratio: Knuth 1973, volume 3, 6.4

    private final WorkerPool pool;
    private final Generated generated;
    private final Pages partials;
    private final Kernel sum;
    private final Kernel add;

    RowKernels(Generated generated, WorkerPool pool, Pages partials) {
        this.pool = pool;
        this.generated = generated;
        this.partials = partials;
        sum = generated.kernel(RowKernels::sum);
        add = generated.kernel(RowKernels::add);
    }

    /** {@code to[j] += Σ_n d[n][j]}, in the order of n. */
    private static void sum(Program p) {
        Gpr to = p.pointer(), d = p.pointer();
        Mem rows = p.number(), columns = p.number(), rowBytes = p.number();
        p.repeat(rows, TOGETHER, count -> {
            Gpr[] row = new Gpr[count];
            for (int i = 0; i < count; i++) {
                row[i] = p.copy(d);
                p.advance(d, rowBytes);
            }
            p.columns(columns, f -> {
                Value s = f.load(to);
                for (Gpr r : row) s = f.add(s, f.load(r));
                f.store(to, s);
            });
            for (int i = count - 1; i >= 0; i--) p.release(row[i]);
        });
    }

    private static void add(Program p) {
        Gpr to = p.pointer(), d = p.pointer();
        p.columns(p.number(), f -> f.store(to, f.add(f.load(to), f.load(d))));
    }

    private void sum(int worker, long to, long d, int rows, int columns, int width) {
        generated
                .frame(worker)
                .put(to)
                .put(d)
                .put((long) rows)
                .put((long) columns)
                .put(4L * width)
                .call(sum);
    }

    /** {@code to[j] = Σ_n d[n][j]}, in the order of n, on top of what is there or over it. For few rows. */
    void sumFew(long to, boolean add, long d, int n, int width) {
        Split.parts(pool, width, COLUMNS, (from, end, worker) -> {
            if (!add) Memory.clear(to + 4L * from, 4L * (end - from));
            sum(worker, to + 4L * from, d + 4L * from, n, end - from, width);
        });
    }

    /** {@code to[j] = Σ_n d[n][j]}, over chunks of rows and then over the chunks, on top of what is there or over it. */
    synchronized void sum(long to, boolean add, long d, int n, int width) {
        int rows = Math.max(LEAST_ROWS, Math.ceilDiv(n, MOST_CHUNKS));
        int chunks = Math.ceilDiv(n, rows);
        if (chunks <= 1) {
            sumFew(to, add, d, n, width);
            return;
        }
        long sums = partials.take(0, 4L * width * chunks);
        Split.parts(pool, n, rows, (from, end, worker) -> {
            long part = sums + 4L * width * (from / rows);
            Memory.clear(part, 4L * width);
            sum(worker, part, d + 4L * width * from, end - from, width, width);
        });
        sumFew(to, add, sums, chunks, width);
    }

    /**
     * {@code to[rows[m]] += d[m]}, in the order of m. A task owns the rows of one share, so that no two write the same
     * number, and whole rows are read and written at once.
     */
    void scatterAdd(long to, long d, int[] rows, int width) {
        pool.run(1 << SHARES_BITS, (share, worker) -> {
            Frame frame = generated.frame(worker);
            for (int m = 0; m < rows.length; m++)
                if (share(rows[m]) == share)
                    frame.put(to + 4L * width * rows[m])
                            .put(d + 4L * width * m)
                            .put((long) width)
                            .call(add);
        });
    }

    private static int share(int row) {
        return (row * GOLDEN) >>> (Integer.SIZE - SHARES_BITS);
    }

    /** Zeros, by all threads. */
    void clear(long at, long size) {
        Split.elements(pool, size, Split.LIGHT, (from, n, worker) -> Memory.clear(at + from, 4L * n));
    }

    @Override
    public void close() {
        partials.close();
    }
}
