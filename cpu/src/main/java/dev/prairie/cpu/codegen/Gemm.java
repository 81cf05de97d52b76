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
 * layout is turned; no transposed copy of a tensor ever exists. The smaller operand is packed once and shared; a task owns
 * some lines of the larger, packs them for itself, so that they stay in the cache next to the core, and runs all of the
 * smaller against them. Every number of C is computed by one task in one order, so results do not depend on the number
 * of threads.
 */
final class Gemm implements AutoCloseable {
    /** Units of k that are packed at a time. */
    private static final int DEPTH = 1024;

    /** Squares along k that a call runs over: what keeps two or three panels of B in the first cache. */
    private static final int STRIP = 12;

    /** Rows of A that are packed at a time where all tasks share them: eight megabytes at most. */
    private static final int HEIGHT = 2048;

    /** Squares that the lines of a task are a multiple of: whole groups of tiles and of vectors. */
    private static final int STEP = 2;

    /** Lines of a task at most. */
    private static final int WIDTH = 192;

    /** Bytes of packed A that run against all columns of a task before the next do: a part of the second cache. */
    private static final long CHUNK = 1L << 20;

    /** Bytes of C from which on it is not expected to be in a cache, nor to stay there. */
    private static final long STREAM = 4L << 20;

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
    private final Touch touch;
    private final BlockKernels blocks;
    private final Pages shared; // what all tasks of a pass read
    private final Pages own; // what a task packs for itself: a slot for each worker
    private final Pages edges; // a slot for each worker: ragged ends, filled up with zeros
    private final Pages constants; // and what each worker's calls need
    private final long zeros;

    /** What a worker's calls keep in memory: arguments, then the configuration of the tiles, then sums. */
    private static final long CALL = 0, CONFIGURATION = 256, SUMS = 4096, WORKER = 8192;

    Gemm(WorkerPool pool, CodePages pages, SystemCalls system, Isa isa, Unit unit) {
        this.pool = pool;
        this.unit = unit;
        lanes = isa.lanes();
        squareBytes = lanes * isa.bits() / 8;
        packs = new PackKernels(pages, isa, unit);
        touch = new Touch(pages);
        shared = new Pages(system, 1);
        own = new Pages(system, pool.threads());
        edges = new Pages(system, pool.threads());
        constants = new Pages(system, 1);
        zeros = constants.take(0, (pool.threads() + 1L) * WORKER);
        long masks = zeros + 1024;
        blocks = BlockKernels.of(pages, isa, unit, new BlockKernels.Constants(zeros, masks));
        MemorySegment lanesOn = Memory.segment(masks, 2L * lanes * 4); // ones then zeros, for a window of lanes
        for (int i = 0; i < lanes; i++) lanesOn.setAtIndex(ValueLayout.JAVA_INT, i, -1);
        for (int w = 0; w < pool.threads(); w++)
            TileBlock.configure(Memory.segment(worker(w) + CONFIGURATION, TileBlock.CONFIGURATION));
    }

    private long worker(int w) {
        return zeros + (w + 1L) * WORKER;
    }

    void run(Product p) {
        if (p.m == 0 || p.n == 0) return;
        int units = Math.ceilDiv(p.k, unit.depth());
        int passes = Math.max(1, Math.ceilDiv(units, DEPTH));
        int depth = Math.ceilDiv(Math.ceilDiv(units, passes), lanes) * lanes * unit.depth();
        int k = 0;
        do {
            int now = Math.max(0, Math.min(depth, p.k - k));
            if (p.n < p.m) new Pass(p, true, 0, p.m, k, now).run();
            else for (int i = 0; i < p.m; i += HEIGHT) new Pass(p, false, i, Math.min(HEIGHT, p.m - i), k, now).run();
            k += depth;
        } while (k < p.k);
    }

    /** Some rows of A, and a stretch of k, against all of B. */
    private final class Pass {
        private final Product p;
        private final boolean byRows; // whether a task owns rows of C, else columns
        private final int i0;
        private final int rows;
        private final int k0;
        private final int depth;
        private final int squares;
        private final long rowBytes;
        private final int sharedLines;
        private final long packed; // the operand that is shared
        private final AtomicInteger waiting = new AtomicInteger();

        Pass(Product p, boolean byRows, int i0, int rows, int k0, int depth) {
            this.p = p;
            this.byRows = byRows;
            this.i0 = i0;
            this.rows = rows;
            this.k0 = k0;
            this.depth = depth;
            squares = Math.ceilDiv(depth, lanes * unit.depth());
            rowBytes = (long) squares * squareBytes;
            sharedLines = byRows ? p.n : rows;
            packed = shared.take(0, room(sharedLines));
        }

        /** Bytes of some packed lines; tiles read one row of squares more than they use. */
        private long room(int lines) {
            return (Math.ceilDiv(lines, lanes) + 1) * rowBytes;
        }

        void run() {
            int ownLines = byRows ? rows : p.n;
            int step = STEP * lanes;
            int share = Math.ceilDiv(ownLines, TASKS * pool.threads());
            int width = Math.min(Math.max(WIDTH / step, 1), Math.ceilDiv(share, step)) * step;
            int group = Math.max(1, PACKED / Math.max(1, lanes * depth)) * lanes;
            int packing = Math.ceilDiv(sharedLines, group);
            waiting.set(packing);
            // Who takes a task of the product knows that every task of packing is taken: waiting for them is short.
            pool.run(packing + Math.ceilDiv(ownLines, width), (task, worker) -> {
                if (task < packing) packShared(task * group, Math.min((task + 1) * group, sharedLines), worker);
                else {
                    int from = (task - packing) * width;
                    product(from, Math.min(width, ownLines - from), worker);
                }
            });
        }

        private void packShared(int from, int to, int worker) {
            try {
                pack(!byRows, from, to - from, packed + from / lanes * rowBytes, worker);
            } finally {
                waiting.decrementAndGet();
            }
        }

        /** {@code count} lines of A, or of B, from {@code from} on. */
        private void pack(boolean a, int from, int count, long to, int worker) {
            Matrix o = a ? p.a : p.b;
            long first = o.element((a ? i0 : 0) + from, k0);
            if (!o.along) touch.read(first, o.stride, 4L * count, depth);
            for (int l = 0; l < count; l += lanes) {
                int line = (a ? i0 : 0) + from + l;
                pack(o, a, line, Math.min(lanes, count - l), to + l / lanes * rowBytes, worker);
            }
        }

        /** {@code count} rows, or columns, of C. */
        private void product(int from, int count, int worker) {
            long mine = own.take(worker, room(count));
            pack(byRows, from, count, mine, worker);
            while (waiting.get() > 0) Thread.onSpinWait();

            MemorySegment call = Memory.segment(worker(worker) + CALL, BlockCall.BYTES);
            BlockCall.A_ROW.set(call, rowBytes);
            BlockCall.B_PANEL.set(call, rowBytes);
            BlockCall.C_ROW.set(call, p.cRow);
            BlockCall.SUMS.set(call, worker(worker) + SUMS);
            BlockCall.TILES.set(call, worker(worker) + CONFIGURATION);
            if (byRows) product(call, mine, from, count, packed, 0, p.n);
            else product(call, packed, 0, rows, mine, from, count);
        }

        /** {@code m} rows from {@code i} on against {@code n} columns from {@code j} on. */
        private void product(MemorySegment call, long a, int i, int m, long b, int j, int n) {
            int columns = Math.max((int) (CHUNK / Math.max(squareBytes, rowBytes)), 2)
                    * lanes; // of which the packed panels stay near
            boolean stream = p.cRow * p.m >= STREAM && k0 == 0 && depth == p.k && p.base != p.c;
            int strips = stream ? 1 : Math.max(1, Math.ceilDiv(squares, STRIP));
            for (int c = 0; c < n; c += columns)
                for (int r = 0; r < m; r += blocks.rows()) {
                    for (int s = 0; s < strips; s++) {
                        int from = s * squares / strips;
                        BlockCall.SQUARES.set(call, (s + 1) * squares / strips - from);
                        long skipped = (long) from * squareBytes;
                        BlockCall.A.set(call, a + r / lanes * rowBytes + skipped);
                        BlockCall.B.set(call, b + c / lanes * rowBytes + skipped);
                        results(call, i0 + i + r, j + c, k0 == 0 && s == 0);
                        blocks.run(call, Math.min(blocks.rows(), m - r), Math.min(columns, n - c), stream);
                    }
                }
        }

        /** Where results go, and what is added to them. */
        private void results(MemorySegment call, long row, int j, boolean first) {
            long c = p.c + row * p.cRow + 4L * j;
            BlockCall.C.set(call, c);
            boolean bias = first && p.bias != 0;
            BlockCall.BIAS.set(call, bias ? p.bias + 4L * j : zeros);
            BlockCall.BIAS_STEP.set(call, bias ? 4L * lanes : 0);
            if (!first) base(call, c, p.cRow, 4L * lanes);
            else if (p.base != 0) base(call, p.base + row * p.baseRow + 4L * j, p.baseRow, 4L * lanes);
            else base(call, zeros, 0, 0);
        }

        private static void base(MemorySegment call, long at, long row, long step) {
            BlockCall.BASE.set(call, at);
            BlockCall.BASE_ROW.set(call, row);
            BlockCall.BASE_STEP.set(call, step);
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
        shared.close();
        own.close();
        edges.close();
        constants.close();
    }
}
