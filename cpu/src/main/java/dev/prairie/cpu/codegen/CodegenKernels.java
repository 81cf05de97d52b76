package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.Gemm.Matrix;
import dev.prairie.cpu.codegen.Gemm.Product;
import dev.prairie.cpu.codegen.NormKernels.Results;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.LowRankProduct;
import dev.prairie.cpu.vector.VectorKernels;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Gradient;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All kernels, forward and backward: generated for one {@link Isa} where that is faster, the Vector API's otherwise. This
 * class only chooses; the work is in the classes beside it and in {@link VectorKernels}.
 *
 * <p>The pool belongs to whoever made it; {@link #close} gives the generated code and all scratch memory back.
 */
public final class CodegenKernels implements GradKernels, AutoCloseable {
    /** What the operands of products may be rounded to. */
    public static final List<DType> PRECISIONS = List.of(DType.F32, DType.BF16);

    /** From this many rows on packing the weights pays; below, the product is as fast as they can be read. */
    private static final int FEW = 16;

    private final DType precision;
    private final VectorKernels vector;
    private final CodePages pages;
    private final Arena arena = Arena.ofShared();
    private final PointwiseKernels pointwise;
    private final RowKernels sums;
    private final NormKernels norms;
    private final LossKernels loss;
    private final RopeKernels rope;
    private final OptimizerKernels optimizer;
    private final CastKernels casts;
    private final Attention attention;
    private final Gemm gemm;
    private final PanelProduct panels;
    private final HalfProduct halves;
    private final PanelNumbers numbers;
    private final LowRankProduct lowRank;

    /**
     * Kernels for {@code isa}, which this processor must be able to run: nothing checks it, and a wrong one ends the
     * process. Their work is shared out over {@code pool}. {@link SystemCalls.Refused} where code pages are forbidden.
     *
     * @param precision one of {@link #PRECISIONS}
     */
    public CodegenKernels(WorkerPool pool, Isa isa, DType precision) {
        this(pool, isa, precision, new SystemCalls.Linux());
    }

    CodegenKernels(WorkerPool pool, Isa isa, DType precision, SystemCalls system) {
        if (!PRECISIONS.contains(precision))
            throw new IllegalArgumentException("codegen: precision " + precision + ", must be one of " + PRECISIONS);
        this.precision = precision;
        vector = new VectorKernels(pool);
        pages = new CodePages(system);
        var generated = new Generated(pages, isa, Frame.forWorkers(arena, pool.threads()));
        pointwise = new PointwiseKernels(generated, pool);
        sums = new RowKernels(generated, pool, new Pages(system, 1));
        norms = new NormKernels(generated, pool, sums, new Pages(system, 1));
        loss = new LossKernels(generated, pool);
        rope = new RopeKernels(generated, pool);
        optimizer = new OptimizerKernels(generated, pool, new Pages(system, 1));
        casts = new CastKernels(generated, pool, new Pages(system, pool.threads()));
        attention = new Attention(pages, isa, pool, precision);
        gemm = new Gemm(pool, pages, system, isa, PackKernels.Unit.of(isa, precision));
        panels = new PanelProduct(pool, pages, system, isa);
        numbers = new PanelNumbers(pool, panels, system);
        halves = new HalfProduct(pool, pages, system, isa);
        lowRank = new LowRankProduct(pool, this, precision == DType.F32);
    }

    /** What the operands of products are rounded to. */
    public DType precision() {
        return precision;
    }

    private static long at(Tensor t) {
        return t.segment().address();
    }

    private static long to(Gradient d) {
        return at(d.tensor());
    }

    private static int rows(Tensor t) {
        return t.shape().rows();
    }

    private static int width(Tensor t) {
        return t.shape().last();
    }

    private static long size(Tensor t) {
        return t.shape().size();
    }

    @Override
    public void embedding(Tensor out, Tensor table, int[] ids) {
        vector.embedding(out, table, ids);
    }

    @Override
    public void embeddingBackward(Gradient dTable, Tensor dOut, int[] ids) {
        gatherBackward(dTable, dOut, ids);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor w, float eps) {
        norms.rms(at(out), at(rstd), at(x), at(w), eps, rows(x), width(x));
    }

    @Override
    public void rmsNormBackward(Gradient dX, Gradient dW, Tensor dOut, Tensor x, Tensor w, Tensor rstd) {
        var to = new Results(to(dX), dX.add(), to(dW), dW.add(), 0, false);
        norms.rmsBackward(to, at(dOut), at(x), at(w), at(rstd), rows(x), width(x));
    }

    @Override
    public void layerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor w, Tensor b, float eps) {
        norms.layer(at(out), at(mean), at(rstd), at(x), at(w), at(b), eps, rows(x), width(x));
    }

    @Override
    public void layerNormBackward(
            Gradient dX, Gradient dW, Gradient dB, Tensor dOut, Tensor x, Tensor w, Tensor mean, Tensor rstd) {
        var to = new Results(to(dX), dX.add(), to(dW), dW.add(), to(dB), dB.add());
        norms.layerBackward(to, at(dOut), at(x), at(w), at(mean), at(rstd), rows(x), width(x));
    }

    @Override
    public void matmul(Tensor out, Tensor x, Tensor w, @Nullable Tensor bias, @Nullable Tensor residual) {
        int n = rows(x), c = width(x), o = w.shape().dim(0);
        if (n < FEW && precision == DType.F32) vector.matmul(out, x, w, bias, residual);
        else
            gemm.run(new Product(
                    n,
                    o,
                    c,
                    new Matrix(at(x), 4L * c, true),
                    new Matrix(at(w), 4L * c, true),
                    at(out),
                    4L * o,
                    bias == null ? 0 : at(bias),
                    residual == null ? 0 : at(residual),
                    4L * o));
    }

    @Override
    public PackedWeights pack(Tensor w, Arena arena) {
        PackedWeights.check(w);
        return switch (w.type()) {
            case BF16, F16 -> halves.pack(w, arena);
            case F32 -> {
                Tensor copy = Tensor.zeros(arena, w.type(), w.shape());
                copy.copyFrom(w);
                yield new Numbers(copy);
            }
            default -> panels.pack(w, arena);
        };
    }

    @Override
    public void matmul(Tensor out, Tensor x, PackedWeights w, @Nullable Tensor bias, @Nullable Tensor residual) {
        switch (w) {
            case HalfWeights h -> halves.run(out, x, h, bias, residual);
            case Numbers n -> matmul(out, x, n.w(), bias, residual);
            default -> panels.run(out, x, Panels.of(w), bias, residual);
        }
    }

    @Override
    public void matmulBackwardInput(Gradient dX, Tensor dOut, PackedWeights w) {
        switch (w) {
            case HalfWeights h -> halves.backwardInput(dX, dOut, h, gemm);
            case Numbers n -> matmulBackwardInput(dX, dOut, n.w());
            default -> numbers.backwardInput(dX, dOut, Panels.of(w), this::matmulBackwardInput);
        }
    }

    @Override
    public void matmulBackwardInput(Gradient dX, Tensor dOut, Tensor w) {
        int n = rows(dOut), c = w.shape().dim(1), o = w.shape().dim(0);
        var a = new Matrix(at(dOut), 4L * o, true);
        var b = new Matrix(at(w), 4L * c, false);
        gemm.run(new Product(n, c, o, a, b, to(dX), 4L * c, 0, dX.add() ? to(dX) : 0, 4L * c));
    }

    @Override
    public void matmulBackwardWeight(Gradient dW, Tensor dOut, Tensor x) {
        int n = rows(x), c = width(x), o = width(dOut);
        var a = new Matrix(at(dOut), 4L * o, false);
        var b = new Matrix(at(x), 4L * c, false);
        gemm.run(new Product(o, c, n, a, b, to(dW), 4L * c, 0, dW.add() ? to(dW) : 0, 4L * c));
    }

    @Override
    public void lowRank(Tensor out, Tensor hidden, Tensor x, List<LowRank.Part> parts) {
        lowRank.forward(out, hidden, x, parts);
    }

    @Override
    public void lowRankBackward(
            Gradient dX,
            Gradient dA,
            Gradient dB,
            Tensor dHidden,
            Tensor dOut,
            Tensor hidden,
            Tensor x,
            LowRank.Part part) {
        lowRank.backward(dX, dA, dB, dHidden, dOut, hidden, x, part);
    }

    @Override
    public void biasBackward(Gradient dBias, Tensor dOut) {
        sums.sum(to(dBias), dBias.add(), at(dOut), rows(dOut), width(dOut));
    }

    @Override
    public void rope(Tensor out, Tensor x, int[] positions, Rotary rotary) {
        int heads = x.shape().dim(1), width = width(x);
        if (rotary.width() == width) rope.forward(at(out), at(x), positions, rotary, heads, width);
        else vector.rope(out, x, positions, rotary);
    }

    @Override
    public void ropeBackward(Gradient dX, Tensor dOut, int[] positions, Rotary rotary) {
        int heads = dOut.shape().dim(1), width = width(dOut);
        if (rotary.width() == width) rope.backward(to(dX), dX.add(), at(dOut), positions, rotary, heads, width);
        else vector.ropeBackward(dX, dOut, positions, rotary);
    }

    @Override
    public void attention(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, Scoring scoring) {
        if (attention.can(kv) && scoring.plain(tokens)) attention.forward(out, lse, q, kv, tokens, scoring.scale());
        else vector.attention(out, lse, q, kv, tokens, scoring);
    }

    @Override
    public void attentionBackward(
            Gradient dQ,
            Gradient dK,
            Gradient dV,
            Tensor dOut,
            Tensor out,
            Tensor lse,
            Tensor q,
            KeyValues kv,
            Tokens tokens,
            Scoring scoring) {
        if (scoring.plain(tokens)) attention.backward(dQ, dK, dV, dOut, out, lse, q, kv, tokens, scoring.scale());
        else vector.attentionBackward(dQ, dK, dV, dOut, out, lse, q, kv, tokens, scoring);
    }

    @Override
    public void store(KeyValues kv, Tensor k, Tensor v, Tokens tokens) {
        vector.store(kv, k, v, tokens);
    }

    @Override
    public void swiGlu(Tensor out, Tensor gate, Tensor up) {
        pointwise.swiGlu(at(out), at(gate), at(up), size(out));
    }

    @Override
    public void swiGluBackward(Gradient dGate, Gradient dUp, Tensor dOut, Tensor gate, Tensor up) {
        pointwise.swiGluBackward(to(dGate), dGate.add(), to(dUp), dUp.add(), at(dOut), at(gate), at(up), size(dOut));
    }

    @Override
    public void gelu(Tensor out, Tensor x) {
        pointwise.gelu(at(out), at(x), size(x));
    }

    @Override
    public void geluBackward(Gradient dX, Tensor dOut, Tensor x) {
        pointwise.geluBackward(to(dX), dX.add(), at(dOut), at(x), size(x));
    }

    @Override
    public void geluExact(Tensor out, Tensor x) {
        vector.geluExact(out, x);
    }

    @Override
    public void geluExactBackward(Gradient dX, Tensor dOut, Tensor x) {
        vector.geluExactBackward(dX, dOut, x);
    }

    @Override
    public void softCap(Tensor out, Tensor x, float cap) {
        vector.softCap(out, x, cap);
    }

    @Override
    public void softCapBackward(Gradient dX, Tensor dOut, Tensor out, float cap) {
        vector.softCapBackward(dX, dOut, out, cap);
    }

    @Override
    public void multiply(Tensor out, Tensor a, Tensor b) {
        vector.multiply(out, a, b);
    }

    @Override
    public void multiplyBackward(Gradient dA, Gradient dB, Tensor dOut, Tensor a, Tensor b) {
        vector.multiplyBackward(dA, dB, dOut, a, b);
    }

    @Override
    public void route(Tensor weights, int[] chosen, Tensor logits, Routing routing) {
        vector.route(weights, chosen, logits, routing);
    }

    @Override
    public void routeBackward(Gradient dLogits, Tensor dWeights, Tensor logits, int[] chosen, Routing routing) {
        vector.routeBackward(dLogits, dWeights, logits, chosen, routing);
    }

    @Override
    public void scatter(Tensor out, Tensor x, Tensor weights, int[] slots) {
        vector.scatter(out, x, weights, slots);
    }

    @Override
    public void scatterBackward(Gradient dX, Gradient dWeights, Tensor dOut, Tensor x, Tensor weights, int[] slots) {
        vector.scatterBackward(dX, dWeights, dOut, x, weights, slots);
    }

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        pointwise.add(at(out), at(a), at(b), size(out));
    }

    @Override
    public void scale(Tensor out, Tensor x, float factor) {
        pointwise.scale(at(out), at(x), factor, size(x));
    }

    @Override
    public void accumulate(Gradient dst, Tensor src, float factor) {
        pointwise.accumulate(to(dst), dst.add(), at(src), factor, size(src));
    }

    @Override
    public void gather(Tensor out, Tensor x, int[] rows) {
        vector.gather(out, x, rows);
    }

    @Override
    public void gatherBackward(Gradient dX, Tensor dOut, int[] rows) {
        long to = to(dX);
        if (!dX.add()) sums.clear(to, size(dX.tensor()));
        sums.scatterAdd(to, at(dOut), rows, width(dOut));
    }

    @Override
    public void cast(Tensor out, Tensor x) {
        if (casts.can(out.type(), x.type())) casts.run(at(out), out.type(), at(x), x.type(), size(x));
        else vector.cast(out, x);
    }

    @Override
    public void crossEntropy(Tensor losses, Tensor lse, Tensor logits, int[] targets) {
        loss.crossEntropy(at(losses), at(lse), at(logits), targets, width(logits));
    }

    @Override
    public void crossEntropyBackward(Gradient dLogits, Tensor dLosses, Tensor logits, Tensor lse, int[] targets) {
        loss.crossEntropyBackward(to(dLogits), dLogits.add(), at(dLosses), at(logits), at(lse), targets, width(logits));
    }

    @Override
    public double squaredNorm(Tensor x) {
        return optimizer.squaredNorm(at(x), size(x));
    }

    @Override
    public void adamW(List<Parameter> parameters, AdamW step) {
        optimizer.adamW(parameters, step);
    }

    @Override
    public void close() {
        lowRank.close();
        halves.close();
        numbers.close();
        panels.close();
        vector.close();
        sums.close();
        norms.close();
        rope.close();
        optimizer.close();
        casts.close();
        attention.close();
        gemm.close();
        arena.close();
        pages.close();
    }
}
