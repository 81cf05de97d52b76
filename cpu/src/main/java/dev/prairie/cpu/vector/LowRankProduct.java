package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.VECTOR;
import static dev.prairie.cpu.vector.Memory.at;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;
import static dev.prairie.cpu.vector.Memory.zero;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.Buffer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Gradient;
import java.util.List;

/**
 * What adapters add to projections. Parts of few rows, as when one token of each sequence is decoded, are done together
 * in two sweeps over the thin matrices, each read where it lies; many rows of one are products of the device's own, which
 * pack them.
 *
 * <p>Every number is computed by one task in one order: results do not depend on the number of threads.
 */
public final class LowRankProduct implements AutoCloseable {
    /** From this many rows on packing pays. */
    private static final int FEW = Dot.FEW;

    /** Columns of the result in a task. */
    private static final int COLUMNS = 1024;

    private final WorkerPool pool;
    private final GradKernels products;
    private final boolean direct;
    private final Scratch rows; // for each worker: rows of a or b as F32
    private final Scratch numbers = new Scratch(2); // a and b as F32
    private final Sweep sweep = new Sweep();

    /**
     * @param products what computes products of many rows
     * @param direct   whether few rows may be done here, in F32: not where operands are to be rounded
     */
    public LowRankProduct(WorkerPool pool, GradKernels products, boolean direct) {
        this.pool = pool;
        this.products = products;
        this.direct = direct;
        rows = new Scratch(pool.threads());
    }

    /** As {@code Kernels.lowRank}. One at a time. */
    public synchronized void forward(Tensor out, Tensor hidden, Tensor x, List<LowRank.Part> parts) {
        for (int i = 0; i < parts.size(); i++) if (!few(parts.get(i))) multiply(out, hidden, x, parts.get(i));
        if (direct) sweep.run(out, hidden, x, parts);
    }

    private boolean few(LowRank.Part part) {
        return direct && part.to() - part.from() < FEW;
    }

    private void multiply(Tensor out, Tensor hidden, Tensor x, LowRank.Part part) {
        Tensor h = part.hidden(hidden);
        products.matmul(h, x.slice(part.from(), part.to()), floats(0, part.a()), null, null);
        if (part.scale() != 1) products.scale(h, h, part.scale());
        var sum =
                new Gradient(out.slice(part.from(), part.to()), true); // the product that a backward is serves here too
        products.matmulBackwardInput(sum, h, floats(1, part.b()));
    }

    /** As {@code GradKernels.lowRankBackward}. */
    public synchronized void backward(
            Gradient dX,
            Gradient dA,
            Gradient dB,
            Tensor dHidden,
            Tensor dOut,
            Tensor hidden,
            Tensor x,
            LowRank.Part part) {
        Tensor h = part.hidden(hidden);
        Tensor dH = part.hidden(dHidden);
        Tensor d = dOut.slice(part.from(), part.to());
        products.matmulBackwardWeight(dB, h, d);
        products.matmul(dH, d, floats(1, part.b()), null, null);
        if (part.scale() != 1) products.scale(dH, dH, part.scale());
        products.matmulBackwardWeight(dA, dH, x.slice(part.from(), part.to()));
        var toX = new Gradient(dX.cleared().slice(part.from(), part.to()), true);
        products.matmulBackwardInput(toX, dH, floats(0, part.a()));
    }

    /** The tensor itself if it is F32, else its numbers in memory that the next call overwrites. */
    private Tensor floats(int slot, Tensor t) {
        if (t.type() == DType.F32) return t;
        long bytes = DType.F32.bytes(t.shape().size());
        Tensor floats = Tensor.over(Buffer.of(numbers.region(slot, bytes).asSlice(0, bytes)), DType.F32, t.shape());
        products.cast(floats, t);
        return floats;
    }

    /** Few rows of some parts. One object for all of them, so that a step of decoding leaves no garbage. */
    private final class Sweep implements WorkerPool.Body {
        private List<LowRank.Part> parts = List.of();
        private boolean second;
        private long out, hidden, x;
        private int width, outputs, largest, together;

        void run(Tensor out, Tensor hidden, Tensor x, List<LowRank.Part> parts) {
            this.parts = parts;
            this.out = at(out);
            this.hidden = at(hidden);
            this.x = at(x);
            width = x.shape().last();
            outputs = out.shape().last();
            largest = hidden.shape().last();
            together = Split.rows(width, Split.LIGHT); // ranks in a task
            second = false;
            pool.run(tasks(), this);
            second = true;
            pool.run(tasks(), this);
            this.parts = List.of();
        }

        private int tasks() {
            int tasks = 0;
            for (int i = 0; i < parts.size(); i++) tasks += tasks(parts.get(i));
            return tasks;
        }

        private int tasks(LowRank.Part part) {
            if (!few(part)) return 0;
            return second ? Math.ceilDiv(outputs, COLUMNS) : Math.ceilDiv(part.rank(), together);
        }

        @Override
        public void run(int task, int worker) {
            int i = 0;
            while (task >= tasks(parts.get(i))) task -= tasks(parts.get(i++));
            LowRank.Part part = parts.get(i);
            long h = hidden + 4L * part.from() * largest;
            if (second) {
                int from = task * COLUMNS;
                spread(part, h, from, Math.min(from + COLUMNS, outputs), worker);
            } else {
                int from = task * together;
                gather(part, h, from, Math.min(from + together, part.rank()), worker);
            }
        }

        /** {@code h = scale · x · aᵀ}, the ranks from {@code from} to {@code to}. */
        private void gather(LowRank.Part part, long h, int from, int to, int worker) {
            DType type = part.a().type();
            long bytes = type.bytes(width);
            for (int k = from; k < to; k++) {
                long row = at(part.a()) + k * bytes;
                if (type != DType.F32) row = decoded(type, row, width, worker);
                for (int n = part.from(); n < part.to(); n++)
                    set(
                            h + 4L * ((long) (n - part.from()) * part.rank() + k),
                            part.scale() * Dot.dot(x + 4L * n * width, row, width));
            }
        }

        private long decoded(DType type, long row, int count, int worker) {
            long to = rows.take(worker, 4L * count);
            Decode.row(to, type, row, count);
            return to;
        }

        /** {@code out += h · b}, the columns from {@code from} to {@code to}: whole blocks of any type but the last. */
        private void spread(LowRank.Part part, long h, int from, int to, int worker) {
            DType type = part.b().type();
            int count = to - from, rank = part.rank();
            long b = at(part.b()) + type.bytes(from), step = type.bytes(outputs);
            if (type != DType.F32) {
                long numbers = rows.take(worker, 4L * count * rank);
                for (int k = 0; k < rank; k++) Decode.row(numbers + 4L * k * count, type, b + k * step, count);
                b = numbers;
                step = 4L * count;
            }
            for (int n = part.from(); n < part.to(); n++)
                sum(
                        out + 4L * ((long) n * outputs + from),
                        h + 4L * (long) (n - part.from()) * rank,
                        b,
                        step,
                        rank,
                        count);
        }
    }

    /** {@code out[j] += Σ h[k] * b[k][j]}, the rows of b {@code step} bytes apart. */
    private static void sum(long out, long h, long b, long step, int rank, int count) {
        int j = 0;
        for (; j <= count - 4 * LANES; j += 4 * LANES) sumFour(out + 4L * j, h, b + 4L * j, step, rank);
        for (; j <= count - LANES; j += LANES) {
            var s = zero();
            for (int k = 0; k < rank; k++) s = splat(h + 4L * k).fma(load(b + 4L * j + k * step), s);
            store(out + 4L * j, load(out + 4L * j).add(s));
        }
        for (; j < count; j++) {
            float s = 0;
            for (int k = 0; k < rank; k++) s = Math.fma(get(h + 4L * k), get(b + 4L * j + k * step), s);
            set(out + 4L * j, get(out + 4L * j) + s);
        }
    }

    private static void sumFour(long out, long h, long b, long step, int rank) {
        var s0 = zero();
        var s1 = zero();
        var s2 = zero();
        var s3 = zero();
        for (int k = 0; k < rank; k++, b += step) {
            var factor = splat(h + 4L * k);
            s0 = factor.fma(load(b), s0);
            s1 = factor.fma(load(b + VECTOR), s1);
            s2 = factor.fma(load(b + 2 * VECTOR), s2);
            s3 = factor.fma(load(b + 3 * VECTOR), s3);
        }
        store(out, load(out).add(s0));
        store(out + VECTOR, load(out + VECTOR).add(s1));
        store(out + 2 * VECTOR, load(out + 2 * VECTOR).add(s2));
        store(out + 3 * VECTOR, load(out + 3 * VECTOR).add(s3));
    }

    @Override
    public void close() {
        rows.close();
        numbers.close();
    }
}
