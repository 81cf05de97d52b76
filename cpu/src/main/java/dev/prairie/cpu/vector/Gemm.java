package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.MicroKernel.COLUMNS;
import static dev.prairie.cpu.vector.MicroKernel.ROWS;
import static dev.prairie.cpu.vector.MicroKernel.STEP;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;

/**
 * Matrix products {@code C(M, N) = bias + base + A(M, K) · B(K, N)} with either operand transposed or not, after Goto and van
 * de Geijn 2008 (doi:10.1145/1356052.1356053): both operands are packed into panels that the {@link MicroKernel} reads
 * from front to back, then blocks of C are computed by whoever is free.
 *
 * <p>Every number of C is one sum in the order of k, whatever the number of threads.
 */
final class Gemm implements AutoCloseable {
    /** Steps of k in one pass; measured: from 200 to 500 all is well, below C is read and written too often. */
    private static final int DEPTH = 512;

    /** Packed floats of one operand held at a time, 32 MB. */
    private static final int HELD = 8 << 20;

    /** Narrow panels packed at once: a few cache lines of each source row. */
    private static final int TOGETHER = 16;

    /** Columns and rows of C in one task, at most. */
    private static final int TASK = 256;

    /**
     * A matrix seen with k as one of its directions.
     *
     * @param at     address of the first element
     * @param stride bytes between rows in memory
     * @param along  whether k runs along a row of memory, or else across the rows
     */
    record Operand(long at, long stride, boolean along) {
        /** Packs {@code count} of its rows (of A) or columns (of B) from {@code first} on, and steps k0 to k0 + depth. */
        void pack(long to, int width, int first, int count, int k0, int depth) {
            if (along) Pack.transposed(to, width, at + first * stride + 4L * k0, stride, count, depth);
            else Pack.straight(to, width, element(k0, first), stride, count, depth);
        }

        private long element(int row, int column) {
            return at + row * stride + 4L * column;
        }
    }

    /**
     * What is computed.
     *
     * @param c       address of the result
     * @param cRow    bytes between its rows
     * @param bias    address of a row that is added to every row, or 0 for none
     * @param base    address of a matrix that is added, laid out like c and possibly c itself, or 0 for none
     */
    record Product(int m, int n, int k, Operand a, Operand b, long c, long cRow, long bias, long base) {}

    private final WorkerPool pool;
    private final Scratch packedA = new Scratch(1);
    private final Scratch packedB = new Scratch(1);
    private final Scratch tiles;

    Gemm(WorkerPool pool) {
        this.pool = pool;
        this.tiles = new Scratch(pool.threads());
    }

    /** Computes it. One product at a time: the packed operands are shared by the workers. */
    synchronized void run(Product p) {
        if (p.m == 0 || p.n == 0) return;
        int rows = held(p.m, p.k, ROWS);
        int columns = held(p.n, p.k, COLUMNS);
        for (int j = 0; j < p.n; j += columns)
            for (int i = 0; i < p.m; i += rows)
                part(p, i, Math.min(rows, p.m - i), j, Math.min(columns, p.n - j), i == 0, j == 0 || rows < p.m);
    }

    private static int held(int count, int depth, int unit) {
        int most = Math.max(HELD / Math.max(depth, 1) / TASK * TASK, TASK);
        return Math.min(Math.ceilDiv(count, unit) * unit, most);
    }

    /** Rows i0.. and columns j0.. of C, of which the operands are packed if they are not from the part before. */
    private void part(Product p, int i0, int rows, int j0, int columns, boolean packB, boolean packA) {
        int rowPanels = Math.ceilDiv(rows, ROWS);
        int columnPanels = Math.ceilDiv(columns, COLUMNS);
        long a = packedA.take(0, 4L * rowPanels * ROWS * p.k);
        long b = packedB.take(0, 4L * columnPanels * COLUMNS * p.k);
        int depth = depth(p.k);

        int groupA = Split.rows((long) p.k * ROWS, Split.LIGHT);
        int groupB = Split.rows((long) p.k * COLUMNS, Split.LIGHT);
        int tasksA = packA ? Math.ceilDiv(rowPanels, groupA) : 0;
        int tasksB = packB ? Math.ceilDiv(columnPanels, groupB) : 0;
        pool.run(tasksA + tasksB, (task, worker) -> {
            if (task < tasksA) pack(p.a, a, ROWS, i0, rows, p.k, depth, task * groupA, groupA);
            else pack(p.b, b, COLUMNS, j0, columns, p.k, depth, (task - tasksA) * groupB, groupB);
        });

        int high = TASK / ROWS; // panels in a task, halved until there is enough to share
        int wide = TASK / COLUMNS;
        int wanted = 4 * pool.threads();
        while (high > 8 && Math.ceilDiv(rowPanels, high) * Math.ceilDiv(columnPanels, wide) < wanted) high /= 2;
        while (wide > 1 && Math.ceilDiv(rowPanels, high) * Math.ceilDiv(columnPanels, wide) < wanted) wide /= 2;
        int h = high;
        int w = wide;
        int across = Math.ceilDiv(columnPanels, w);
        pool.run(Math.ceilDiv(rowPanels, h) * across, (task, worker) -> {
            int i = task / across * h;
            int j = task % across * w;
            long tile = tiles.take(worker, (ROWS + 1) * STEP);
            Pack.clear(tile, (ROWS + 1L) * COLUMNS);
            var block = new Block(p, a, rowPanels, b, columnPanels, depth, i0, rows, j0, columns, tile);
            block.run(i, Math.min(i + h, rowPanels), j, Math.min(j + w, columnPanels));
        });
    }

    /** Steps in one pass: passes of equal length, {@link #DEPTH} at most. */
    private static int depth(int k) {
        return Math.max(1, Math.ceilDiv(k, Math.max(1, Math.ceilDiv(k, DEPTH))));
    }

    /** Panels {@code panel..} of an operand; the panels of one pass over k lie together. */
    private static void pack(
            Operand o, long to, int width, int first, int count, int k, int depth, int panel, int group) {
        long padded = (long) Math.ceilDiv(count, width) * width;
        int end = Math.min(panel + group, Math.ceilDiv(count, width));
        for (int k0 = 0; k0 < k; k0 += depth) {
            int d = Math.min(depth, k - k0);
            for (int p = panel; p < end; ) {
                long at = to + 4 * (k0 * padded + (long) p * width * d);
                int full = o.along || width != ROWS ? 0 : Math.min(Math.min(end, p + TOGETHER), count / width) - p;
                if (full > 1) Pack.narrow(at, 4L * width * d, full, o.element(k0, first + p * width), o.stride, d);
                else o.pack(at, width, first + p * width, Math.min(width, count - p * width), k0, d);
                p += Math.max(full, 1);
            }
        }
    }

    /** A block of C and the packed panels it comes from. */
    private record Block(
            Product p,
            long a,
            int rowPanels,
            long b,
            int columnPanels,
            int depth,
            int i0,
            int rows,
            int j0,
            int columns,
            long tile) {

        void run(int iFrom, int iTo, int jFrom, int jTo) {
            int k0 = 0;
            do {
                int d = Math.min(depth, p.k - k0);
                for (int j = jFrom; j < jTo; j++) for (int i = iFrom; i < iTo; i++) panel(i, j, k0, d);
                k0 += depth;
            } while (k0 < p.k);
        }

        private void panel(int i, int j, int k0, int d) {
            long from = a + 4L * ROWS * ((long) k0 * rowPanels + (long) i * d);
            long by = b + 4L * COLUMNS * ((long) k0 * columnPanels + (long) j * d);
            long c = p.c + (i0 + (long) i * ROWS) * p.cRow + 4L * (j0 + j * COLUMNS);
            boolean first = k0 == 0;
            long base = !first ? c : p.base == 0 ? 0 : p.base + (c - p.c);
            long bias = !first || p.bias == 0 ? 0 : p.bias + 4L * (j0 + j * COLUMNS);
            int height = Math.min(ROWS, rows - i * ROWS);
            int width = Math.min(COLUMNS, columns - j * COLUMNS);
            if (height == ROWS && width == COLUMNS) {
                if (base == 0) MicroKernel.run(d, from, 4, 4 * ROWS, by, c, p.cRow, bias == 0 ? zeros() : bias, 0);
                else if (bias == 0) MicroKernel.run(d, from, 4, 4 * ROWS, by, c, p.cRow, base, p.cRow);
                else {
                    for (int r = 0; r < ROWS; r++)
                        Elementwise.addRange(tile + r * STEP, base + r * p.cRow, bias, COLUMNS);
                    MicroKernel.run(d, from, 4, 4 * ROWS, by, c, p.cRow, tile, STEP);
                }
            } else {
                MicroKernel.run(d, from, 4, 4 * ROWS, by, tile, STEP, zeros(), 0);
                edge(c, bias, base, height, width);
            }
        }

        /** A row of zeros after the tile. */
        private long zeros() {
            return tile + ROWS * STEP;
        }

        private void edge(long c, long bias, long base, int height, int width) {
            for (int r = 0; r < height; r++)
                for (int j = 0; j < width; j++) {
                    float x = get(tile + r * STEP + 4L * j);
                    if (bias != 0) x += get(bias + 4L * j);
                    if (base != 0) x += get(base + r * p.cRow + 4L * j);
                    set(c + r * p.cRow + 4L * j, x);
                }
        }
    }

    @Override
    public void close() {
        packedA.close();
        packedB.close();
        tiles.close();
    }
}
