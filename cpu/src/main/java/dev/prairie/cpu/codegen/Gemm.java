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
 * layout is turned; no transposed copy of a tensor ever exists. A task owns some lines of the larger operand and runs all
 * of the smaller against them. The smaller is packed once and shared; a task packs its own lines for itself, so that they
 * stay in the cache next to the core, but where lines lie across k: those are packed row by row of the tensor, by whoever
 * is free, because memory is read at its speed only in order. Every number of C is computed by one task in one order, so
 * results do not depend on the number of threads.
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

    /** Columns of a task that are done together at most. */
    private static final int COLUMNS = 512;

    /** Tasks for each thread that are wished for, so that a late one does not keep the others waiting. */
    private static final int TASKS = 4;

    /** Numbers packed by a task. */
    private static final int PACKED = 64 << 10;

    /** Where an operand is, and how it comes into squares. */
    sealed interface Operand {}

    /**
     * A right operand in squares of this product's units, packed before.
     *
     * @param at    address of the first panel
     * @param panel bytes from one panel to the next
     */
    record Squares(long at, long panel) implements Operand {}

    /**
     * A right operand in panels of 16 bits, see {@link HalfCode}, that are unpacked into squares of F32 numbers.
     *
     * @param at     address of the first panel
     * @param panel  bytes from one panel to the next
     * @param unpack see {@link HalfCode#unpack}
     */
    record Halves(long at, long panel, Kernel unpack) implements Operand {}

    /**
     * An operand in its tensor.
     *
     * @param at     address of the first number
     * @param stride bytes between lines
     * @param along  whether the numbers of a line run along k
     */
    record Matrix(long at, long stride, boolean along) implements Operand {
        long element(long line, long k) {
            return along ? at + line * stride + 4 * k : at + k * stride + 4 * line;
        }
    }

    /**
     * {@code c(m, n) = a(m, k) · b(n, k)ᵀ + bias(n) + base(m, n)}; addresses, strides in bytes; bias and base may be 0,
     * and base may be c.
     */
    record Product(int m, int n, int k, Matrix a, Operand b, long c, long cRow, long bias, long base, long baseRow) {}

    private final WorkerPool pool;
    private final int lanes;
    private final int squareBytes;
    private final Unit unit;
    private final PackKernels packs;
    private final Touch touch;
    private final BlockKernels blocks;
    private final Pages shared; // what all tasks of a pass read: of A, of B
    private final Pages own; // what a task packs for itself: a slot for each worker
    private final Pages partial; // a slot for each worker: sums that are not finished, where results go past the caches
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
        shared = new Pages(system, 2);
        own = new Pages(system, pool.threads());
        partial = new Pages(system, pool.threads());
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
            boolean byRows = p.n < p.m;
            int height = byRows && p.a.along ? p.m : HEIGHT; // rows of A that are shared are packed some at a time
            for (int i = 0; i < p.m; i += height) new Pass(p, byRows, i, Math.min(height, p.m - i), k, now).run();
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
        private final Packing a;
        private final Packing b;
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
            // What a task may pack for itself lies along k and belongs to it alone.
            a = new Packing(p.a, true, i0, rows, byRows, 0);
            b = new Packing(p.b, false, 0, p.n, !byRows, 1);
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
            int ofA = a.tasks();
            int packing = ofA + b.tasks();
            waiting.set(packing);
            // Who takes a task of the product knows that every task of packing is taken: waiting for them is short.
            pool.run(packing + Math.ceilDiv(ownLines, width), (task, worker) -> {
                if (task < packing)
                    try {
                        if (task < ofA) a.run(task, worker);
                        else b.run(task - ofA, worker);
                    } finally {
                        waiting.decrementAndGet();
                    }
                else {
                    int from = (task - packing) * width;
                    product(from, Math.min(width, ownLines - from), worker);
                }
            });
        }

        /** {@code count} rows, or columns, of C. */
        private void product(int from, int count, int worker) {
            Packing whose = byRows ? a : b;
            long mine = whose.to + from / lanes * whose.rowBytes;
            if (whose.to == 0) {
                mine = own.take(worker, room(count));
                whose.lines(from, count, mine, worker);
            }
            while (waiting.get() > 0) Thread.onSpinWait();

            MemorySegment call = Memory.segment(worker(worker) + CALL, BlockCall.BYTES);
            BlockCall.A_ROW.set(call, rowBytes);
            BlockCall.B_PANEL.set(call, b.rowBytes);
            BlockCall.SUMS.set(call, worker(worker) + SUMS);
            BlockCall.TILES.set(call, worker(worker) + CONFIGURATION);
            if (byRows) product(call, worker, mine, from, count, b.to, 0, p.n);
            else product(call, worker, a.to, 0, rows, mine, from, count);
        }

        /** An operand on its way into squares; {@code to} is 0 where each task packs its own lines. */
        private final class Packing {
            private final Operand from;
            private final boolean along;
            private final boolean linesAlong;
            private final int first;
            private final int count;
            private final long to;
            private final long rowBytes; // of a row of squares, and to the next
            private final int side = lanes * unit.depth(); // numbers of a square along k
            private final int share;

            /** {@code owned}: whether the lines of a task are read by it alone; {@code slot} of the memory where not. */
            Packing(Operand from, boolean linesAlong, int first, int count, boolean owned, int slot) {
                this.from = from;
                this.linesAlong = linesAlong;
                this.first = first;
                this.count = count;
                along = !(from instanceof Matrix m) || m.along;
                if (from instanceof Squares s) {
                    to = s.at + (long) k0 / side * squareBytes;
                    rowBytes = s.panel;
                } else {
                    to = owned && along ? 0 : shared.take(slot, room(count));
                    rowBytes = Pass.this.rowBytes;
                }
                // Of lines where they lie along k, else of squares along k: what is read lies together.
                share = along
                        ? Math.max(1, PACKED / Math.max(1, lanes * depth)) * lanes
                        : Math.max(1, PACKED / (side * count));
            }

            int tasks() {
                if (to == 0 || from instanceof Squares) return 0;
                return along ? Math.ceilDiv(count, share) : Math.ceilDiv(squares, share);
            }

            void run(int task, int worker) {
                int begin = task * share;
                if (along) lines(begin, Math.min(share, count - begin), to + begin / lanes * rowBytes, worker);
                else if (from instanceof Matrix m)
                    for (int s = begin; s < Math.min(begin + share, squares); s++) {
                        int k = s * side;
                        touch.read(m.element(first, k0 + k), m.stride, 4L * count, Math.min(side, depth - k));
                        for (int l = 0; l < count; l += lanes)
                            pack(m, l, Math.min(lanes, count - l), s, s + 1, to + l / lanes * rowBytes, worker);
                    }
            }

            /** {@code n} lines from {@code begin} on, all squares. */
            void lines(int begin, int n, long at, int worker) {
                for (int l = 0; l < n; l += lanes) {
                    long row = at + l / lanes * rowBytes;
                    switch (from) {
                        case Matrix m -> pack(m, begin + l, Math.min(lanes, n - l), 0, squares, row, worker);
                        case Halves h -> {
                            long panel = h.at + (begin + l) / lanes * h.panel + 2L * lanes * k0;
                            if (squares > 0) h.unpack.call(panel, row, (long) squares * lanes / 2);
                        }
                        case Squares s -> throw new IllegalStateException("gemm: " + s + " is packed already");
                    }
                }
            }

            /** {@code n} lines, at most a vector, and some squares of the row of squares at {@code row}. */
            private void pack(Matrix m, int line, int n, int fromSquare, int toSquare, long row, int worker) {
                Way way = Way.of(m.along, linesAlong);
                int k = fromSquare * side;
                int left = Math.min(toSquare * side, depth) - k;
                int whole = n == lanes ? left / side : 0;
                long at = row + (long) fromSquare * squareBytes;
                packs.pack(way, m.element(first + line, k0 + k), m.stride, at, whole);
                if (whole == toSquare - fromSquare) return;
                k += whole * side;
                long rest = at + (long) whole * squareBytes;
                ragged(m, way, first + line, n, k0 + k, left - whole * side, rest, worker);
            }

            /** Copies what does not fill its squares, zeros around it, and packs the copy. */
            private void ragged(Matrix m, Way way, int line, int n, int k, int left, long at, int worker) {
                int padded = Math.ceilDiv(left, side) * side;
                long copy = edges.take(worker, 4L * padded * lanes);
                Memory.clear(copy, 4L * padded * lanes);
                long stride = m.along ? 4L * padded : 4L * lanes;
                int copied = m.along ? n : left;
                long bytes = 4L * (m.along ? left : n);
                for (int l = 0; l < copied; l++)
                    Memory.copy(copy + l * stride, m.element(line, k) + l * m.stride, bytes);
                packs.pack(way, copy, stride, at, padded / side);
            }
        }

        /** {@code m} rows from {@code i} on against {@code n} columns from {@code j} on. */
        private void product(MemorySegment call, int worker, long left, int i, int m, long right, int j, int n) {
            // Whose packed panels, and sums, stay near.
            int columns = Math.min(Math.max((int) (CHUNK / Math.max(squareBytes, rowBytes)), 2) * lanes, COLUMNS);
            int strips = Math.max(1, Math.ceilDiv(squares, STRIP));
            boolean stream = p.cRow * p.m >= blocks.streams() && p.k == depth && p.base != p.c;
            long sums = stream && strips > 1 ? partial.take(worker, 4L * blocks.rows() * COLUMNS) : 0;
            for (int c = 0; c < n; c += columns)
                for (int r = 0; r < m; r += blocks.rows())
                    for (int s = 0; s < strips; s++) {
                        int from = s * squares / strips;
                        BlockCall.SQUARES.set(call, (s + 1) * squares / strips - from);
                        long skipped = (long) from * squareBytes;
                        BlockCall.A.set(call, left + r / lanes * rowBytes + skipped);
                        BlockCall.B.set(call, right + c / lanes * b.rowBytes + skipped);
                        boolean first = k0 == 0 && s == 0, ends = s == strips - 1;
                        results(call, i0 + i + r, j + c, first, ends ? 0 : sums, first ? 0 : sums);
                        blocks.run(call, Math.min(blocks.rows(), m - r), Math.min(columns, n - c), stream && ends);
                    }
        }

        /**
         * Where results go, and what is added to them.
         *
         * @param to   scratch for sums that are not finished, or 0 for C
         * @param from scratch where the sums so far are, or 0 for C
         */
        private void results(MemorySegment call, long row, int j, boolean first, long to, long from) {
            long c = p.c + row * p.cRow + 4L * j;
            BlockCall.C.set(call, to == 0 ? c : to);
            BlockCall.C_ROW.set(call, to == 0 ? p.cRow : 4L * COLUMNS);
            boolean bias = first && p.bias != 0;
            BlockCall.BIAS.set(call, bias ? p.bias + 4L * j : zeros);
            BlockCall.BIAS_STEP.set(call, bias ? 4L * lanes : 0);
            if (from != 0) base(call, from, 4L * COLUMNS, 4L * lanes);
            else if (!first) base(call, c, p.cRow, 4L * lanes);
            else if (p.base != 0) base(call, p.base + row * p.baseRow + 4L * j, p.baseRow, 4L * lanes);
            else base(call, zeros, 0, 0);
        }

        private static void base(MemorySegment call, long at, long row, long step) {
            BlockCall.BASE.set(call, at);
            BlockCall.BASE_ROW.set(call, row);
            BlockCall.BASE_STEP.set(call, step);
        }
    }

    @Override
    public void close() {
        shared.close();
        own.close();
        partial.close();
        edges.close();
        constants.close();
    }
}
