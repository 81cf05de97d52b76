package dev.prairie.tensor.device;

import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import java.lang.foreign.Arena;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Kernels that take the time of every call to the kernels behind them: where a step goes. Passes everything on as it is,
 * so results are the same bits. For one thread that calls, as a model is run.
 */
public final class ProfiledKernels implements GradKernels {
    /** What one kernel took: its name, how often it was called, and how long all calls were, in seconds. */
    public record Line(String op, long calls, double seconds) {}

    private final GradKernels kernels;
    private final Map<String, Line> lines = new HashMap<>();

    /** Times {@code kernels}. */
    public ProfiledKernels(GradKernels kernels) {
        this.kernels = kernels;
    }

    /** What was called since the last {@link #reset}, the longest first. */
    public List<Line> lines() {
        return lines.values().stream()
                .sorted(Comparator.comparingDouble(Line::seconds).reversed())
                .toList();
    }

    /** Forgets what was noted. */
    public void reset() {
        lines.clear();
    }

    private void time(String op, Runnable call) {
        long began = System.nanoTime();
        call.run();
        note(op, began);
    }

    private void note(String op, long began) {
        double took = (System.nanoTime() - began) / 1e9;
        lines.merge(op, new Line(op, 1, took), (a, b) -> new Line(op, a.calls + b.calls, a.seconds + b.seconds));
    }

    @Override
    public void embedding(Tensor out, Tensor table, int[] ids) {
        time("embedding", () -> kernels.embedding(out, table, ids));
    }

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor w, float eps) {
        time("rmsNorm", () -> kernels.rmsNorm(out, rstd, x, w, eps));
    }

    @Override
    public void layerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor w, Tensor b, float eps) {
        time("layerNorm", () -> kernels.layerNorm(out, mean, rstd, x, w, b, eps));
    }

    @Override
    public void matmul(Tensor out, Tensor x, Tensor w, @Nullable Tensor bias, @Nullable Tensor residual) {
        time("matmul", () -> kernels.matmul(out, x, w, bias, residual));
    }

    @Override
    public void lowRank(Tensor out, Tensor hidden, Tensor x, List<LowRank.Part> parts) {
        time("lowRank", () -> kernels.lowRank(out, hidden, x, parts));
    }

    @Override
    public void rope(Tensor out, Tensor x, int[] positions, Rotary rotary) {
        time("rope", () -> kernels.rope(out, x, positions, rotary));
    }

    @Override
    public void attention(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, Scoring scoring) {
        time("attention", () -> kernels.attention(out, lse, q, kv, tokens, scoring));
    }

    @Override
    public void store(KeyValues kv, Tensor k, Tensor v, Tokens tokens) {
        time("store", () -> kernels.store(kv, k, v, tokens));
    }

    @Override
    public void swiGlu(Tensor out, Tensor gate, Tensor up) {
        time("swiGlu", () -> kernels.swiGlu(out, gate, up));
    }

    @Override
    public void gelu(Tensor out, Tensor x) {
        time("gelu", () -> kernels.gelu(out, x));
    }

    @Override
    public void geluExact(Tensor out, Tensor x) {
        time("geluExact", () -> kernels.geluExact(out, x));
    }

    @Override
    public void softCap(Tensor out, Tensor x, float cap) {
        time("softCap", () -> kernels.softCap(out, x, cap));
    }

    @Override
    public void multiply(Tensor out, Tensor a, Tensor b) {
        time("multiply", () -> kernels.multiply(out, a, b));
    }

    @Override
    public void route(Tensor weights, int[] chosen, Tensor logits, Routing routing) {
        time("route", () -> kernels.route(weights, chosen, logits, routing));
    }

    @Override
    public void scatter(Tensor out, Tensor x, Tensor weights, int[] slots) {
        time("scatter", () -> kernels.scatter(out, x, weights, slots));
    }

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        time("add", () -> kernels.add(out, a, b));
    }

    @Override
    public void scale(Tensor out, Tensor x, float factor) {
        time("scale", () -> kernels.scale(out, x, factor));
    }

    @Override
    public void gather(Tensor out, Tensor x, int[] rows) {
        time("gather", () -> kernels.gather(out, x, rows));
    }

    @Override
    public void cast(Tensor out, Tensor x) {
        time("cast", () -> kernels.cast(out, x));
    }

    @Override
    public void crossEntropy(Tensor losses, Tensor lse, Tensor logits, int[] targets) {
        time("crossEntropy", () -> kernels.crossEntropy(losses, lse, logits, targets));
    }

    @Override
    public void embeddingBackward(Gradient dTable, Tensor dOut, int[] ids) {
        time("embeddingBackward", () -> kernels.embeddingBackward(dTable, dOut, ids));
    }

    @Override
    public void rmsNormBackward(Gradient dX, Gradient dW, Tensor dOut, Tensor x, Tensor w, Tensor rstd) {
        time("rmsNormBackward", () -> kernels.rmsNormBackward(dX, dW, dOut, x, w, rstd));
    }

    @Override
    public void layerNormBackward(
            Gradient dX, Gradient dW, Gradient dB, Tensor dOut, Tensor x, Tensor w, Tensor mean, Tensor rstd) {
        time("layerNormBackward", () -> kernels.layerNormBackward(dX, dW, dB, dOut, x, w, mean, rstd));
    }

    @Override
    public void matmulBackwardInput(Gradient dX, Tensor dOut, Tensor w) {
        time("matmulBackwardInput", () -> kernels.matmulBackwardInput(dX, dOut, w));
    }

    @Override
    public PackedWeights pack(Tensor w, Arena arena) {
        long began = System.nanoTime();
        PackedWeights packed = kernels.pack(w, arena);
        note("pack", began);
        return packed;
    }

    @Override
    public void matmul(Tensor out, Tensor x, PackedWeights w, @Nullable Tensor bias, @Nullable Tensor residual) {
        time("matmul", () -> kernels.matmul(out, x, w, bias, residual));
    }

    @Override
    public void matmulBackwardInput(Gradient dX, Tensor dOut, PackedWeights w) {
        time("matmulBackwardInput", () -> kernels.matmulBackwardInput(dX, dOut, w));
    }

    @Override
    public void matmulBackwardWeight(Gradient dW, Tensor dOut, Tensor x) {
        time("matmulBackwardWeight", () -> kernels.matmulBackwardWeight(dW, dOut, x));
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
        time("lowRankBackward", () -> kernels.lowRankBackward(dX, dA, dB, dHidden, dOut, hidden, x, part));
    }

    @Override
    public void biasBackward(Gradient dBias, Tensor dOut) {
        time("biasBackward", () -> kernels.biasBackward(dBias, dOut));
    }

    @Override
    public void ropeBackward(Gradient dX, Tensor dOut, int[] positions, Rotary rotary) {
        time("ropeBackward", () -> kernels.ropeBackward(dX, dOut, positions, rotary));
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
        time("attentionBackward", () -> kernels.attentionBackward(dQ, dK, dV, dOut, out, lse, q, kv, tokens, scoring));
    }

    @Override
    public void swiGluBackward(Gradient dGate, Gradient dUp, Tensor dOut, Tensor gate, Tensor up) {
        time("swiGluBackward", () -> kernels.swiGluBackward(dGate, dUp, dOut, gate, up));
    }

    @Override
    public void geluBackward(Gradient dX, Tensor dOut, Tensor x) {
        time("geluBackward", () -> kernels.geluBackward(dX, dOut, x));
    }

    @Override
    public void geluExactBackward(Gradient dX, Tensor dOut, Tensor x) {
        time("geluExactBackward", () -> kernels.geluExactBackward(dX, dOut, x));
    }

    @Override
    public void softCapBackward(Gradient dX, Tensor dOut, Tensor out, float cap) {
        time("softCapBackward", () -> kernels.softCapBackward(dX, dOut, out, cap));
    }

    @Override
    public void multiplyBackward(Gradient dA, Gradient dB, Tensor dOut, Tensor a, Tensor b) {
        time("multiplyBackward", () -> kernels.multiplyBackward(dA, dB, dOut, a, b));
    }

    @Override
    public void routeBackward(Gradient dLogits, Tensor dWeights, Tensor logits, int[] chosen, Routing routing) {
        time("routeBackward", () -> kernels.routeBackward(dLogits, dWeights, logits, chosen, routing));
    }

    @Override
    public void scatterBackward(Gradient dX, Gradient dWeights, Tensor dOut, Tensor x, Tensor weights, int[] slots) {
        time("scatterBackward", () -> kernels.scatterBackward(dX, dWeights, dOut, x, weights, slots));
    }

    @Override
    public void accumulate(Gradient dst, Tensor src, float factor) {
        time("accumulate", () -> kernels.accumulate(dst, src, factor));
    }

    @Override
    public void gatherBackward(Gradient dX, Tensor dOut, int[] rows) {
        time("gatherBackward", () -> kernels.gatherBackward(dX, dOut, rows));
    }

    @Override
    public void crossEntropyBackward(Gradient dLogits, Tensor dLosses, Tensor logits, Tensor lse, int[] targets) {
        time("crossEntropyBackward", () -> kernels.crossEntropyBackward(dLogits, dLosses, logits, lse, targets));
    }

    @Override
    public double squaredNorm(Tensor x) {
        long began = System.nanoTime();
        double result = kernels.squaredNorm(x);
        note("squaredNorm", began);
        return result;
    }

    @Override
    public void adamW(List<Parameter> parameters, AdamW step) {
        time("adamW", () -> kernels.adamW(parameters, step));
    }
}
