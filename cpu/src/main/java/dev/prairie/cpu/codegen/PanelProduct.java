package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
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
        return kernels.computeIfAbsent(layout, l -> new PanelKernels(code, isa, l));
    }

    /** Packs {@code w(O, C)}. */
    Panels pack(Tensor w, Arena arena) {
        return new Panels(w, arena, pool, system, kernels(PanelLayout.of(w.type())).pack());
    }

    /** The kernel that unpacks units of a panel, see {@link UnpackPanel}. */
    Kernel unpack(PanelLayout layout) {
        return kernels(layout).unpack();
    }

    /** Whether that kernel's bytes are signed. */
    boolean signed(PanelLayout layout) {
        return UnpackPanel.signed(isa, layout);
    }

    /** The memory of a product. Addresses; {@code bias} and {@code residual} may be 0. */
    private record Job(
            Panels w,
            PanelKernels kernels,
            long x,
            long xRow,
            long side,
            long out,
            long bias,
            long residual,
            int n,
            int o) {
        /** Bytes of scales and terms of a stretch of rows. */
        long sideStretch() {
            return (long) w.blocks() * PanelCode.side(w.layout());
        }
    }

    /** {@code out(N, O) = x̂(N, C) · w(O, C)ᵀ + bias(O) + residual(N, O)}. One product at a time. */
    synchronized void run(Tensor out, Tensor x, Panels w, @Nullable Tensor bias, @Nullable Tensor residual) {
        int n = x.shape().rows();
        if (n == 0 || w.outputs() == 0) return;
        PanelKernels k = kernels(w.layout());
        boolean tiles = PanelCode.tiles(isa) && n > StreamPanels.ROWS;
        long xRow = tiles
                ? (long) w.blocks() * PanelLayout.BLOCK
                : PanelCode.row((long) w.blocks() * PanelCode.record(isa));
        long padded =
                Math.ceilDiv(n, PanelCode.STRETCH) * (long) PanelCode.STRETCH; // tiles read rows that do not exist
        long sides = tiles ? padded / PanelCode.STRETCH * w.blocks() * PanelCode.side(w.layout()) : 0;
        long records = rounded.take(0, padded * xRow + sides + PAGE);
        long b = bias == null ? 0 : bias.segment().address();
        long r = residual == null ? 0 : residual.segment().address();
        long side = records + padded * xRow;
        var job = new Job(w, k, records, xRow, side, out.segment().address(), b, r, n, w.outputs());
        round(job, x.segment().address(), tiles);
        if (n <= StreamPanels.ROWS) stream(job);
        else multiply(job);
    }

    private void round(Job j, long x, boolean tiles) {
        long width = j.w.width();
        int rows = (int) Math.max(1, ROUNDED / width);
        pool.run(Math.ceilDiv(j.n, rows), (task, worker) -> {
            for (int i = task * rows; i < Math.min((task + 1) * rows, j.n); i++) {
                int stretch = i / PanelCode.STRETCH, row = i % PanelCode.STRETCH;
                long to = tiles
                        ? j.x + (long) stretch * PanelCode.STRETCH * j.xRow + (long) row * PanelLayout.BLOCK
                        : j.x + i * j.xRow;
                long side = j.side + stretch * j.sideStretch() + 4L * row;
                j.kernels.round(tiles).call(x + 4L * i * width, to, j.w.blocks(), side);
            }
        });
    }

    // ---- few rows -----------------------------------------------------------------------------------------------

    private void stream(Job j) {
        int together = (int) Math.max(1, STREAM / j.w.panelBytes());
        int most = Math.max(1, Math.ceilDiv(j.w.panels(), TASKS * pool.threads()));
        int panels = Math.min(together, most);
        pool.run(Math.ceilDiv(j.w.panels(), panels), (task, worker) -> {
            int first = task * panels;
            int end = Math.min(first + panels, j.w.panels());
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
        });
    }

    /** What a worker has where in its memory: the call, then a tile or the base, what tiles need, then large things. */
    private static final long PAGE = 4096, TILE = 1024, CONFIGURATION = PAGE;

    private void stream(Job j, long call, int panel, int count, long out, long outRow) {
        MemorySegment c = Memory.segment(call, PanelCall.BYTES);
        PanelCall.X.set(c, j.x);
        PanelCall.X_ROW.set(c, j.xRow);
        PanelCall.W.set(c, j.w.at(panel, 0));
        PanelCall.BLOCKS.set(c, j.w.blocks());
        PanelCall.OUT.set(c, out);
        PanelCall.OUT_ROW.set(c, outRow);
        PanelCall.COUNT.set(c, count);
        j.kernels.stream(j.n).call(call);
    }

    /** Adds bias and residual to columns of all rows, {@code at} bytes from the start of a row. */
    private static void finish(Job j, long at, int columns, long out, long outRow) {
        if (j.bias == 0 && j.residual == 0) return;
        for (int i = 0; i < j.n; i++) {
            MemorySegment to = Memory.segment(out + i * outRow, 4L * columns);
            if (j.bias != 0) add(to, Memory.segment(j.bias + at, 4L * columns), columns);
            if (j.residual != 0) add(to, Memory.segment(j.residual + at + 4L * i * j.o, 4L * columns), columns);
        }
    }

    private static void add(MemorySegment to, MemorySegment from, int count) {
        for (long i = 0; i < count; i++)
            to.set(Tensor.FLOAT, 4 * i, to.get(Tensor.FLOAT, 4 * i) + from.get(Tensor.FLOAT, 4 * i));
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
        for (int block = 0; block < j.w.blocks(); block += DEPTH) {
            int depth = Math.min(DEPTH, j.w.blocks() - block);
            for (int p = 0; p < b.panels; p++) {
                long to = sums + 128L * p;
                boolean fresh = block == 0;
                j.kernels
                        .unpack()
                        .call(
                                j.w.at(b.firstPanel + p, block),
                                unpacked,
                                depth / j.w.layout().blocks());
                multiply(j, b, call, block, depth, unpacked, to, fresh ? base + 128L * p : to, fresh ? 0 : b.row());
            }
        }
        for (int i = 0; i < b.rows; i++) {
            long to = at + 4L * (b.firstRow + i) * j.o;
            long from = sums + i * b.row();
            if (j.residual == 0) Memory.copy(j.out + to, from, 4L * columns);
            else sum(j.out + to, from, j.residual + to, columns);
        }
    }

    private static void sum(long to, long a, long b, int count) {
        MemorySegment out = Memory.segment(to, 4L * count);
        MemorySegment x = Memory.segment(a, 4L * count), y = Memory.segment(b, 4L * count);
        for (long i = 0; i < count; i++)
            out.set(Tensor.FLOAT, 4 * i, x.get(Tensor.FLOAT, 4 * i) + y.get(Tensor.FLOAT, 4 * i));
    }

    private void multiply(
            Job j, Block b, long call, int block, int depth, long unpacked, long to, long base, long baseRow) {
        int unit = j.kernels.rows();
        boolean tiles = PanelCode.tiles(isa);
        MemorySegment c = Memory.segment(call, PanelCall.BYTES);
        PanelCall.X_ROW.set(c, tiles ? PanelCode.STRETCH * j.xRow : j.xRow);
        PanelCall.BLOCKS.set(c, depth);
        PanelCall.OUT_ROW.set(c, b.row());
        PanelCall.BASE_ROW.set(c, baseRow);
        long x = j.x + b.firstRow * j.xRow + (long) block * (tiles ? PanelCode.X_TILE : PanelCode.record(isa));
        if (tiles) {
            PanelCall.X.set(c, x);
            PanelCall.W.set(c, unpacked);
            PanelCall.OUT.set(c, to);
            PanelCall.BASE.set(c, base);
            PanelCall.COUNT.set(c, Math.ceilDiv(b.rows, unit));
            PanelCall.SIDE.set(c, j.side + b.firstRow / unit * j.sideStretch() + (long) block * PanelCode.side(j.w.layout()));
            PanelCall.SIDE_STRETCH.set(c, j.sideStretch());
            PanelCall.TILES.set(c, call + CONFIGURATION);
            j.kernels.multiply(unit).call(call);
            return;
        }
        for (int column = 0; column < PanelLayout.COLUMNS; column += MultiplyPanel.columns(isa)) {
            PanelCall.W.set(c, unpacked + 4L * column);
            for (int done = 0; done < b.rows; ) {
                int high = Math.min(unit, b.rows - done);
                int stretches = (b.rows - done) / high;
                PanelCall.X.set(c, x + done * j.xRow);
                PanelCall.OUT.set(c, to + done * b.row() + 4L * column);
                PanelCall.BASE.set(c, base + done * baseRow + 4L * column);
                PanelCall.COUNT.set(c, stretches);
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
