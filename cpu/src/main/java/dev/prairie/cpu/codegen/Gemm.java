package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.PackKernels.Unit;
import dev.prairie.cpu.codegen.PackKernels.Way;
import dev.prairie.cpu.parallel.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Matrix products {@code C = A · B + bias + base}, of operands in any layout, threaded: the three products of training
 * are this one with other strides.
 *
 * <p>Both operands are packed into squares on the way, which is where they are rounded to BF16 and where a transposed
 * layout is turned; no transposed copy of a tensor ever exists. A is packed once and shared. A task owns some columns of
 * C: it packs its own columns of B, which stay in the cache next to the core, and runs all rows of A against them. Every
 * number of C is computed by one task in one order, so results do not depend on the number of threads.
 */
final class Gemm implements AutoCloseable {
    /** Units of k in one pass: what a panel of B holds in the first two caches. */
    private static final int DEPTH = Integer.getInteger("depth", 512);

    /** Rows of A that are packed at a time: four megabytes at most. */
    private static final int HEIGHT = 2048;

    /** Columns of a task at most: 384 KiB of packed B, a part of the second cache. */
    private static final int WIDTH = Integer.getInteger("width", 192);

    /** Bytes of packed A that a task runs against all its columns before it goes on: another part of that cache. */
    private static final long CHUNK = Integer.getInteger("chunk", 256) << 10;

    /** Tasks for each thread that are wished for, so that a late one does not keep the others waiting. */
    private static final int TASKS = 4;

    /** Numbers packed by a task. */
    private static final int PACKED = 64 << 10;

    /**
     * An operand in its tensor.
     *
     * @param at     address of the first number
     * @param stride bytes between lines
     * @param along  whether the numbers of a line run along k
     */
    record Matrix(long at, long stride, boolean along) {
        long element(long line, long k) {
            return along ? at + line * stride + 4 * k : at + k * stride + 4 * line;
        }
    }

    /**
     * {@code c(m, n) = a(m, k) · b(n, k)ᵀ + bias(n) + base(m, n)}; addresses, strides in bytes; bias and base may be 0,
     * and base may be c.
     */
    record Product(int m, int n, int k, Matrix a, Matrix b, long c, long cRow, long bias, long base, long baseRow) {}

    private final WorkerPool pool;
    private final int lanes;
    private final int squareBytes;
    private final Unit unit;
    private final PackKernels packs;
    private final BlockKernels blocks;
    private final Pages packedA;
    private final Pages packedB; // a slot for each worker
    private final Pages edges; // a slot for each worker: ragged ends, filled up with zeros
    private final Pages constants; // and what each worker's calls need
    private final long zeros;
    private final long masks;

    /** What a worker's calls keep in memory: arguments, then the configuration of the tiles, then sums. */
    private static final long CALL = 0, CONFIGURATION = 256, SUMS = 4096, WORKER = 8192;

    Gemm(WorkerPool pool, CodePages pages, SystemCalls system, Isa isa, Unit unit) {
        this.pool = pool;
        this.unit = unit;
        lanes = isa.lanes();
        squareBytes = lanes * isa.bits() / 8;
        packs = new PackKernels(pages, isa, unit);
        blocks = BlockKernels.of(pages, isa, unit);
        packedA = new Pages(system, 1);
        packedB = new Pages(system, pool.threads());
        edges = new Pages(system, pool.threads());
        constants = new Pages(system, 1);
        zeros = constants.take(0, (pool.threads() + 1) * WORKER);
        masks = zeros + 1024;
        MemorySegment lanesOn = Memory.segment(masks, 2L * lanes * 4); // ones then zeros, for a window of lanes
        for (int i = 0; i < lanes; i++) lanesOn.setAtIndex(ValueLayout.JAVA_INT, i, -1);
        for (int w = 0; w < pool.threads(); w++)
            TileBlock.configure(Memory.segment(worker(w) + CONFIGURATION, TileBlock.CONFIGURATION));
    }

    private long worker(int w) {
        return zeros + (w + 1) * WORKER;
    }

    void run(Product p) {
        if (p.m == 0 || p.n == 0) return;
        int units = Math.ceilDiv(p.k, unit.depth());
        int passes = Math.max(1, Math.ceilDiv(units, DEPTH));
        int depth = Math.ceilDiv(Math.ceilDiv(units, passes), lanes) * lanes * unit.depth();
        int k = 0;
        do {
            for (int i = 0; i < p.m; i += HEIGHT)
                new Pass(p, i, Math.min(HEIGHT, p.m - i), k, Math.max(0, Math.min(depth, p.k - k))).run();
            k += depth;
        } while (k < p.k);
    }

    /** Some rows of A, and a stretch of k, against all of B. */
    private final class Pass {
        private final Product p;
        private final int i0;
        private final int rows;
        private final int k0;
        private final int depth;
        private final int squares;
        private final long rowBytes;
        private final int rowSquares;
        private final long a;
        private final AtomicInteger waiting = new AtomicInteger();

        Pass(Product p, int i0, int rows, int k0, int depth) {
            this.p = p;
            this.i0 = i0;
            this.rows = rows;
            this.k0 = k0;
            this.depth = depth;
            squares = Math.ceilDiv(depth, lanes * unit.depth());
            rowBytes = (long) squares * squareBytes;
            rowSquares = Math.ceilDiv(rows, lanes);
            a = packedA.take(0, (rowSquares + 1) * rowBytes); // tiles read one row of squares more than they use
        }

        void run() {
            int unitOfColumns = blocks.panels() * lanes;
            int share = Math.ceilDiv(p.n, TASKS * pool.threads());
            int width = Math.min(WIDTH, Math.ceilDiv(share, unitOfColumns) * unitOfColumns);
            int group = Math.max(1, PACKED / Math.max(1, lanes * depth));
            int packing = Math.ceilDiv(rowSquares, group);
            waiting.set(packing);
            // Who takes a task of columns knows that every task of packing is taken: waiting for them is short.
            pool.run(packing + Math.ceilDiv(p.n, width), (task, worker) -> {
                if (task < packing) packRows(task * group, Math.min((task + 1) * group, rowSquares), worker);
                else columns((task - packing) * width, width, worker);
            });
        }

        private void packRows(int from, int to, int worker) {
            try {
                for (int s = from; s < to; s++) {
                    int line = s * lanes;
                    pack(p.a, true, i0 + line, Math.min(lanes, rows - line), a + s * rowBytes, worker);
                }
            } finally {
                waiting.decrementAndGet();
            }
        }

        private void columns(int j0, int width, int worker) {
            int count = Math.min(width, p.n - j0);
            int panels = Math.ceilDiv(count, lanes);
            long b = packedB.take(worker, panels * rowBytes);
            for (int s = 0; s < panels; s++) {
                int line = s * lanes;
                pack(p.b, false, j0 + line, Math.min(lanes, count - line), b + s * rowBytes, worker);
            }
            while (waiting.get() > 0) Thread.onSpinWait();

            MemorySegment call = Memory.segment(worker(worker) + CALL, BlockCall.BYTES);
            BlockCall.SQUARES.set(call, squares);
            BlockCall.B_PANEL.set(call, rowBytes);
            BlockCall.C_ROW.set(call, p.cRow);
            BlockCall.SUMS.set(call, worker(worker) + SUMS);
            BlockCall.TILES.set(call, worker(worker) + CONFIGURATION);
            int chunk = (int) Math.max(2, CHUNK / Math.max(1, rowBytes) / 2 * 2) * lanes;
            for (int i = 0; i < rows; i += chunk)
                for (int s = 0; s < panels; ) {
                    int left = panels - s;
                    int now = left == blocks.panels() + 1
                            ? Math.min(2, blocks.panels())
                            : Math.min(left, blocks.panels());
                    block(call, i, Math.min(chunk, rows - i), b + s * rowBytes, j0 + s * lanes, now);
                    s += now;
                }
        }

        private void block(MemorySegment call, int i, int count, long b, int j, int panels) {
            boolean first = k0 == 0;
            long row = i0 + i;
            BlockCall.B.set(call, b);
            BlockCall.C.set(call, p.c + row * p.cRow + 4L * j);
            BlockCall.BIAS.set(call, first && p.bias != 0 ? p.bias + 4L * j : zeros);
            if (!first) base(call, p.c + row * p.cRow + 4L * j, p.cRow);
            else if (p.base != 0) base(call, p.base + row * p.baseRow + 4L * j, p.baseRow);
            else base(call, zeros, 0);
            int last = Math.min(lanes, p.n - j - (panels - 1) * lanes);
            BlockCall.LANES.set(call, lanes == 16 ? (1L << last) - 1 : masks + 4L * (lanes - last));
            blocks.run(call, count, panels, a + i / lanes * rowBytes, rowBytes);
        }

        private static void base(MemorySegment call, long at, long row) {
            BlockCall.BASE.set(call, at);
            BlockCall.BASE_ROW.set(call, row);
        }

        /** {@code count} lines from {@code line} on, as one row of squares. */
        private void pack(Matrix o, boolean linesAlong, int line, int count, long to, int worker) {
            Way way = Way.of(o.along, linesAlong);
            int side = lanes * unit.depth(); // numbers of a square along k
            int whole = count == lanes ? depth / side : 0;
            packs.pack(way, o.element(line, k0), o.stride, to, whole);
            if (whole < squares)
                ragged(
                        o,
                        way,
                        line,
                        count,
                        k0 + whole * side,
                        depth - whole * side,
                        to + (long) whole * squareBytes,
                        worker);
        }

        /** Copies what does not fill its squares, zeros around it, and packs the copy. */
        private void ragged(Matrix o, Way way, int line, int count, int k, int left, long to, int worker) {
            int side = lanes * unit.depth();
            int padded = Math.ceilDiv(left, side) * side;
            long copy = edges.take(worker, 4L * padded * lanes);
            Memory.clear(copy, 4L * padded * lanes);
            long stride = o.along ? 4L * padded : 4L * lanes;
            int lines = o.along ? count : left;
            long bytes = 4L * (o.along ? left : count);
            for (int l = 0; l < lines; l++) Memory.copy(copy + l * stride, o.element(line, k) + l * o.stride, bytes);
            packs.pack(way, copy, stride, to, padded / side);
        }
    }

    @Override
    public void close() {
        packedA.close();
        packedB.close();
        edges.close();
        constants.close();
    }
}
