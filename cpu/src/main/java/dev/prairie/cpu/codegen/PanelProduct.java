package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.Tensor;
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
    /** Blocks of k that are unpacked at a time: units of any type, 18 KB or 20. */
    private static final int DEPTH = Integer.getInteger("pdepth", 16);

    /** Rows and panels of a task at most: half a megabyte of rounded rows, and as much of the result. */
    private static final int ROWS = Integer.getInteger("prows", 510), PANELS = Integer.getInteger("ppanels", 8);

    /** Tasks for each thread that are wished for, so that a late one does not keep the others waiting. */
    private static final int TASKS = 4;

    /** Bytes of weights of a task that streams. */
    private static final long STREAM = Integer.getInteger("pstream", 1 << 20);

    /** Activations rounded in a task. */
    private static final int ROUNDED = 32 << 10;

    private final WorkerPool pool;
    private final CodePages code;
    private final Isa isa;
    private final Map<PanelLayout, PanelKernels> kernels = new EnumMap<>(PanelLayout.class);
    private final Pages rounded;
    private final Pages work; // a slot for each worker: call, then base, then unpacked panel, then tile

    PanelProduct(WorkerPool pool, CodePages code, SystemCalls system, Isa isa) {
        this.pool = pool;
        this.code = code;
        this.isa = isa;
        rounded = new Pages(system, 1);
        work = new Pages(system, pool.threads());
    }

    private synchronized PanelKernels kernels(PanelLayout layout) {
        return kernels.computeIfAbsent(layout, l -> new PanelKernels(code, isa, l));
    }

    /** The kernel that unpacks units of a panel, see {@link UnpackPanel}. */
    Kernel unpack(PanelLayout layout) {
        return kernels(layout).unpack();
    }

    /** The memory of a product. Addresses; {@code bias} and {@code residual} may be 0. */
    private record Job(
            Panels w, PanelKernels kernels, long x, long xRow, long out, long bias, long residual, int n, int o) {}

    /** {@code out(N, O) = x̂(N, C) · w(O, C)ᵀ + bias(O) + residual(N, O)}. One product at a time. */
    synchronized void run(Tensor out, Tensor x, Panels w, @Nullable Tensor bias, @Nullable Tensor residual) {
        int n = x.shape().rows();
        if (n == 0 || w.outputs() == 0) return;
        PanelKernels k = kernels(w.layout());
        long xRow = PanelCode.row(isa, w.blocks());
        long records = rounded.take(0, n * xRow);
        round(k, x, records, xRow, w.blocks());
        long b = bias == null ? 0 : bias.segment().address();
        long r = residual == null ? 0 : residual.segment().address();
        var job = new Job(w, k, records, xRow, out.segment().address(), b, r, n, w.outputs());
        if (n <= StreamPanels.ROWS) stream(job);
        else multiply(job);
    }

    private void round(PanelKernels k, Tensor x, long records, long xRow, int blocks) {
        long width = x.shape().last();
        int n = x.shape().rows();
        int rows = (int) Math.max(1, ROUNDED / width);
        pool.run(Math.ceilDiv(n, rows), (task, worker) -> {
            for (int i = task * rows; i < Math.min((task + 1) * rows, n); i++)
                k.round().call(x.segment().address() + 4 * i * width, records + i * xRow, blocks);
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

    private static final long PAGE = 4096, TILE = 1024;

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
        int unit = MultiplyPanel.rows(isa);
        int rows = Math.min(j.n, ROWS / unit * unit);
        int panels = Math.min(PANELS, j.w.panels());
        int wanted = TASKS * pool.threads();
        while (panels > 1 && Math.ceilDiv(j.n, rows) * Math.ceilDiv(j.w.panels(), panels) < wanted) panels--;
        while (rows > 8 * unit && Math.ceilDiv(j.n, rows) * Math.ceilDiv(j.w.panels(), panels) < wanted)
            rows = Math.ceilDiv(rows / 2, unit) * unit;
        int r = rows, p = panels;
        int across = Math.ceilDiv(j.w.panels(), panels);
        pool.run(Math.ceilDiv(j.n, rows) * across, (task, worker) -> {
            int firstRow = task / across * r;
            int firstPanel = task % across * p;
            block(j, worker, firstRow, Math.min(r, j.n - firstRow), firstPanel, Math.min(firstPanel + p, j.w.panels()));
        });
    }

    /** Some rows times some panels, with the memory of {@code worker}. */
    private void block(Job j, int worker, int firstRow, int rows, int firstPanel, int endPanel) {
        int unpackedBytes = j.w.layout().unpackedBytes();
        long base = work.take(worker, 2 * PAGE + (long) DEPTH * unpackedBytes + 128L * rows) + TILE;
        long call = base - TILE;
        long unpacked = call + PAGE;
        long tile = unpacked + (long) DEPTH * unpackedBytes;
        boolean ragged = endPanel * PanelLayout.COLUMNS > j.o;
        for (int block = 0; block < j.w.blocks(); block += DEPTH) {
            int depth = Math.min(DEPTH, j.w.blocks() - block);
            for (int panel = firstPanel; panel < endPanel; panel++) {
                int columns = Math.min(PanelLayout.COLUMNS, j.o - panel * PanelLayout.COLUMNS);
                boolean full = columns == PanelLayout.COLUMNS;
                long to = full ? j.out + 4L * firstRow * j.o + 128L * panel : tile;
                long toRow = full ? 4L * j.o : 128;
                j.kernels.unpack().call(j.w.at(panel, block), unpacked, depth / j.w.layout().blocks());
                boolean fresh = block == 0;
                if (fresh) base(j, base, panel, columns);
                multiply(j, call, firstRow, rows, block, depth, unpacked, to, toRow, fresh ? base : to, fresh ? 0 : toRow);
            }
        }
        if (ragged) {
            int columns = j.o % PanelLayout.COLUMNS;
            copy(j.out + 4L * firstRow * j.o + 128L * (endPanel - 1), 4L * j.o, tile, 128, rows, columns);
        }
        if (j.residual == 0) return;
        int columns = Math.min(endPanel * PanelLayout.COLUMNS, j.o) - firstPanel * PanelLayout.COLUMNS;
        for (int i = firstRow; i < firstRow + rows; i++) {
            long at = 4L * i * j.o + 128L * firstPanel;
            add(Memory.segment(j.out + at, 4L * columns), Memory.segment(j.residual + at, 4L * columns), columns);
        }
    }

    /** What every row of a panel starts from: the bias, or zero. */
    private static void base(Job j, long base, int panel, int columns) {
        Memory.clear(base, 128);
        if (j.bias != 0) Memory.copy(base, j.bias + 128L * panel, 4L * columns);
    }

    private void multiply(
            Job j,
            long call,
            int firstRow,
            int rows,
            int block,
            int depth,
            long unpacked,
            long to,
            long toRow,
            long base,
            long baseRow) {
        int unit = MultiplyPanel.rows(isa);
        MemorySegment c = Memory.segment(call, PanelCall.BYTES);
        for (int column = 0; column < PanelLayout.COLUMNS; column += MultiplyPanel.columns(isa)) {
            for (int done = 0; done < rows; ) {
                int left = rows - done;
                int high = Math.min(unit, left);
                PanelCall.X.set(c, j.x + (firstRow + done) * j.xRow + (long) block * PanelCode.record(isa));
                PanelCall.X_ROW.set(c, j.xRow);
                PanelCall.W.set(c, unpacked + 4L * column);
                PanelCall.BLOCKS.set(c, depth);
                PanelCall.OUT.set(c, to + done * toRow + 4L * column);
                PanelCall.OUT_ROW.set(c, toRow);
                PanelCall.BASE.set(c, base + done * baseRow + 4L * column);
                PanelCall.BASE_ROW.set(c, baseRow);
                PanelCall.COUNT.set(c, left / high);
                j.kernels.multiply(high).call(call);
                done += left / high * high;
            }
        }
    }

    @Override
    public void close() {
        rounded.close();
        work.close();
    }
}
