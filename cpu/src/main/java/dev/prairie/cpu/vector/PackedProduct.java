package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.Gemm.Operand;
import dev.prairie.cpu.vector.Gemm.Product;
import dev.prairie.tensor.device.PackedWeights;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products with packed weights: the Vector API has no integer dot product, so weights become F32 numbers, a few rows at a
 * time, and the F32 products do the rest. Arguments are addresses.
 */
final class PackedProduct implements AutoCloseable {
    /** Decoded numbers held at a time: 4 MB, so that they are still in a cache when they are used. */
    private static final int HELD = 1 << 20;

    private static final int OUTPUTS = 4;

    /** Adding and subtracting it rounds numbers below 2²² to whole ones, halves to even. */
    private static final float ROUND = 0x1.8p23f;

    private final WorkerPool pool;
    private final Gemm gemm;
    private final Scratch rounded = new Scratch(1);
    private final Scratch numbers = new Scratch(1);
    private final Scratch few;

    PackedProduct(WorkerPool pool, Gemm gemm) {
        this.pool = pool;
        this.gemm = gemm;
        this.few = new Scratch(pool.threads());
    }

    /** {@code out(N, O) = x̂(N, C) · wᵀ + bias + residual}, each of the two 0 for none. One product at a time. */
    synchronized void forward(long out, long x, Blocks w, long bias, long residual, int n) {
        int c = w.width(), o = w.outputs();
        if (n == 0 || o == 0) return;
        long xs = w.type().quantized() ? round(x, n, c) : x;
        if (n < Dot.FEW) few(out, xs, w, bias, residual, n);
        else
            inParts(w, (from, count, rows) -> {
                Operand a = new Operand(xs, 4L * c, true), b = new Operand(rows, 4L * c, true);
                long biases = bias == 0 ? 0 : bias + 4L * from;
                long base = residual == 0 ? 0 : residual + 4L * from;
                gemm.run(new Product(n, count, c, a, b, out + 4L * from, 4L * o, biases, base));
            });
    }

    /** x̂ of all rows, and where it is. */
    private long round(long x, int n, int c) {
        long xs = rounded.take(0, 4L * n * c);
        Split.parts(pool, n, Split.rows(c, Split.LIGHT), (from, to, worker) -> {
            for (int i = from; i < to; i++) roundRow(xs + 4L * i * c, x + 4L * i * c, c);
        });
        return xs;
    }

    /** {@code dX(N, C) = dOut(N, O) · w}, on top of what is there if {@code add}. */
    synchronized void backwardInput(long dX, boolean add, long dOut, Blocks w, int n) {
        int c = w.width(), o = w.outputs();
        if (!add && o == 0) Memory.clear(dX, 4L * n * c);
        if (n == 0) return;
        inParts(w, (from, count, rows) -> {
            Operand a = new Operand(dOut + 4L * from, 4L * o, true), b = new Operand(rows, 4L * c, false);
            gemm.run(new Product(n, c, count, a, b, dX, 4L * c, 0, add || from > 0 ? dX : 0));
        });
    }

    /** Some decoded rows of the weights: {@code count} from {@code from} on, at address {@code rows}. */
    @FunctionalInterface
    private interface Part {
        void run(int from, int count, long rows);
    }

    private void inParts(Blocks w, Part part) {
        int c = w.width();
        int most = Split.rows(c, HELD);
        long rows = numbers.take(0, 4L * Math.min(most, w.outputs()) * c);
        for (int j = 0; j < w.outputs(); j += most) {
            int first = j;
            int count = Math.min(most, w.outputs() - j);
            Split.parts(pool, count, Split.rows(c, Split.LIGHT), (from, to, worker) -> {
                for (int i = from; i < to; i++) w.decode(rows + 4L * i * c, first + i);
            });
            part.run(j, count, rows);
        }
    }

    private void few(long out, long x, Blocks w, long bias, long residual, int n) {
        int c = w.width(), o = w.outputs();
        int chunk = Math.ceilDiv(Split.rows(c, 4 * Split.LIGHT), OUTPUTS) * OUTPUTS;
        pool.run(Math.ceilDiv(o, chunk), (task, worker) -> {
            long rows = few.take(worker, 4L * OUTPUTS * c);
            int end = Math.min((task + 1) * chunk, o);
            for (int j = task * chunk; j < end; j += OUTPUTS) {
                int count = Math.min(OUTPUTS, end - j);
                for (int k = 0; k < count; k++) w.decode(rows + 4L * k * c, j + k);
                for (int i = 0; i < n; i++) {
                    long to = out + 4L * ((long) i * o + j);
                    long from = x + 4L * i * c;
                    if (count == OUTPUTS) Dot.four(to, from, rows, 4L * c, bias == 0 ? 0 : bias + 4L * j, c);
                    else
                        for (int k = 0; k < count; k++)
                            set(
                                    to + 4L * k,
                                    Dot.dot(from, rows + 4L * k * c, c) + (bias == 0 ? 0f : get(bias + 4L * (j + k))));
                    if (residual != 0) Elementwise.addRange(to, to, residual + (to - out), count);
                }
            }
        });
    }

    /** x̂ of a row, see {@code Kernels.matmul}. */
    private static void roundRow(long out, long x, int width) {
        for (int i = 0; i < width; i += PackedWeights.GROUP)
            group(out + 4L * i, x + 4L * i, Math.min(PackedWeights.GROUP, width - i));
    }

    /** Whole blocks of 32, so vectors fit. */
    private static void group(long out, long x, int count) {
        IntVector most = splat(PackedWeights.NOTHING).reinterpretAsInts();
        for (int i = 0; i < count; i += LANES)
            most = most.max(load(x + 4L * i).reinterpretAsInts().and(Integer.MAX_VALUE));
        float max = Float.intBitsToFloat(most.reduceLanes(VectorOperators.MAX));
        float scale = max < Float.POSITIVE_INFINITY ? max / 127 : Float.NaN;
        float inverse = 127 / max;
        for (int i = 0; i < count; i += LANES) {
            FloatVector whole = load(x + 4L * i).mul(inverse).add(ROUND).sub(ROUND);
            store(out + 4L * i, whole.mul(scale));
        }
    }

    @Override
    public void close() {
        rounded.close();
        numbers.close();
        few.close();
    }
}
