package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Products of activations with quantised weights, threaded. Activations are rounded once. For few rows the weights stream
 * through; for many a task takes some panels and rows, unpacks a stretch of k of one panel, multiplies all its rows by it,
 * and goes on: rounded rows stay in the second cache, the unpacked panel in the first.
 *
 * <p>Every number is computed by one task in one order: results do not depend on the number of threads.
 */
final class PanelProduct implements AutoCloseable {
    /** Blocks of k that are unpacked at a time: units of any type, 9 KB or 10. */
    private static final int DEPTH = 8;

    /** Rows and panels of a task at most: half a megabyte of rounded rows, and as much of the result. */
    private static final int ROWS = 516, PANELS = 8;

    /** Rows of a task that are few. */
    private static final int FEW = 64;

    /** Tasks for each thread that are wished for, so that a late one does not keep the others waiting. */
    private static final int TASKS = 4;

    /** Bytes of weights of a task that streams. */
    private static final long STREAM = 512 << 10;

    /** Activations rounded in a task. */
    private static final int ROUNDED = 32 << 10;

    private final WorkerPool pool;
    private final CodePages code;
    private final SystemCalls system;
    private final Isa isa;
    private final Map<PanelLayout, PanelKernels> kernels = new EnumMap<>(PanelLayout.class);
    private final Pages rounded;
    private final WorkerPool.Body rounding = (task, worker) -> round(job(), task);
    private final WorkerPool.Body streaming = (task, worker) -> stream(job(), task, worker);
    private @Nullable Job job; // kept, so that a product of few rows makes no object
    private final Pages work; // a slot for each worker: call, then base, then unpacked panel, then tile

    PanelProduct(WorkerPool pool, CodePages code, SystemCalls system, Isa isa) {
        this.pool = pool;
        this.code = code;
        this.system = system;
        this.isa = isa;
        rounded = new Pages(system, 1);
        work = new Pages(system, pool.threads());
    }

    private synchronized PanelKernels kernels(PanelLayout layout) {
        PanelKernels known = kernels.get(layout);
        if (known != null) return known;
        var made = new PanelKernels(code, isa, layout);
        kernels.put(layout, made);
        return made;
    }

    /** Packs {@code w(O, C)}. */
    Panels pack(Tensor w, Arena arena) {
        return new Panels(
                w, arena, pool, system, kernels(PanelLayout.of(w.type())).pack());
    }

    /** The kernel that unpacks units of a panel, see {@link UnpackPanel}. */
    Kernel unpack(PanelLayout layout) {
        return kernels(layout).unpack();
    }

    /** Whether that kernel's bytes are signed. */
    boolean signed(PanelLayout layout) {
        return UnpackPanel.signed(isa, layout);
    }

    /** What is being computed: addresses, {@code bias} and {@code residual} may be 0. One object for all products. */
    private static final class Job {
        private Panels w;
        private PanelKernels kernels;
        private boolean tiles;
        private int n, o;
        private long from, x, xRow, side, sideStretch, out, bias, residual;
        private int together; // rows of a task that rounds, then panels of one that streams

        Job(Panels w, PanelKernels kernels) {
            this.w = w;
            this.kernels = kernels;
        }
    }

    /** {@code out(N, O) = x̂(N, C) · w(O, C)ᵀ + bias(O) + residual(N, O)}. One product at a time. */
    synchronized void run(Tensor out, Tensor x, Panels w, @Nullable Tensor bias, @Nullable Tensor residual) {
        int n = x.shape().rows();
        if (n == 0 || w.outputs() == 0) return;
        PanelKernels k = kernels(w.layout());
        Job j = job;
        if (j == null) j = new Job(w, k);
        job = j;
        j.w = w;
        j.kernels = k;
        j.tiles = PanelCode.tiles(isa) && n > StreamPanels.ROWS;
        j.n = n;
        j.o = w.outputs();
        j.xRow = j.tiles
                ? (long) w.blocks() * PanelLayout.BLOCK
                : PanelCode.row((long) w.blocks() * PanelCode.record(isa));
        j.sideStretch = j.tiles ? (long) w.blocks() * PanelCode.side(w.layout()) : 0;
        long stretches = Math.ceilDiv(n, PanelCode.STRETCH); // tiles read rows that do not exist
        long padded = stretches * PanelCode.STRETCH;
        j.from = x.segment().address();
        j.x = rounded.take(0, padded * j.xRow + stretches * j.sideStretch + PAGE);
        j.side = j.x + padded * j.xRow;
        // Rows that do not exist are multiplied too: by zero, since what else lies there may be numbers that take long.
        if (j.tiles && n < padded) Memory.clear(j.side + (stretches - 1) * j.sideStretch, j.sideStretch);
        j.out = out.segment().address();
        j.bias = bias == null ? 0 : bias.segment().address();
        j.residual = residual == null ? 0 : residual.segment().address();
        j.together = Math.max(1, ROUNDED / Math.max(w.width(), 1));
        pool.run(Math.ceilDiv(n, j.together), rounding);
        if (n <= StreamPanels.ROWS) stream(j);
        else multiply(j);
    }

    private Job job() {
        return Objects.requireNonNull(job);
    }

    private static void round(Job j, int task) {
        long width = j.w.width();
        for (int i = task * j.together; i < Math.min((task + 1) * j.together, j.n); i++) {
            int stretch = i / PanelCode.STRETCH, row = i % PanelCode.STRETCH;
            long to = j.tiles
                    ? j.x + (long) stretch * PanelCode.STRETCH * j.xRow + (long) row * PanelLayout.BLOCK
                    : j.x + i * j.xRow;
            long side = j.side + stretch * j.sideStretch + 4L * row;
            j.kernels.round(j.tiles).call(j.from + 4L * i * width, to, j.w.blocks(), side);
        }
    }

    // ---- few rows -----------------------------------------------------------------------------------------------

    private void stream(Job j) {
        int most = Math.max(1, Math.ceilDiv(j.w.panels(), TASKS * pool.threads()));
        j.together = Math.min((int) Math.max(1, STREAM / j.w.panelBytes()), most);
        pool.run(Math.ceilDiv(j.w.panels(), j.together), streaming);
    }

    private void stream(Job j, int task, int worker) {
        int first = task * j.together;
        int end = Math.min(first + j.together, j.w.panels());
        int full = Math.min(end, j.o / PanelLayout.COLUMNS);
        long place = work.take(worker, PAGE);
        if (full > first) {
            stream(j, place, first, full - first, j.out + 128L * first, 4L * j.o);
            finish(j, 128L * first, (full - first) * PanelLayout.COLUMNS, j.out + 128L * first, 4L * j.o);
        }
        if (full < end) { // the last panel, of which not all columns exist
            long tile = place + TILE;
            int columns = j.o % PanelLayout.COLUMNS;
            stream(j, place, full, 1, tile, 128);
            copy(j.out + 128L * full, 4L * j.o, tile, 128, j.n, columns);
            finish(j, 128L * full, columns, j.out + 128L * full, 4L * j.o);
        }
    }

    /** What a worker has where in its memory: the call, then a tile or the base, what tiles need, then large things. */
    private static final long PAGE = 4096, TILE = 1024, CONFIGURATION = PAGE;

    private void stream(Job j, long call, int panel, int count, long out, long outRow) {
        PanelCall.X.set(call, j.x);
        PanelCall.X_ROW.set(call, j.xRow);
        PanelCall.W.set(call, j.w.at(panel, 0));
        PanelCall.BLOCKS.set(call, j.w.blocks());
        PanelCall.OUT.set(call, out);
        PanelCall.OUT_ROW.set(call, outRow);
        PanelCall.COUNT.set(call, count);
        j.kernels.stream(j.n).call(call);
    }

    /** Adds bias and residual to columns of all rows, {@code at} bytes from the start of a row. */
    private static void finish(Job j, long at, int columns, long out, long outRow) {
        if (j.bias == 0 && j.residual == 0) return;
        for (int i = 0; i < j.n; i++) {
            long to = out + i * outRow;
            if (j.bias != 0) sum(to, to, j.bias + at, columns);
            if (j.residual != 0) sum(to, to, j.residual + at + 4L * i * j.o, columns);
        }
    }

    private static void copy(long to, long toRow, long from, long fromRow, int rows, int columns) {
        for (int i = 0; i < rows; i++) Memory.copy(to + i * toRow, from + i * fromRow, 4L * columns);
    }

    // ---- many rows ----------------------------------------------------------------------------------------------

    private void multiply(Job j) {
        int unit = j.kernels.rows();
        int chunks = Math.ceilDiv(j.n, ROWS);
        int panels = Math.min(PANELS, j.w.panels());
        int wanted = TASKS * pool.threads();
        while (panels > 1 && chunks * Math.ceilDiv(j.w.panels(), panels) < wanted) panels--;
        if (panels == 1) chunks = Math.max(chunks, Math.min(Math.ceilDiv(j.n, 8 * unit), wanted / j.w.panels()));
        int rows = Math.ceilDiv(Math.ceilDiv(j.n, chunks), unit) * unit;
        int p = panels;
        int across = Math.ceilDiv(j.w.panels(), panels);
        pool.run(Math.ceilDiv(j.n, rows) * across, (task, worker) -> {
            int firstRow = task / across * rows;
            int firstPanel = task % across * p;
            var block = new Block(firstRow, Math.min(rows, j.n - firstRow), firstPanel, p, j.w.panels());
            block(j, block, worker);
        });
    }

    /** Some rows and panels. */
    private record Block(int firstRow, int rows, int firstPanel, int panels) {
        Block(int firstRow, int rows, int firstPanel, int most, int all) {
            this(firstRow, rows, firstPanel, Math.min(most, all - firstPanel));
        }

        /** Bytes from row to row of its results while they are summed: an odd number of cache lines. */
        long row() {
            return 128L * panels + 64;
        }
    }

    /** Sums in memory of {@code worker}, where rows lie close together, then puts them where they belong. */
    private void block(Job j, Block b, int worker) {
        long unpackedBytes = (long) DEPTH * j.w.layout().unpackedBytes();
        long padded = Math.ceilDiv(b.rows, PanelCode.STRETCH) * (long) PanelCode.STRETCH; // as tiles write them
        long tiles = PanelCode.tiles(isa) ? MultiplyTiles.bytes(j.w.layout(), DEPTH) : 0;
        long call = work.take(worker, PAGE + tiles + 4 * PAGE + unpackedBytes + padded * b.row());
        long base = call + TILE;
        long sums = call + PAGE + Math.ceilDiv(tiles, 64) * 64;
        long unpacked = sums + padded * b.row(); // last: tiles look beyond its end
        if (PanelCode.tiles(isa))
            MultiplyTiles.configure(Memory.segment(call + CONFIGURATION, MultiplyTiles.CONFIGURATION), j.w.layout());
        int columns = Math.min(PanelLayout.COLUMNS * b.panels, j.o - PanelLayout.COLUMNS * b.firstPanel);
        long at = 4L * PanelLayout.COLUMNS * b.firstPanel;
        Memory.clear(base, b.row());
        if (j.bias != 0) Memory.copy(base, j.bias + at, 4L * columns);
        // Many rows stay in the second cache while panels change; with few it is the weights that matter, which come
        // faster in the order in which they lie.
        boolean inOrder = b.rows <= FEW;
        for (int p = 0; inOrder && p < b.panels; p++)
            for (int block = 0; block < j.w.blocks(); block += DEPTH)
                piece(j, b, call, block, p, unpacked, sums + 128L * p, base);
        for (int block = 0; !inOrder && block < j.w.blocks(); block += DEPTH)
            for (int p = 0; p < b.panels; p++) piece(j, b, call, block, p, unpacked, sums + 128L * p, base);
        for (int i = 0; i < b.rows; i++) {
            long to = at + 4L * (b.firstRow + i) * j.o;
            long from = sums + i * b.row();
            if (j.residual == 0) Memory.copy(j.out + to, from, 4L * columns);
            else sum(j.out + to, from, j.residual + to, columns);
        }
    }

    /** All rows times a stretch of k of one panel. */
    private void piece(Job j, Block b, long call, int block, int p, long unpacked, long to, long base) {
        int depth = Math.min(DEPTH, j.w.blocks() - block);
        boolean fresh = block == 0;
        j.kernels
                .unpack()
                .call(
                        j.w.at(b.firstPanel + p, block),
                        unpacked,
                        depth / j.w.layout().blocks());
        multiply(j, b, call, block, depth, unpacked, to, fresh ? base + 128L * p : to, fresh ? 0 : b.row());
    }

    private static void sum(long to, long a, long b, int count) {
        for (int i = 0; i < count; i++) Memory.set(to + 4L * i, Memory.get(a + 4L * i) + Memory.get(b + 4L * i));
    }

    private void multiply(
            Job j, Block b, long call, int block, int depth, long unpacked, long to, long base, long baseRow) {
        int unit = j.kernels.rows();
        boolean tiles = j.tiles;
        PanelCall.X_ROW.set(call, tiles ? PanelCode.STRETCH * j.xRow : j.xRow);
        PanelCall.BLOCKS.set(call, depth);
        PanelCall.OUT_ROW.set(call, b.row());
        PanelCall.BASE_ROW.set(call, baseRow);
        long x = j.x + b.firstRow * j.xRow + (long) block * (tiles ? PanelCode.X_TILE : PanelCode.record(isa));
        if (tiles) {
            PanelCall.X.set(call, x);
            PanelCall.W.set(call, unpacked);
            PanelCall.OUT.set(call, to);
            PanelCall.BASE.set(call, base);
            PanelCall.COUNT.set(call, Math.ceilDiv(b.rows, unit));
            PanelCall.SIDE.set(
                    call, j.side + b.firstRow / unit * j.sideStretch + (long) block * PanelCode.side(j.w.layout()));
            PanelCall.SIDE_STRETCH.set(call, j.sideStretch);
            PanelCall.TILES.set(call, call + CONFIGURATION);
            j.kernels.multiply(unit).call(call);
            return;
        }
        for (int column = 0; column < PanelLayout.COLUMNS; column += MultiplyPanel.columns(isa)) {
            PanelCall.W.set(call, unpacked + 4L * column);
            for (int done = 0; done < b.rows; ) {
                int high = Math.min(unit, b.rows - done);
                int stretches = (b.rows - done) / high;
                PanelCall.X.set(call, x + done * j.xRow);
                PanelCall.OUT.set(call, to + done * b.row() + 4L * column);
                PanelCall.BASE.set(call, base + done * baseRow + 4L * column);
                PanelCall.COUNT.set(call, stretches);
                j.kernels.multiply(high).call(call);
                done += stretches * high;
            }
        }
    }

    @Override
    public void close() {
        rounded.close();
        work.close();
    }
}
