package dev.prairie.tensor.autograd;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.device.PackedWeights;
import java.util.List;
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

    /** {@code (N, C)} from {@code table(V, C)} of any type but I32; only an F32 table learns. */
    public Tensor embedding(Tensor table, int[] ids) {
        rank("embedding", "table", table, 2);
        if (table.type() == DType.I32)
            throw new ShapeException("embedding", "table is " + table + ", I32 holds ids, not numbers");
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

    /**
     * Adds to {@code out(N, O)}, a projection of {@code x(N, C)}, what the adapters of some rows add, and answers it: parts in
     * the order of their rows, of which no two have one in common. The one op that changes a tensor: {@code out} must come
     * from the op before, and nothing have read it.
     */
    public Tensor adapt(Tensor out, Tensor x, List<LowRank.Part> parts) {
        rank("adapt", "out", out, 2);
        rank("adapt", "x", x, 2);
        f32("adapt", "out", out);
        f32("adapt", "x", x);
        int n = x.shape().dim(0);
        if (out.shape().dim(0) != n) throw new ShapeException("adapt", "x" + x.shape() + " and out" + out.shape());
        int end = 0;
        int largest = 1;
        for (LowRank.Part part : parts) {
            if (part.from() < end || part.to() <= part.from() || part.to() > n)
                throw new ShapeException(
                        "adapt", "rows " + part.from() + " to " + part.to() + " after " + end + " of x" + x.shape());
            factor("a", part.a(), part.rank(), x.shape().last());
            factor("b", part.b(), part.rank(), out.shape().last());
            end = part.to();
            largest = Math.max(largest, part.rank());
        }
        if (parts.isEmpty()) return out;
        Tensor hidden = allocate(Shape.of(n, largest));
        List<LowRank.Part> kept = List.copyOf(parts);
        kernels.lowRank(out, hidden, x, kept);
        record(new Step.Adapted(out, hidden, x, kept));
        return out;
    }

    private static void factor(String name, Tensor t, int rank, int width) {
        Shape expected = Shape.of(rank, width);
        if (t.type() == DType.I32 || !t.shape().equals(expected))
            throw new ShapeException("adapt", name + " is " + t + ", must be numbers " + expected);
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

    /** GELU, exact form. */
    public Tensor geluExact(Tensor x) {
        f32("geluExact", "x", x);
        Tensor out = allocate(x.shape());
        kernels.geluExact(out, x);
        record(new Step.GeluExact(out, x));
        return out;
    }

    /** {@code cap * tanh(x / cap)}, {@code cap > 0}. */
    public Tensor softCap(Tensor x, float cap) {
        f32("softCap", "x", x);
        if (!(cap > 0) || cap == Float.POSITIVE_INFINITY)
            throw new ShapeException("softCap", "cap " + cap + " must be positive");
        Tensor out = allocate(x.shape());
        kernels.softCap(out, x, cap);
        record(new Step.SoftCap(out, x, cap));
        return out;
    }

    /** {@code a * b}, element by element. */
    public Tensor multiply(Tensor a, Tensor b) {
        same("multiply", a, b);
        Tensor out = allocate(a.shape());
        kernels.multiply(out, a, b);
        record(new Step.Multiply(out, a, b));
        return out;
    }

    /**
     * Which experts each token goes to, and with which weight.
     *
     * @param weights {@code (N, A)}, through which gradients flow to the router
     * @param chosen  N · A experts: token n goes to those in {@code n * A ..}, its largest score first
     */
    public record Routes(Tensor weights, int[] chosen) {}

    /** The {@code active} largest of each row of {@code logits(N, E)}, weighed as {@code routing} says. */
    public Routes route(Tensor logits, int active, Routing routing) {
        rank("route", "logits", logits, 2);
        f32("route", "logits", logits);
        if (active < 1 || active > logits.shape().last())
            throw new ShapeException("route", active + " experts of those in logits" + logits.shape());
        int n = logits.shape().dim(0);
        Tensor weights = allocate(Shape.of(n, active));
        int[] chosen = new int[Math.multiplyExact(n, active)];
        kernels.route(weights, chosen, logits, routing);
        record(new Step.Route(weights, chosen, logits, routing));
        return new Routes(weights, chosen);
    }

    /**
     * {@code residual(N, C)}, where there is one, plus what experts made of the tokens that went to them: row m of
     * {@code parts[e] (M, C)} times the weight in {@code slots[e][m]} of {@code weights(N, A)}, added to token
     * {@code slots[e][m] / A}. No slot comes twice.
     */
    public Tensor mix(List<Tensor> parts, Tensor weights, List<int[]> slots, @Nullable Tensor residual) {
        rank("mix", "weights", weights, 2);
        f32("mix", "weights", weights);
        if (parts.isEmpty() || parts.size() != slots.size())
            throw new ShapeException("mix", parts.size() + " parts and " + slots.size() + " lists of slots");
        Shape shape = Shape.of(weights.shape().dim(0), parts.getFirst().shape().last());
        for (int e = 0; e < parts.size(); e++) {
            Tensor part = parts.get(e);
            f32("mix", "part", part);
            if (!part.shape().equals(Shape.of(slots.get(e).length, shape.last())))
                throw new ShapeException("mix", "part" + part.shape() + " for " + slots.get(e).length + " slots");
            within(
                    "mix",
                    "slot",
                    slots.get(e),
                    0,
                    Math.toIntExact(weights.shape().size()));
        }
        if (residual != null) {
            f32("mix", "residual", residual);
            if (!residual.shape().equals(shape))
                throw new ShapeException("mix", "the sum is " + shape + " but residual" + residual.shape());
        }
        Tensor out = allocate(shape);
        if (residual == null) out.zero();
        else kernels.scale(out, residual, 1);
        for (int e = 0; e < parts.size(); e++) kernels.scatter(out, parts.get(e), weights, slots.get(e));
        record(new Step.Mix(out, List.copyOf(parts), weights, List.copyOf(slots), residual));
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

    /** x in another floating type; or F32 in a quantised type, and back. */
    public Tensor cast(Tensor x, DType type) {
        if (type == DType.I32 || x.type() == DType.I32)
            throw new ShapeException("cast", x.type() + " to " + type + ": I32 holds ids, not numbers");
        if (type.quantized() ? x.type() != DType.F32 : x.type().quantized() && type != DType.F32)
            throw new ShapeException("cast", x.type() + " to " + type + ": goes by way of F32, cast to that first");
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
