package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.at;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.Gemm.Operand;
import dev.prairie.cpu.vector.Gemm.Product;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
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
    private final Attention attention;
    private final AttentionBackward attentionBackward;
    private final Norms norms;
    private final Rope rope;
    private final Loss loss;
    private final Activations activations;

    /** Kernels that share out their work over {@code pool}. */
    public VectorKernels(WorkerPool pool) {
        this.pool = pool;
        this.gemm = new Gemm(pool);
        this.packed = new PackedProduct(pool, gemm);
        this.attention = new Attention(pool);
        this.attentionBackward = new AttentionBackward(pool);
        this.norms = new Norms(pool);
        this.rope = new Rope(pool);
        this.loss = new Loss(pool);
        this.activations = new Activations(pool);
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
        Rows.gather(pool, at(out), at(table), ids, width(table));
    }

    @Override
    public void embeddingBackward(Tensor dTable, Tensor dOut, int[] ids) {
        Rows.scatterAdd(pool, at(dTable), at(dOut), ids, width(dTable));
    }

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor w, float eps) {
        norms.rms(at(out), at(rstd), at(x), at(w), eps, rows(x), width(x));
    }

    @Override
    public void rmsNormBackward(Tensor dX, Tensor dW, Tensor dOut, Tensor x, Tensor w, Tensor rstd) {
        norms.backward(at(dX), at(dW), 0, at(dOut), at(x), at(w), 0, at(rstd), rows(x), width(x));
    }

    @Override
    public void layerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor w, Tensor b, float eps) {
        norms.layer(at(out), at(mean), at(rstd), at(x), at(w), at(b), eps, rows(x), width(x));
    }

    @Override
    public void layerNormBackward(
            Tensor dX, Tensor dW, Tensor dB, Tensor dOut, Tensor x, Tensor w, Tensor mean, Tensor rstd) {
        norms.backward(at(dX), at(dW), at(dB), at(dOut), at(x), at(w), at(mean), at(rstd), rows(x), width(x));
    }

    @Override
    public void matmul(Tensor out, Tensor x, Tensor w, @Nullable Tensor bias) {
        int n = rows(x), c = width(x), o = w.shape().dim(0);
        long b = bias == null ? 0 : at(bias);
        if (n < Dot.FEW) Dot.run(pool, at(out), at(x), at(w), b, n, c, o);
        else
            gemm.run(new Product(
                    n,
                    o,
                    c,
                    new Operand(at(x), 4L * c, true),
                    new Operand(at(w), 4L * c, true),
                    at(out),
                    4L * o,
                    b,
                    0));
    }

    @Override
    public void matmulBackwardInput(Tensor dX, Tensor dOut, Tensor w) {
        int n = rows(dX), c = width(dX), o = w.shape().dim(0);
        Operand a = new Operand(at(dOut), 4L * o, true);
        Operand b = new Operand(at(w), 4L * c, false);
        gemm.run(new Product(n, c, o, a, b, at(dX), 4L * c, at(dX), 4L * c));
    }

    @Override
    public void matmulBackwardWeight(Tensor dW, Tensor dOut, Tensor x) {
        int n = rows(x), c = width(x), o = dW.shape().dim(0);
        Operand a = new Operand(at(dOut), 4L * o, false);
        Operand b = new Operand(at(x), 4L * c, false);
        gemm.run(new Product(o, c, n, a, b, at(dW), 4L * c, at(dW), 4L * c));
    }

    @Override
    public PackedWeights pack(Tensor w, Arena arena) {
        PackedWeights.check(w);
        return new Blocks(w, arena);
    }

    @Override
    public void matmul(Tensor out, Tensor x, PackedWeights w, @Nullable Tensor bias) {
        packed.forward(at(out), at(x), Blocks.of(w), bias == null ? 0 : at(bias), rows(x));
    }

    @Override
    public void matmulBackwardInput(Tensor dX, Tensor dOut, PackedWeights w) {
        packed.backwardInput(at(dX), at(dOut), Blocks.of(w), rows(dX));
    }

    @Override
    public void biasBackward(Tensor dBias, Tensor dOut) {
        Rows.sum(pool, at(dBias), at(dOut), rows(dOut), width(dOut));
    }

    @Override
    public void rope(Tensor out, Tensor x, int[] positions, float theta) {
        rope.forward(
                at(out), at(x), positions, theta, x.shape().dim(1), x.shape().dim(2));
    }

    @Override
    public void ropeBackward(Tensor dX, Tensor dOut, int[] positions, float theta) {
        rope.backward(
                at(dX),
                at(dOut),
                positions,
                theta,
                dX.shape().dim(1),
                dX.shape().dim(2));
    }

    @Override
    public void attention(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, float scale) {
        attention.forward(out, lse, q, kv, tokens, scale);
    }

    @Override
    public void attentionBackward(
            Tensor dQ,
            Tensor dK,
            Tensor dV,
            Tensor dOut,
            Tensor out,
            Tensor lse,
            Tensor q,
            KeyValues kv,
            Tokens tokens,
            float scale) {
        attentionBackward.run(dQ, dK, dV, dOut, out, lse, q, kv, tokens, scale);
    }

    @Override
    public void swiGlu(Tensor out, Tensor gate, Tensor up) {
        activations.swiGlu(at(out), at(gate), at(up), size(out));
    }

    @Override
    public void swiGluBackward(Tensor dGate, Tensor dUp, Tensor dOut, Tensor gate, Tensor up) {
        activations.swiGluBackward(at(dGate), at(dUp), at(dOut), at(gate), at(up), size(dOut));
    }

    @Override
    public void gelu(Tensor out, Tensor x) {
        activations.gelu(at(out), at(x), size(x));
    }

    @Override
    public void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        activations.geluBackward(at(dX), at(dOut), at(x), size(x));
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
    public void accumulate(Tensor dst, Tensor src, float factor) {
        Elementwise.accumulate(pool, at(dst), at(src), factor, size(dst));
    }

    @Override
    public void gather(Tensor out, Tensor x, int[] rows) {
        Rows.gather(pool, at(out), at(x), rows, width(x));
    }

    @Override
    public void gatherBackward(Tensor dX, Tensor dOut, int[] rows) {
        Rows.scatterAdd(pool, at(dX), at(dOut), rows, width(dX));
    }

    @Override
    public void cast(Tensor out, Tensor x) {
        Cast.run(pool, at(out), out.type(), at(x), x.type(), size(x));
    }

    @Override
    public void crossEntropy(Tensor losses, Tensor logits, int[] targets) {
        loss.crossEntropy(at(losses), at(logits), targets, width(logits));
    }

    @Override
    public void crossEntropyBackward(Tensor dLogits, Tensor dLosses, Tensor logits, int[] targets) {
        loss.crossEntropyBackward(at(dLogits), at(dLosses), at(logits), targets, width(logits));
    }

    @Override
    public double squaredNorm(Tensor x) {
        return Optimizer.squaredNorm(pool, at(x), size(x));
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamW step) {
        Optimizer.adamW(pool, at(w), at(g), at(m), at(v), step, size(w));
    }

    @Override
    public void close() {
        packed.close();
        gemm.close();
        attention.close();
        attentionBackward.close();
        norms.close();
        rope.close();
        loss.close();
        activations.close();
    }
}
