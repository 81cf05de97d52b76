package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.Gemm.Matrix;
import dev.prairie.cpu.codegen.PackKernels.Unit;
import dev.prairie.cpu.codegen.PackKernels.Way;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Gradient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Products of activations with weights of 16 bits, threaded. For few rows the weights stream through once and activations
 * stay F32. For many, {@link Gemm} reads the same panels as its right operand: as they are where the processor multiplies
 * pairs of BF16 numbers, else as F32 numbers that a task unpacks for itself.
 *
 * <p>Every number is computed by one task in one order: results do not depend on the number of threads.
 */
final class HalfProduct implements AutoCloseable {
    /** Tasks for each thread that are wished for, so that a late one does not keep the others waiting. */
    private static final int TASKS = 4;

    /** Bytes of weights of a task that streams: several passes find them in the second cache. */
    private static final long STREAM = 512 << 10;

    /** Rows up to which streaming is as fast as Gemm or faster: on pairs, and on what has to be unpacked. */
    private static final int FEW_PAIRS = StreamHalves.ROWS, FEW = 4 * StreamHalves.ROWS;

    /** Columns whose numbers are made at a time for the gradient. */
    private static final int TOGETHER = 256;

    /** Where constants lie: zeros, then a mask for each number of lanes; then what each worker's calls need. */
    private static final long MASKS = 256, WORKERS = 1024, WORKER = 256;

    /** The kernels of one type of weights. */
    private record Kernels(Kernel unpack, Kernel[] stream) {}

    private final WorkerPool pool;
    private final CodePages code;
    private final SystemCalls system;
    private final Isa isa;
    private final PackKernels packs;
    private final Kernel part;
    private final Kernel transpose;
    private final Map<DType, Kernels> kernels = new EnumMap<>(DType.class);
    private final Map<Unit, Gemm> products = new EnumMap<>(Unit.class);
    private final Pages constants;
    private final Pages padded; // activations whose rows are no whole squares
    private final Pages edges; // a slot for each worker: rows that are packed, filled up with zeros; unpacked panels
    private final Pages numbers; // weights as F32 rows
    private final long zeros;
    private final MemorySegment[] calls;
    private final Streaming streaming = new Streaming();

    HalfProduct(WorkerPool pool, CodePages code, SystemCalls system, Isa isa) {
        this.pool = pool;
        this.code = code;
        this.system = system;
        this.isa = isa;
        packs = new PackKernels(code, isa, Unit.F32); // a pair of halves is moved like a float
        part = code.add(HalfCode.part(isa));
        transpose = code.add(MatrixTransposition.code(isa.bits()));
        constants = new Pages(system, 1);
        padded = new Pages(system, 1);
        edges = new Pages(system, pool.threads());
        numbers = new Pages(system, 1);
        zeros = constants.take(0, WORKERS + pool.threads() * WORKER);
        MemorySegment lanesOn = Memory.segment(zeros + MASKS, 8L * isa.lanes()); // ones then zeros: a window of lanes
        for (int i = 0; i < isa.lanes(); i++) lanesOn.setAtIndex(ValueLayout.JAVA_INT, i, -1);
        calls = new MemorySegment[pool.threads()];
        for (int i = 0; i < calls.length; i++) calls[i] = Memory.segment(zeros + WORKERS + i * WORKER, HalfCall.BYTES);
    }

    private Kernels kernels(DType type) {
        Kernels made = kernels.get(type);
        if (made != null) return made;
        Kernel[] stream = new Kernel[StreamHalves.ROWS];
        for (int r = 0; r < stream.length; r++) stream[r] = code.add(StreamHalves.code(isa, type, r + 1));
        var all = new Kernels(code.add(HalfCode.unpack(isa, type)), stream);
        kernels.put(type, all);
        return all;
    }

    private Gemm product(Unit unit) {
        return products.computeIfAbsent(unit, u -> new Gemm(pool, code, system, isa, u));
    }

    private Unit unit(HalfWeights w) {
        return w.type() == DType.BF16 ? Unit.pairs(isa) : Unit.F32;
    }

    /** {@code out(N, O) = x(N, C) · w(O, C)ᵀ + bias(O) + residual(N, O)}. One product at a time. */
    synchronized void run(Tensor out, Tensor x, HalfWeights w, @Nullable Tensor bias, @Nullable Tensor residual) {
        int n = x.shape().rows();
        if (n == 0 || w.outputs() == 0) return;
        long b = bias == null ? 0 : bias.segment().address();
        long r = residual == null ? 0 : residual.segment().address();
        Unit unit = unit(w);
        if (n <= (unit == Unit.PAIR ? FEW_PAIRS : FEW))
            streaming.run(out.segment().address(), x.segment().address(), w, b, r, n);
        else multiply(unit, out.segment().address(), x.segment().address(), w, b, r, n);
    }

    private void multiply(Unit unit, long out, long x, HalfWeights w, long bias, long residual, int n) {
        Gemm.Operand right = unit == Unit.PAIR
                ? new Gemm.Squares(w.at(0), w.panelBytes())
                : new Gemm.Halves(w.at(0), w.panelBytes(), kernels(w.type()).unpack);
        long row = 4L * w.outputs();
        var left = new Matrix(x, 4L * w.width(), true);
        product(unit).run(new Gemm.Product(n, w.outputs(), w.width(), left, right, out, row, bias, residual, row));
    }

    /** A product with few rows. One object for all of them, so that a step of decoding leaves no garbage. */
    private final class Streaming implements WorkerPool.Body {
        private @Nullable HalfWeights weights;
        private @Nullable Kernel[] stream = new Kernel[0];
        private long x, xRow, out, bias, residual;
        private int n, together;

        void run(long out, long x, HalfWeights w, long bias, long residual, int n) {
            weights = w;
            stream = kernels(w.type()).stream;
            this.n = n;
            this.out = out;
            this.bias = bias;
            this.residual = residual;
            xRow = 8L * w.lines();
            this.x = xRow == 4L * w.width() ? x : padded(x, 4L * w.width());
            int most = Math.max(1, Math.ceilDiv(w.panels(), TASKS * pool.threads()));
            together = (int) Math.min(Math.max(1, STREAM / w.panelBytes()), most);
            pool.run(Math.ceilDiv(w.panels(), together), this);
            weights = null;
        }

        /** The kernel reads as many steps of k as the weights have, which are zero from the last one on. */
        private long padded(long x, long bytes) {
            long to = padded.take(0, n * xRow);
            Memory.clear(to, n * xRow);
            for (int i = 0; i < n; i++) Memory.copy(to + i * xRow, x + i * bytes, bytes);
            return to;
        }

        @Override
        public void run(int task, int worker) {
            HalfWeights w = java.util.Objects.requireNonNull(weights);
            int lanes = w.lanes();
            int first = task * together;
            int end = Math.min(first + together, w.panels());
            int full = Math.min(end, w.outputs() / lanes);
            for (int i = 0; i < n; i += StreamHalves.ROWS) {
                int rows = Math.min(StreamHalves.ROWS, n - i);
                if (full > first) panels(w, worker, i, rows, first, full - first, lanes);
                if (full < end) panels(w, worker, i, rows, full, 1, w.outputs() % lanes); // not all columns exist
            }
        }

        private void panels(HalfWeights w, int worker, int row, int rows, int panel, int count, int columns) {
            MemorySegment call = calls[worker];
            int lanes = w.lanes();
            long outRow = 4L * w.outputs();
            long at = row * outRow + 4L * panel * lanes;
            HalfCall.X.set(call, x + row * xRow);
            HalfCall.X_ROW.set(call, xRow);
            HalfCall.W.set(call, w.at(panel));
            HalfCall.LINES.set(call, w.lines());
            HalfCall.COUNT.set(call, count);
            HalfCall.OUT.set(call, out + at);
            HalfCall.OUT_ROW.set(call, outRow);
            HalfCall.BIAS.set(call, bias == 0 ? zeros : bias + 4L * panel * lanes);
            HalfCall.BIAS_STEP.set(call, bias == 0 ? 0 : 4L * lanes);
            HalfCall.RESIDUAL.set(call, residual == 0 ? zeros : residual + at);
            HalfCall.RESIDUAL_STEP.set(call, residual == 0 ? 0 : 4L * lanes);
            HalfCall.RESIDUAL_ROW.set(call, residual == 0 ? 0 : outRow);
            HalfCall.LANES.set(call, isa.bits() == 512 ? (1L << columns) - 1 : zeros + MASKS + 4L * (lanes - columns));
            stream[rows - 1].call(call.address());
        }
    }

    // ---- packing ------------------------------------------------------------------------------------------------

    /** Copies {@code w(O, C)}, BF16 or F16, with all threads. */
    HalfWeights pack(Tensor w, Arena arena) {
        var packed = new HalfWeights(w.shape(), w.type(), isa.lanes(), arena, system);
        pool.run(packed.panels(), (panel, worker) -> {
            panel(packed, panel, w.segment().address(), worker);
            if (w.type() == DType.F16) part.call(packed.at(panel), 0, packed.lines());
        });
        return packed;
    }

    /** Rows of the tensor become columns of pairs. */
    private void panel(HalfWeights w, int panel, long from, int worker) {
        int lanes = w.lanes();
        int side = 2 * lanes;
        long row = 2L * w.width();
        long first = from + (long) panel * lanes * row;
        int rows = Math.min(lanes, w.outputs() - panel * lanes);
        int whole = rows == lanes ? w.width() / side : 0;
        packs.pack(Way.ALONG_TURNED, first, row, w.at(panel), whole);
        int squares = w.lines() / lanes - whole;
        if (squares == 0) return;
        long copied = 2L * side * squares;
        long copy = edges.take(worker, lanes * copied);
        Memory.clear(copy, lanes * copied);
        long done = 2L * side * whole;
        for (int i = 0; i < rows; i++) Memory.copy(copy + i * copied, first + i * row + done, row - done);
        packs.pack(Way.ALONG_TURNED, copy, copied, w.at(panel) + 4L * lanes * lanes * whole, squares);
    }

    // ---- backward -----------------------------------------------------------------------------------------------

    /** {@code dX(N, C) (+)= dOut(N, O) · w(O, C)}: some columns at a time become rows of F32 numbers for {@code gemm}. */
    synchronized void backwardInput(Gradient dX, Tensor dOut, HalfWeights w, Gemm gemm) {
        int n = dOut.shape().rows();
        long to = dX.tensor().segment().address();
        if (w.outputs() == 0) dX.cleared();
        long row = 8L * w.lines();
        for (int first = 0; first < w.outputs(); first += TOGETHER) {
            int count = Math.min(TOGETHER, w.outputs() - first);
            long rows = numbers.take(0, Math.ceilDiv(count, w.lanes()) * w.lanes() * row);
            decode(rows, w, first / w.lanes(), Math.ceilDiv(count, w.lanes()));
            var a = new Matrix(dOut.segment().address() + 4L * first, 4L * w.outputs(), true);
            long base = dX.add() || first > 0 ? to : 0;
            long outRow = 4L * w.width();
            var b = new Matrix(rows, row, false);
            gemm.run(new Gemm.Product(n, w.width(), count, a, b, to, outRow, 0, base, outRow));
        }
    }

    /** Columns of {@code count} panels as rows of numbers at {@code to}. */
    private void decode(long to, HalfWeights w, int panel, int count) {
        Kernel unpack = kernels(w.type()).unpack;
        long row = 8L * w.lines();
        pool.run(count, (task, worker) -> {
            long unpacked = edges.take(worker, w.lanes() * row);
            unpack.call(w.at(panel + task), unpacked, w.lines());
            transpose.call(to + task * w.lanes() * row, row, unpacked, 4L * w.lanes(), 2L * w.lines(), w.lanes());
        });
    }

    @Override
    public synchronized void close() {
        products.values().forEach(Gemm::close);
        constants.close();
        padded.close();
        edges.close();
        numbers.close();
    }
}
