package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.at;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.Gemm.Operand;
import dev.prairie.cpu.vector.Gemm.Product;
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
import dev.prairie.tensor.reference.Router;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All kernels, forward and backward, on the processor's vector unit and the threads of one {@link WorkerPool}. This
 * class only turns tensors into addresses and sizes; the work is in the classes beside it.
 *
 * <p>Results are the same bits in every run, and for every number of threads. Scratch memory is kept between calls;
 * {@link #close} gives it back. The pool belongs to whoever made it.
 */
public final class VectorKernels implements GradKernels, AutoCloseable {
    private final WorkerPool pool;
    private final Gemm gemm;
    private final PackedProduct packed;
    private final LowRankProduct lowRank;
    private final Attention attention;
    private final AttentionBackward attentionBackward;
    private final ScoredAttention scored;
    private final Norms norms;
    private final Rope rope;
    private final Loss loss;
    private final Activations activations;

    /** Kernels that share out their work over {@code pool}. */
    public VectorKernels(WorkerPool pool) {
        this.pool = pool;
        this.gemm = new Gemm(pool);
        this.packed = new PackedProduct(pool, gemm);
        this.lowRank = new LowRankProduct(pool, this, true);
        this.attention = new Attention(pool);
        this.attentionBackward = new AttentionBackward(pool);
        this.scored = new ScoredAttention(pool);
        this.norms = new Norms(pool);
        this.rope = new Rope(pool);
        this.loss = new Loss(pool);
        this.activations = new Activations(pool);
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
        Rows.decode(pool, at(out), at(table), table.type(), ids, width(table));
    }

    @Override
    public void embeddingBackward(Gradient dTable, Tensor dOut, int[] ids) {
        Rows.scatterAdd(pool, at(dTable.cleared()), at(dOut), ids, width(dOut));
    }

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor w, float eps) {
        norms.rms(at(out), at(rstd), at(x), at(w), eps, rows(x), width(x));
    }

    @Override
    public void rmsNormBackward(Gradient dX, Gradient dW, Tensor dOut, Tensor x, Tensor w, Tensor rstd) {
        var to = new Norms.Grads(to(dX), dX.add(), to(dW), dW.add(), 0, false);
        norms.backward(to, at(dOut), at(x), at(w), 0, at(rstd), rows(x), width(x));
    }

    @Override
    public void layerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor w, Tensor b, float eps) {
        norms.layer(at(out), at(mean), at(rstd), at(x), at(w), at(b), eps, rows(x), width(x));
    }

    @Override
    public void layerNormBackward(
            Gradient dX, Gradient dW, Gradient dB, Tensor dOut, Tensor x, Tensor w, Tensor mean, Tensor rstd) {
        var to = new Norms.Grads(to(dX), dX.add(), to(dW), dW.add(), to(dB), dB.add());
        norms.backward(to, at(dOut), at(x), at(w), at(mean), at(rstd), rows(x), width(x));
    }

    @Override
    public void matmul(Tensor out, Tensor x, Tensor w, @Nullable Tensor bias, @Nullable Tensor residual) {
        int n = rows(x), c = width(x), o = w.shape().dim(0);
        long b = bias == null ? 0 : at(bias);
        long r = residual == null ? 0 : at(residual);
        Operand rows = new Operand(at(x), 4L * c, true), columns = new Operand(at(w), 4L * c, true);
        if (n < Dot.FEW) Dot.run(pool, at(out), at(x), at(w), b, r, n, c, o);
        else gemm.run(new Product(n, o, c, rows, columns, at(out), 4L * o, b, r));
    }

    @Override
    public void matmulBackwardInput(Gradient dX, Tensor dOut, Tensor w) {
        int n = rows(dOut), c = width(w), o = w.shape().dim(0);
        Operand a = new Operand(at(dOut), 4L * o, true), b = new Operand(at(w), 4L * c, false);
        gemm.run(new Product(n, c, o, a, b, to(dX), 4L * c, 0, dX.add() ? to(dX) : 0));
    }

    @Override
    public void matmulBackwardWeight(Gradient dW, Tensor dOut, Tensor x) {
        int n = rows(x), c = width(x), o = width(dOut);
        Operand a = new Operand(at(dOut), 4L * o, false), b = new Operand(at(x), 4L * c, false);
        gemm.run(new Product(o, c, n, a, b, to(dW), 4L * c, 0, dW.add() ? to(dW) : 0));
    }

    @Override
    public PackedWeights pack(Tensor w, Arena arena) {
        PackedWeights.check(w);
        return new Blocks(w, arena);
    }

    @Override
    public void matmul(Tensor out, Tensor x, PackedWeights w, @Nullable Tensor bias, @Nullable Tensor residual) {
        long b = bias == null ? 0 : at(bias);
        long r = residual == null ? 0 : at(residual);
        packed.forward(at(out), at(x), Blocks.of(w), b, r, rows(x));
    }

    @Override
    public void matmulBackwardInput(Gradient dX, Tensor dOut, PackedWeights w) {
        packed.backwardInput(to(dX), dX.add(), at(dOut), Blocks.of(w), rows(dOut));
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
        Rows.sum(pool, to(dBias), dBias.add(), at(dOut), rows(dOut), width(dOut));
    }

    @Override
    public void rope(Tensor out, Tensor x, int[] positions, Rotary rotary) {
        rope.forward(
                at(out), at(x), positions, rotary, x.shape().dim(1), x.shape().dim(2));
    }

    @Override
    public void ropeBackward(Gradient dX, Tensor dOut, int[] positions, Rotary rotary) {
        int heads = dOut.shape().dim(1), width = dOut.shape().dim(2);
        rope.backward(to(dX), dX.add(), at(dOut), positions, rotary, heads, width);
    }

    @Override
    public void attention(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, Scoring scoring) {
        if (kv.k().type() == DType.F32 && scoring.plain(tokens))
            attention.forward(out, lse, q, kv, tokens, scoring.scale());
        else scored.forward(out, lse, q, kv, tokens, scoring);
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
        if (scoring.plain(tokens)) attentionBackward.run(dQ, dK, dV, dOut, out, lse, q, kv, tokens, scoring.scale());
        else scored.backward(dQ, dK, dV, dOut, out, lse, q, kv, tokens, scoring);
    }

    @Override
    public void store(KeyValues kv, Tensor k, Tensor v, Tokens tokens) {
        KeyRows.store(kv, at(k), at(v), tokens);
    }

    @Override
    public void swiGlu(Tensor out, Tensor gate, Tensor up) {
        activations.swiGlu(at(out), at(gate), at(up), size(out));
    }

    @Override
    public void swiGluBackward(Gradient dGate, Gradient dUp, Tensor dOut, Tensor gate, Tensor up) {
        activations.swiGluBackward(to(dGate), dGate.add(), to(dUp), dUp.add(), at(dOut), at(gate), at(up), size(dOut));
    }

    @Override
    public void gelu(Tensor out, Tensor x) {
        activations.gelu(at(out), at(x), size(x));
    }

    @Override
    public void geluBackward(Gradient dX, Tensor dOut, Tensor x) {
        activations.geluBackward(to(dX), dX.add(), at(dOut), at(x), size(x));
    }

    @Override
    public void geluExact(Tensor out, Tensor x) {
        activations.geluExact(at(out), at(x), size(x));
    }

    @Override
    public void geluExactBackward(Gradient dX, Tensor dOut, Tensor x) {
        activations.geluExactBackward(to(dX), dX.add(), at(dOut), at(x), size(x));
    }

    @Override
    public void softCap(Tensor out, Tensor x, float cap) {
        activations.softCap(at(out), at(x), cap, size(x));
    }

    @Override
    public void softCapBackward(Gradient dX, Tensor dOut, Tensor out, float cap) {
        activations.softCapBackward(to(dX), dX.add(), at(dOut), at(out), cap, size(out));
    }

    @Override
    public void multiply(Tensor out, Tensor a, Tensor b) {
        Elementwise.multiply(pool, at(out), false, at(a), at(b), size(out));
    }

    @Override
    public void multiplyBackward(Gradient dA, Gradient dB, Tensor dOut, Tensor a, Tensor b) {
        Elementwise.multiply(pool, to(dA), dA.add(), at(dOut), at(b), size(a));
        Elementwise.multiply(pool, to(dB), dB.add(), at(dOut), at(a), size(b));
    }

    /** A few numbers a token: not worth more than the definition. */
    @Override
    public void route(Tensor weights, int[] chosen, Tensor logits, Routing routing) {
        Router.route(weights, chosen, logits, routing);
    }

    @Override
    public void routeBackward(Gradient dLogits, Tensor dWeights, Tensor logits, int[] chosen, Routing routing) {
        Router.backward(dLogits.cleared(), dWeights, logits, chosen, routing);
    }

    @Override
    public void scatter(Tensor out, Tensor x, Tensor weights, int[] slots) {
        Rows.scatter(pool, at(out), at(x), at(weights), slots, width(weights), width(x));
    }

    @Override
    public void scatterBackward(Gradient dX, Gradient dWeights, Tensor dOut, Tensor x, Tensor weights, int[] slots) {
        long toWeights = at(dWeights.cleared());
        Rows.scatterBackward(
                pool, to(dX), dX.add(), toWeights, at(dOut), at(x), at(weights), slots, width(weights), width(x));
    }

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        Elementwise.add(pool, at(out), at(a), at(b), size(out));
    }

    @Override
    public void scale(Tensor out, Tensor x, float factor) {
        Elementwise.scale(pool, at(out), at(x), factor, size(x));
    }

    @Override
    public void accumulate(Gradient dst, Tensor src, float factor) {
        Elementwise.accumulate(pool, to(dst), dst.add(), at(src), factor, size(src));
    }

    @Override
    public void gather(Tensor out, Tensor x, int[] rows) {
        Rows.gather(pool, at(out), at(x), rows, width(x));
    }

    @Override
    public void gatherBackward(Gradient dX, Tensor dOut, int[] rows) {
        Rows.scatterAdd(pool, at(dX.cleared()), at(dOut), rows, width(dOut));
    }

    @Override
    public void cast(Tensor out, Tensor x) {
        Cast.run(pool, at(out), out.type(), at(x), x.type(), size(x));
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
        return Optimizer.squaredNorm(pool, at(x), size(x));
    }

    @Override
    public void adamW(List<Parameter> parameters, AdamW step) {
        Optimizer.adamW(pool, parameters, step);
    }

    @Override
    public void close() {
        packed.close();
        lowRank.close();
        gemm.close();
        attention.close();
        attentionBackward.close();
        scored.close();
        norms.close();
        rope.close();
        loss.close();
        activations.close();
    }
}
