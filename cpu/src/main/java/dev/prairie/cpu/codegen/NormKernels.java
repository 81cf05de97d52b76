package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.Formula.Accumulator;
import dev.prairie.cpu.codegen.Generated.Backward;
import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;

/**
 * Root-mean-square norm and layer norm over rows of C numbers. Arguments are addresses.
 *
 * <p>A row stays in the first-level cache, so that memory is read once and written once. Backward sums the gradients of
 * weight and bias over fixed chunks of rows, then over the chunks in order. With x̂ the normalised row,
 * {@code dX = rstd (dOut w - mean(dOut w) - x̂ mean(dOut w x̂))}; the root-mean-square norm has no middle term.
 */
final class NormKernels implements AutoCloseable {
    private static final int MOST_CHUNKS = 64;
    private static final int LEAST_ROWS = 16;

    private final WorkerPool pool;
    private final Generated generated;
    private final RowKernels rows;
    private final Pages partials;
    private final Sweep sweep;
    private final Kernel rms;
    private final Kernel layer;
    private final Backward rmsBackward;
    private final Backward layerBackward;

    NormKernels(Generated generated, WorkerPool pool, RowKernels rows, Pages partials) {
        this.pool = pool;
        this.generated = generated;
        this.rows = rows;
        this.partials = partials;
        rms = generated.kernel(NormKernels::rms);
        layer = generated.kernel(NormKernels::layer);
        sweep = new Sweep(pool, generated, rms);
        rmsBackward = generated.backward((p, add) -> backward(p, false, add));
        layerBackward = generated.backward((p, add) -> backward(p, true, add));
    }

    // ---- formulas -----------------------------------------------------------------------------------------------

    private static void rms(Program p) {
        Gpr out = p.pointer(), rstd = p.pointer(), x = p.pointer(), w = p.pointer();
        Mem count = p.number(), columns = p.number(), rowBytes = p.number();
        Value inverse = p.scalar(), eps = p.scalar();
        p.repeat(count, () -> {
            Accumulator squares = p.sum();
            p.columns(columns, f -> {
                Value v = f.load(x);
                f.accumulate(squares, v, v);
            });
            Value r = inverseRoot(p, p.total(squares), inverse, eps);
            p.columns(columns, f -> f.store(out, f.mul(f.mul(f.load(x), r), f.load(w))));
            p.run(f -> f.storeOne(rstd, r));
            for (Gpr row : new Gpr[] {out, x}) p.advance(row, rowBytes);
            p.advance(rstd, 4);
        });
    }

    private static void layer(Program p) {
        Gpr out = p.pointer(), mean = p.pointer(), rstd = p.pointer(), x = p.pointer(), w = p.pointer();
        Gpr b = p.pointer();
        Mem count = p.number(), columns = p.number(), rowBytes = p.number();
        Value inverse = p.scalar(), eps = p.scalar();
        p.repeat(count, () -> {
            Accumulator sum = p.sum();
            p.columns(columns, f -> f.accumulate(sum, f.load(x)));
            Value total = p.total(sum);
            Value m = p.once(f -> f.mul(total, inverse));
            Accumulator squares = p.sum();
            p.columns(columns, f -> {
                Value centred = f.sub(f.load(x), m);
                f.accumulate(squares, centred, centred);
            });
            Value r = inverseRoot(p, p.total(squares), inverse, eps);
            p.columns(columns, f -> f.store(out, f.fma(f.mul(f.sub(f.load(x), m), r), f.load(w), f.load(b))));
            p.run(f -> {
                f.storeOne(mean, m);
                f.storeOne(rstd, r);
            });
            for (Gpr row : new Gpr[] {out, x}) p.advance(row, rowBytes);
            for (Gpr number : new Gpr[] {mean, rstd}) p.advance(number, 4);
        });
    }

    private static Value inverseRoot(Program p, Value squares, Value inverse, Value eps) {
        return p.once(f -> f.div(f.constant(1), f.sqrt(f.fma(squares, inverse, eps))));
    }

    /** Adds to {@code dW} and {@code dB}, the sums of a chunk. */
    private static void backward(Program p, boolean centred, boolean add) {
        Gpr dX = p.pointer(), dW = p.pointer(), dOut = p.pointer(), x = p.pointer(), w = p.pointer();
        Gpr rstd = p.pointer();
        Mem count = p.number(), columns = p.number(), rowBytes = p.number();
        Value inverse = p.scalar();
        Gpr dB = centred ? p.pointer() : dW, mean = centred ? p.pointer() : rstd;
        p.repeat(count, () -> {
            Value m = centred ? p.once(f -> f.loadOne(mean)) : null;
            Value r = p.once(f -> f.loadOne(rstd));
            Accumulator sum = centred ? p.sum() : null;
            Accumulator projection = p.sum();
            p.columns(columns, f -> {
                Value v = f.load(x);
                Value hat = f.mul(m == null ? v : f.sub(v, m), r);
                Value d = f.load(dOut);
                f.store(dW, f.fma(d, hat, f.load(dW)));
                if (centred) f.store(dB, f.add(d, f.load(dB)));
                Value dw = f.mul(d, f.load(w));
                if (sum != null) f.accumulate(sum, dw);
                f.accumulate(projection, dw, hat);
            });
            Value total = sum == null ? null : p.total(sum);
            Value average = total == null ? null : p.once(f -> f.mul(total, inverse));
            Value dot = p.total(projection);
            Value share = p.once(f -> f.mul(dot, inverse));
            p.columns(columns, f -> {
                Value v = f.load(x);
                Value hat = f.mul(m == null ? v : f.sub(v, m), r);
                Value dw = f.mul(f.load(dOut), f.load(w));
                Value inner = f.fnma(hat, share, average == null ? dw : f.sub(dw, average));
                f.store(dX, Generated.sum(f, add, dX, inner, r));
            });
            for (Gpr row : new Gpr[] {dX, dOut, x}) p.advance(row, rowBytes);
            p.advance(rstd, 4);
            if (centred) p.advance(mean, 4);
        });
    }

    /** Rows in a task: their means and roots fill whole cache lines, for which threads need not fight. */
    private static int rows(int c) {
        return Math.ceilDiv(Split.rows(c, Split.HEAVY), LEAST_ROWS) * LEAST_ROWS;
    }

    // ---- calls --------------------------------------------------------------------------------------------------

    synchronized void rms(long out, long rstd, long x, long w, float eps, int n, int c) {
        long row = 4L * c;
        sweep.of(rms).at(out, row).at(rstd, 4).at(x, row).put(w);
        sweep(eps, n, c);
    }

    synchronized void layer(long out, long mean, long rstd, long x, long w, long b, float eps, int n, int c) {
        long row = 4L * c;
        sweep.of(layer).at(out, row).at(mean, 4).at(rstd, 4).at(x, row).put(w).put(b);
        sweep(eps, n, c);
    }

    private void sweep(float eps, int n, int c) {
        sweep.count().put((long) c).put(4L * c).put(1f / c).put(eps).over(n, rows(c));
    }

    private static Frame size(Frame f, int n, int c) {
        return f.put((long) n).put((long) c).put(4L * c);
    }

    /** Where the results of a backward go; {@code dB} and {@code addB} count for layer norm alone. */
    record Results(long dX, boolean addX, long dW, boolean addW, long dB, boolean addB) {}

    void rmsBackward(Results to, long dOut, long x, long w, long rstd, int n, int c) {
        backward(rmsBackward.kernel(to.addX), false, to, dOut, x, w, 0, rstd, n, c);
    }

    void layerBackward(Results to, long dOut, long x, long w, long mean, long rstd, int n, int c) {
        backward(layerBackward.kernel(to.addX), true, to, dOut, x, w, mean, rstd, n, c);
    }

    private synchronized void backward(
            Kernel kernel, boolean centred, Results to, long dOut, long x, long w, long mean, long rstd, int n, int c) {
        int chunk = Math.max(LEAST_ROWS, Math.ceilDiv(n, MOST_CHUNKS));
        int chunks = Math.ceilDiv(n, chunk);
        long sumsW = partials.take(0, Math.max(8L * c * chunks, 1));
        long sumsB = sumsW + 4L * c * chunks;
        Split.parts(pool, n, chunk, (from, end, worker) -> {
            long at = 4L * from * c, part = 4L * c * (from / chunk);
            Memory.clear(sumsW + part, 4L * c);
            if (centred) Memory.clear(sumsB + part, 4L * c);
            Frame f = generated.frame(worker).put(to.dX + at).put(sumsW + part).put(dOut + at);
            size(f.put(x + at).put(w).put(rstd + 4L * from), end - from, c).put(1f / c);
            if (centred) f.put(sumsB + part).put(mean + 4L * from);
            f.call(kernel);
        });
        rows.sumFew(to.dW, to.addW, sumsW, chunks, c);
        if (centred) rows.sumFew(to.dB, to.addB, sumsB, chunks, c);
    }

    @Override
    public void close() {
        partials.close();
    }
}
