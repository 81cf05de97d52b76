package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.VectorKernels;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Gradient;
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
    public static final List<DType> PRECISIONS = List.of(DType.F32);

    private final DType precision;
    private final VectorKernels vector;
    private final CodePages pages;
    private final Attention attention;

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
        attention = new Attention(pages, isa, pool, precision);
    }

    /** What the operands of products are rounded to. */
    public DType precision() {
        return precision;
    }

    @Override
    public void embedding(Tensor out, Tensor table, int[] ids) {
        vector.embedding(out, table, ids);
    }

    @Override
    public void embeddingBackward(Gradient dTable, Tensor dOut, int[] ids) {
        vector.embeddingBackward(dTable, dOut, ids);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor w, float eps) {
        vector.rmsNorm(out, rstd, x, w, eps);
    }

    @Override
    public void rmsNormBackward(Gradient dX, Gradient dW, Tensor dOut, Tensor x, Tensor w, Tensor rstd) {
        vector.rmsNormBackward(dX, dW, dOut, x, w, rstd);
    }

    @Override
    public void layerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor w, Tensor b, float eps) {
        vector.layerNorm(out, mean, rstd, x, w, b, eps);
    }

    @Override
    public void layerNormBackward(
            Gradient dX, Gradient dW, Gradient dB, Tensor dOut, Tensor x, Tensor w, Tensor mean, Tensor rstd) {
        vector.layerNormBackward(dX, dW, dB, dOut, x, w, mean, rstd);
    }

    @Override
    public void matmul(Tensor out, Tensor x, Tensor w, @Nullable Tensor bias, @Nullable Tensor residual) {
        vector.matmul(out, x, w, bias, residual);
    }

    @Override
    public void matmulBackwardInput(Gradient dX, Tensor dOut, Tensor w) {
        vector.matmulBackwardInput(dX, dOut, w);
    }

    @Override
    public void matmulBackwardWeight(Gradient dW, Tensor dOut, Tensor x) {
        vector.matmulBackwardWeight(dW, dOut, x);
    }

    @Override
    public void biasBackward(Gradient dBias, Tensor dOut) {
        vector.biasBackward(dBias, dOut);
    }

    @Override
    public void rope(Tensor out, Tensor x, int[] positions, float theta) {
        vector.rope(out, x, positions, theta);
    }

    @Override
    public void ropeBackward(Gradient dX, Tensor dOut, int[] positions, float theta) {
        vector.ropeBackward(dX, dOut, positions, theta);
    }

    @Override
    public void attention(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, float scale) {
        attention.forward(out, lse, q, kv, tokens, scale);
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
            float scale) {
        attention.backward(dQ, dK, dV, dOut, out, lse, q, kv, tokens, scale);
    }

    @Override
    public void swiGlu(Tensor out, Tensor gate, Tensor up) {
        vector.swiGlu(out, gate, up);
    }

    @Override
    public void swiGluBackward(Gradient dGate, Gradient dUp, Tensor dOut, Tensor gate, Tensor up) {
        vector.swiGluBackward(dGate, dUp, dOut, gate, up);
    }

    @Override
    public void gelu(Tensor out, Tensor x) {
        vector.gelu(out, x);
    }

    @Override
    public void geluBackward(Gradient dX, Tensor dOut, Tensor x) {
        vector.geluBackward(dX, dOut, x);
    }

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        vector.add(out, a, b);
    }

    @Override
    public void scale(Tensor out, Tensor x, float factor) {
        vector.scale(out, x, factor);
    }

    @Override
    public void accumulate(Gradient dst, Tensor src, float factor) {
        vector.accumulate(dst, src, factor);
    }

    @Override
    public void gather(Tensor out, Tensor x, int[] rows) {
        vector.gather(out, x, rows);
    }

    @Override
    public void gatherBackward(Gradient dX, Tensor dOut, int[] rows) {
        vector.gatherBackward(dX, dOut, rows);
    }

    @Override
    public void cast(Tensor out, Tensor x) {
        vector.cast(out, x);
    }

    @Override
    public void crossEntropy(Tensor losses, Tensor lse, Tensor logits, int[] targets) {
        vector.crossEntropy(losses, lse, logits, targets);
    }

    @Override
    public void crossEntropyBackward(Gradient dLogits, Tensor dLosses, Tensor logits, Tensor lse, int[] targets) {
        vector.crossEntropyBackward(dLogits, dLosses, logits, lse, targets);
    }

    @Override
    public double squaredNorm(Tensor x) {
        return vector.squaredNorm(x);
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamW step) {
        vector.adamW(w, g, m, v, step);
    }

    @Override
    public void close() {
        vector.close();
        attention.close();
        pages.close();
    }
}
