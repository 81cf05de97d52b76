package dev.prairie.tensor.autograd;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.device.PackedWeights;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a model calls. Each op checks its arguments at the door, takes its result from the slab, runs one kernel, and
 * tells {@link #record} what happened: plain Ops forgets it, {@link Tape} remembers.
 *
 * <p>Results live until the slab is reset. Every error names the op and both values.
 */
public class Ops {
    private final Kernels kernels;
    private final Slab slab;

    public Ops(Kernels kernels, Slab slab) {
        this.kernels = kernels;
        this.slab = slab;
    }

    /** Where results come from. */
    public final Slab slab() {
        return slab;
    }

    void record(Step step) {}

    /**
     * A stretch of a model whose insides may be forgotten and run again for backward, at the price of one more forward.
     * The body must use only the Ops it is given. Plain Ops just runs it.
     */
    public Tensor block(Tensor x, BiFunction<Ops, Tensor, Tensor> body) {
        return body.apply(this, x);
    }

    /** {@code (N, C)} from {@code table(V, C)}. */
    public Tensor embedding(Tensor table, int[] ids) {
        rank("embedding", "table", table, 2);
        f32("embedding", "table", table);
        within("embedding", "id", ids, 0, table.shape().dim(0));
        Tensor out = allocate(Shape.of(ids.length, table.shape().last()));
        kernels.embedding(out, table, ids);
        record(new Step.Embedding(out, table, ids));
        return out;
    }

    /** Rows of x divided by their root mean square, times {@code w(C)}. */
    public Tensor rmsNorm(Tensor x, Tensor w, float eps) {
        width("rmsNorm", x, "w", w);
        Tensor out = allocate(x.shape());
        Tensor rstd = allocate(Shape.of(x.shape().rows()));
        kernels.rmsNorm(out, rstd, x, w, eps);
        record(new Step.RmsNorm(out, rstd, x, w, eps));
        return out;
    }

    /** Rows of x with mean 0 and variance 1, times {@code w(C)} plus {@code b(C)}. */
    public Tensor layerNorm(Tensor x, Tensor w, Tensor b, float eps) {
        width("layerNorm", x, "w", w);
        width("layerNorm", x, "b", b);
        Tensor out = allocate(x.shape());
        Tensor mean = allocate(Shape.of(x.shape().rows()));
        Tensor rstd = allocate(Shape.of(x.shape().rows()));
        kernels.layerNorm(out, mean, rstd, x, w, b, eps);
        record(new Step.LayerNorm(out, mean, rstd, x, w, b, eps));
        return out;
    }

    /** {@code (…, O) = x(…, C) · w(O, C)ᵀ}, plus {@code bias(O)} where there is one. */
    public Tensor matmul(Tensor x, Tensor w, @Nullable Tensor bias) {
        return matmul(x, w, bias, null);
    }

    /** The same plus {@code residual(…, O)}, where there is one: what a layer adds to the stream that it read from. */
    public Tensor matmul(Tensor x, Tensor w, @Nullable Tensor bias, @Nullable Tensor residual) {
        rank("matmul", "w", w, 2);
        f32("matmul", "x", x);
        f32("matmul", "w", w);
        Shape shape = product(x, w.shape(), bias, residual);
        Tensor out = allocate(shape);
        kernels.matmul(out, x, w, bias, residual);
        record(new Step.MatMul(out, x, w, bias, residual));
        return out;
    }

    /**
     * The same with packed weights, and x rounded, or not, as
     * {@link Kernels#matmul(Tensor, Tensor, PackedWeights, Tensor, Tensor)} says.
     */
    public Tensor matmul(Tensor x, PackedWeights w, @Nullable Tensor bias, @Nullable Tensor residual) {
        f32("matmul", "x", x);
        Shape shape = product(x, w.shape(), bias, residual);
        Tensor out = allocate(shape);
        kernels.matmul(out, x, w, bias, residual);
        record(new Step.PackedMatMul(out, x, w, bias, residual));
        return out;
    }

    /** The shape of {@code x · wᵀ + bias + residual}. */
    private static Shape product(Tensor x, Shape w, @Nullable Tensor bias, @Nullable Tensor residual) {
        if (x.shape().last() != w.dim(1))
            throw new ShapeException("matmul", "x" + x.shape() + " and w" + w + " disagree on C");
        if (bias != null) {
            f32("matmul", "bias", bias);
            if (bias.shape().rank() != 1 || bias.shape().dim(0) != w.dim(0))
                throw new ShapeException("matmul", "w" + w + " and bias" + bias.shape() + " disagree on O");
        }
        Shape shape = x.shape().withLast(w.dim(0));
        if (residual != null) {
            f32("matmul", "residual", residual);
            if (!residual.shape().equals(shape))
                throw new ShapeException("matmul", "the product is " + shape + " but residual" + residual.shape());
        }
        return shape;
    }

    /** The same numbers under another shape; no copy. */
    public Tensor view(Tensor x, Shape shape) {
        Tensor out = x.view(shape);
        record(new Step.View(out, x));
        return out;
    }

    /** Rotary embedding of {@code x(N, H, D)} at {@code positions}: N of them. */
    public Tensor rope(Tensor x, int[] positions, Rotary rotary) {
        rank("rope", "x", x, 3);
        f32("rope", "x", x);
        if (x.shape().dim(0) != positions.length)
            throw new ShapeException("rope", "x" + x.shape() + " but " + positions.length + " positions");
        if (x.shape().dim(2) < rotary.width())
            throw new ShapeException("rope", "heads of x" + x.shape() + " are narrower than " + rotary);
        within("rope", "position", positions, 0, Integer.MAX_VALUE);
        Tensor out = allocate(x.shape());
        kernels.rope(out, x, positions, rotary);
        record(new Step.Rope(out, x, positions, rotary));
        return out;
    }

    /** Attention of {@code q(N, H, D)} over {@code kv}, as {@code scoring} says. */
    public Tensor attention(Tensor q, KeyValues kv, Tokens tokens, Scoring scoring) {
        rank("attention", "q", q, 3);
        f32("attention", "q", q);
        Shape k = kv.k().shape();
        if (q.shape().dim(0) != tokens.count())
            throw new ShapeException("attention", "q" + q.shape() + " but " + tokens.count() + " tokens");
        if (q.shape().dim(2) != k.dim(2))
            throw new ShapeException("attention", "q" + q.shape() + " and k" + k + " disagree on D");
        if (k.dim(1) == 0 || q.shape().dim(1) % k.dim(1) != 0)
            throw new ShapeException("attention", q.shape().dim(1) + " query heads over " + k.dim(1) + " key heads");
        covers("attention", kv, tokens);
        Tensor out = allocate(q.shape());
        Tensor lse = allocate(Shape.of(q.shape().dim(0), q.shape().dim(1)));
        kernels.attention(out, lse, q, kv, tokens, scoring);
        record(new Step.Attention(out, lse, q, kv, tokens, scoring));
        return out;
    }

    /**
     * Puts this step's {@code k, v (N, K, D)} into {@code kv}, where the positions of {@code tokens} belong. Nothing flows
     * back from there: training attends over k and v themselves.
     */
    public void store(KeyValues kv, Tensor k, Tensor v, Tokens tokens) {
        f32("store", "k", k);
        same("store", k, v);
        rank("store", "k", k, 3);
        Shape kept = kv.k().shape();
        if (k.shape().dim(0) != tokens.count()
                || k.shape().dim(1) != kept.dim(1)
                || k.shape().dim(2) != kept.dim(2))
            throw new ShapeException("store", tokens.count() + " tokens with k" + k.shape() + " into " + kv.k());
        covers("store", kv, tokens);
        kernels.store(kv, k, v, tokens);
        record(new Step.Store(kv, k, v, tokens));
    }

    private static void covers(String op, KeyValues kv, Tokens tokens) {
        if (kv.table().length != tokens.sequences())
            throw new ShapeException(
                    op, kv.table().length + " cached sequences but " + tokens.sequences() + " in tokens");
        for (int b = 0; b < tokens.sequences(); b++)
            if (!kv.covers(b, tokens.length(b)))
                throw new ShapeException(
                        op, "sequence " + b + " needs " + tokens.length(b) + " positions, " + kv.k() + " lacks them");
    }

    /** {@code silu(gate) * up} (Shazeer 2020, arXiv 2002.05202). */
    public Tensor swiGlu(Tensor gate, Tensor up) {
        same("swiGlu", gate, up);
        Tensor out = allocate(gate.shape());
        kernels.swiGlu(out, gate, up);
        record(new Step.SwiGlu(out, gate, up));
        return out;
    }

    /** GELU, tanh form. */
    public Tensor gelu(Tensor x) {
        f32("gelu", "x", x);
        Tensor out = allocate(x.shape());
        kernels.gelu(out, x);
        record(new Step.Gelu(out, x));
        return out;
    }

    public Tensor add(Tensor a, Tensor b) {
        same("add", a, b);
        Tensor out = allocate(a.shape());
        kernels.add(out, a, b);
        record(new Step.Add(out, a, b));
        return out;
    }

    public Tensor scale(Tensor x, float factor) {
        f32("scale", "x", x);
        Tensor out = allocate(x.shape());
        kernels.scale(out, x, factor);
        record(new Step.Scale(out, x, factor));
        return out;
    }

    /** Rows of {@code x(N, C)} in the order named; a model that samples needs the logits of few tokens. */
    public Tensor gather(Tensor x, int[] rows) {
        rank("gather", "x", x, 2);
        f32("gather", "x", x);
        within("gather", "row", rows, 0, x.shape().dim(0));
        Tensor out = allocate(Shape.of(rows.length, x.shape().last()));
        kernels.gather(out, x, rows);
        record(new Step.Gather(out, x, rows));
        return out;
    }

    /** x in another floating type. */
    public Tensor cast(Tensor x, DType type) {
        if (type == DType.I32 || x.type() == DType.I32)
            throw new ShapeException("cast", x.type() + " to " + type + ": I32 holds ids, not numbers");
        if (type.quantized() || x.type().quantized())
            throw new ShapeException(
                    "cast", x.type() + " to " + type + ": quantised numbers are decoded by reference.Quantization");
        Tensor out = slab.allocate(type, x.shape());
        kernels.cast(out, x);
        record(new Step.Cast(out, x));
        return out;
    }

    /**
     * {@code (N)} losses in nats from {@code logits(N, V)}; a target of -1 counts nothing. A tape's backward may overwrite
     * logits that came out of a product and went nowhere else: read what you want of them before.
     */
    public Tensor crossEntropy(Tensor logits, int[] targets) {
        rank("crossEntropy", "logits", logits, 2);
        f32("crossEntropy", "logits", logits);
        if (logits.shape().dim(0) != targets.length)
            throw new ShapeException("crossEntropy", "logits" + logits.shape() + " but " + targets.length + " targets");
        within("crossEntropy", "target", targets, -1, logits.shape().last());
        Tensor losses = allocate(Shape.of(targets.length));
        Tensor lse = allocate(losses.shape());
        kernels.crossEntropy(losses, lse, logits, targets);
        record(new Step.CrossEntropy(losses, lse, logits, targets));
        return losses;
    }

    private Tensor allocate(Shape shape) {
        return slab.allocate(DType.F32, shape);
    }

    private static void f32(String op, String name, Tensor t) {
        if (t.type() != DType.F32) throw new ShapeException(op, name + " is " + t + ", must be F32");
    }

    private static void rank(String op, String name, Tensor t, int rank) {
        if (t.shape().rank() != rank)
            throw new ShapeException(
                    op, name + t.shape() + " has " + t.shape().rank() + " dimensions, must have " + rank);
    }

    private static void width(String op, Tensor x, String name, Tensor w) {
        f32(op, "x", x);
        f32(op, name, w);
        if (w.shape().rank() != 1 || w.shape().dim(0) != x.shape().last())
            throw new ShapeException(op, "x" + x.shape() + " and " + name + w.shape() + " disagree on C");
    }

    private static void same(String op, Tensor a, Tensor b) {
        f32(op, "a", a);
        f32(op, "b", b);
        if (!a.shape().equals(b.shape())) throw new ShapeException(op, a.shape() + " and " + b.shape() + " differ");
    }

    private static void within(String op, String what, int[] values, int from, int to) {
        for (int i = 0; i < values.length; i++)
            if (values[i] < from || values[i] >= to)
                throw new ShapeException(
                        op, what + " " + i + " is " + values[i] + ", must be from " + from + " to " + (to - 1));
    }
}
