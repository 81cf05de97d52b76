package dev.prairie.tensor.autograd;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Gradient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ops that remember. {@link #backward} walks the memory in reverse; the whole backward pass of every model is the one
 * switch below, without a default: a new {@link Step} that forgets its gradient does not compile.
 *
 * <p>Gradients of the trainable tensors belong to the caller. Either they hold a sum so far and are added to, so that
 * several batches may add up before the optimizer moves; or they hold nothing, and the first that comes is written over
 * them. Gradients of everything between live in the slab, as it hands them out: nothing is filled with zeros. What leads
 * to nothing trainable is neither remembered nor computed.
 *
 * <p>A tape is played back once: backward reuses the memory of gradients, and of logits, that it has read for the last
 * time.
 */
public final class Tape extends Ops {
    private final GradKernels kernels;
    private final boolean recompute;
    private final List<Step> steps = new ArrayList<>();

    /** Gradients by the tensor that is no view: a view has none of its own, it shares its origin's. */
    private final Map<Tensor, Slot> slots;

    /** Tensors that lead back to something trainable. */
    private final Set<Tensor> wanted = new HashSet<>();

    /** Of each view, what it is a view of. */
    private final Map<Tensor, Tensor> origin = new HashMap<>();

    /** The gradient of one tensor and all its views: its memory, once there is some, and whether that holds a sum. */
    private static final class Slot {
        @Nullable
        Tensor memory;

        boolean written;
    }

    /** As below, adding to gradients that hold zeros or a sum so far. */
    public Tape(GradKernels kernels, Slab slab, Map<Tensor, Tensor> trainable, boolean recompute) {
        this(kernels, slab, trainable, true, recompute);
    }

    /**
     * @param trainable each tensor that shall learn, with its gradient
     * @param add       whether the gradients hold a sum so far; if not, backward writes every one of them, whatever they
     *                  held, with zeros where nothing comes back
     * @param recompute whether {@link #block} forgets its insides and runs them again
     */
    public Tape(GradKernels kernels, Slab slab, Map<Tensor, Tensor> trainable, boolean add, boolean recompute) {
        this(kernels, slab, new HashMap<>(), trainable.keySet(), recompute);
        trainable.forEach((parameter, gradient) -> {
            if (!parameter.shape().equals(gradient.shape()))
                throw new ShapeException("tape", "parameter" + parameter.shape() + " with gradient" + gradient.shape());
            Slot s = slot(parameter);
            s.memory = gradient;
            s.written = add;
        });
    }

    private Tape(GradKernels kernels, Slab slab, Map<Tensor, Slot> slots, Set<Tensor> wanted, boolean recompute) {
        super(kernels, slab);
        this.kernels = kernels;
        this.recompute = recompute;
        this.slots = slots;
        this.wanted.addAll(wanted);
    }

    @Override
    void record(Step step) {
        for (Tensor input : step.inputs())
            if (wanted.contains(input)) {
                wanted.add(step.out());
                steps.add(step);
                if (step instanceof Step.View(Tensor out, Tensor x)) origin.put(out, root(x));
                return;
            }
    }

    @Override
    public Tensor block(Tensor x, BiFunction<Ops, Tensor, Tensor> body) {
        if (!recompute) return body.apply(this, x);
        Slab.Mark mark = slab().mark();
        Tensor out = slab().keep(mark, body.apply(new Ops(kernels, slab()), x));
        wanted.add(out); // the body may hold trainable tensors that only running it again will show
        steps.add(new Step.Block(out, x, body));
        return out;
    }

    /** How much is remembered. */
    public int size() {
        return steps.size();
    }

    /** Puts {@code factor} times the gradient of {@code Σ losses} into every trainable tensor's gradient. */
    public void backward(Tensor losses, float factor) {
        Tensor seed = allocate(losses.shape());
        float[] factors = new float[Math.toIntExact(losses.shape().size())];
        Arrays.fill(factors, factor);
        seed.copyFrom(factors);
        backward(losses, seed);
    }

    /** Puts what comes back into every trainable tensor's gradient, given the gradient {@code dOut} of {@code out}. */
    public void backward(Tensor out, Tensor dOut) {
        if (!out.shape().equals(dOut.shape()))
            throw new ShapeException("backward", "out" + out.shape() + " and dOut" + dOut.shape() + " differ");
        List<Slot> trainable = List.copyOf(slots.values());
        if (wanted.contains(out)) {
            kernels.accumulate(d(out), dOut, 1);
            run();
        }
        for (Slot s : trainable)
            if (!s.written && s.memory != null) {
                s.memory.zero(); // nothing led to it, and it may hold anything
                s.written = true;
            }
    }

    private void run() {
        for (Step step : steps.reversed()) {
            // A view shares its gradient with its origin; what nothing later used has none, and passes none on.
            if (step instanceof Step.View || !slot(step.out()).written) continue;
            switch (step) {
                case Step.Embedding(var out, var table, var ids) -> kernels.embeddingBackward(d(table), dOut(out), ids);
                case Step.RmsNorm(var out, var rstd, var x, var w, var _) ->
                    together(g -> kernels.rmsNormBackward(g.d(x), g.d(w), dOut(out), x, w, rstd));
                case Step.LayerNorm(var out, var mean, var rstd, var x, var w, var b, var _) ->
                    together(g -> kernels.layerNormBackward(g.d(x), g.d(w), g.d(b), dOut(out), x, w, mean, rstd));
                case Step.MatMul(var out, var x, var w, var bias, var residual) -> {
                    if (wanted.contains(x)) kernels.matmulBackwardInput(d(x), dOut(out), w);
                    if (wanted.contains(w)) kernels.matmulBackwardWeight(d(w), dOut(out), x);
                    if (bias != null && wanted.contains(bias)) kernels.biasBackward(d(bias), dOut(out));
                    if (residual != null) passOn(dOut(out), residual);
                }
                case Step.PackedMatMul(var out, var x, var w, var bias, var residual) -> {
                    if (wanted.contains(x)) kernels.matmulBackwardInput(d(x), dOut(out), w);
                    if (bias != null && wanted.contains(bias)) kernels.biasBackward(d(bias), dOut(out));
                    if (residual != null) passOn(dOut(out), residual);
                }
                case Step.Adapted(var out, var hidden, var x, var parts) -> {
                    Tensor dHidden = allocate(hidden.shape());
                    for (LowRank.Part part : parts)
                        together(g -> kernels.lowRankBackward(
                                g.d(x), g.d(part.a()), g.d(part.b()), dHidden, dOut(out), hidden, x, part));
                }
                case Step.View view -> {}
                case Step.Store store -> {}
                case Step.Rope(var out, var x, var positions, var rotary) ->
                    kernels.ropeBackward(d(x), dOut(out), positions, rotary);
                case Step.Attention(var out, var lse, var q, var kv, var tokens, var scoring) ->
                    together(g -> kernels.attentionBackward(
                            g.d(q), g.d(kv.k()), g.d(kv.v()), dOut(out), out, lse, q, kv, tokens, scoring));
                case Step.SwiGlu(var out, var gate, var up) ->
                    together(g -> kernels.swiGluBackward(g.d(gate), g.d(up), dOut(out), gate, up));
                case Step.Gelu(var out, var x) -> kernels.geluBackward(d(x), dOut(out), x);
                case Step.GeluExact(var out, var x) -> kernels.geluExactBackward(d(x), dOut(out), x);
                case Step.SoftCap(var out, var x, var cap) -> kernels.softCapBackward(d(x), dOut(out), out, cap);
                case Step.Multiply(var out, var a, var b) ->
                    together(g -> kernels.multiplyBackward(g.d(a), g.d(b), dOut(out), a, b));
                case Step.Route(var out, var chosen, var logits, var routing) ->
                    kernels.routeBackward(d(logits), dOut(out), logits, chosen, routing);
                case Step.Mix(var out, var parts, var weights, var slots, var residual) -> {
                    for (int i = 0; i < parts.size(); i++) {
                        Tensor part = parts.get(i);
                        int[] to = slots.get(i);
                        together(g -> kernels.scatterBackward(g.d(part), g.d(weights), dOut(out), part, weights, to));
                    }
                    if (residual != null) passOn(dOut(out), residual); // last: it may take the memory over
                }
                case Step.Add(var out, var a, var b) -> {
                    boolean takes = wanted.contains(a) && slot(a).memory == null;
                    Tensor first = takes ? b : a; // a sum or a copy, before the other may take the memory over
                    if (wanted.contains(first)) kernels.accumulate(d(first), dOut(out), 1);
                    passOn(dOut(out), takes ? a : b);
                }
                case Step.Scale(var out, var x, var factor) -> kernels.accumulate(d(x), dOut(out), factor);
                case Step.Gather(var out, var x, var rows) -> kernels.gatherBackward(d(x), dOut(out), rows);
                case Step.Cast(var out, var x) -> kernels.accumulate(d(x), dOut(out), 1);
                case Step.CrossEntropy(var out, var lse, var logits, var targets) ->
                    kernels.crossEntropyBackward(dLogits(logits), dOut(out), logits, lse, targets);
                case Step.Block(var out, var x, var body) -> again(dOut(out), x, body);
            }
        }
    }

    /** Runs a forgotten block once more, remembering, and carries the gradient through it. */
    private void again(Tensor dOut, Tensor x, BiFunction<Ops, Tensor, Tensor> body) {
        Slot dX = slot(x);
        boolean fresh = dX.memory == null;
        Slab.Mark mark = slab().mark();
        Tape tape = new Tape(kernels, slab(), slots, wanted, false);
        tape.wanted.add(x);
        tape.origin.putAll(origin);
        tape.passOn(dOut, body.apply(tape, x));
        tape.run();
        for (Step inner : tape.steps) if (!(inner instanceof Step.View)) slots.remove(inner.out());
        Tensor inside = dX.memory;
        if (fresh
                && inside != null
                && inside.segment().address() != dOut.segment().address())
            dX.memory = slab().keep(mark, inside); // it must outlive the block's own memory
        else slab().release(mark);
    }

    /**
     * Gives {@code dOut}, which nobody reads any more after this, to {@code t} as it is: {@code t} takes over its memory
     * where it has none yet.
     */
    private void passOn(Tensor dOut, Tensor t) {
        if (!wanted.contains(t)) return;
        Slot s = slot(t);
        if (s.memory != null) kernels.accumulate(d(t), dOut, 1);
        else {
            s.memory = dOut.view(root(t).shape());
            s.written = true;
        }
    }

    /** Logits are the largest tensor of a step: where nothing reads them any more, their gradient is written over them. */
    private Gradient dLogits(Tensor logits) {
        Tensor root = root(logits);
        Slot s = slot(root);
        boolean product = false;
        int uses = 0;
        for (Step step : steps) {
            if (step.out() == root)
                product = step instanceof Step.MatMul
                        || step instanceof Step.PackedMatMul; // whose backward does not read its result
            if (step instanceof Step.View) continue;
            for (Tensor input : step.inputs()) if (root(input) == root) uses++;
        }
        if (product && uses == 1 && s.memory == null) s.memory = root;
        return d(logits);
    }

    /** Where the gradient of {@code t} goes. Gradients are F32 whatever the type of the tensor. */
    private Gradient d(Tensor t) {
        if (!wanted.contains(t)) return new Gradient(allocate(t.shape()), false); // a kernel writes it, nobody reads it
        Slot s = slot(t);
        Tensor memory = s.memory;
        if (memory == null) s.memory = memory = allocate(root(t).shape());
        var gradient = new Gradient(memory.view(t.shape()), s.written);
        s.written = true;
        return gradient;
    }

    /** The gradient that came back to the result of a step, for its backward to read. */
    private Tensor dOut(Tensor out) {
        return d(out).tensor();
    }

    private Slot slot(Tensor t) {
        return slots.computeIfAbsent(root(t), origin -> new Slot());
    }

    private Tensor root(Tensor t) {
        return origin.getOrDefault(t, t);
    }

    private Tensor allocate(Shape shape) {
        return slab().allocate(DType.F32, shape);
    }

    /** For a kernel that writes several gradients at once. */
    private void together(Consumer<Several> kernel) {
        var several = new Several();
        kernel.accept(several);
        for (Aside a : several.aside) kernels.accumulate(d(a.of), a.gradient, 1);
    }

    private record Aside(Tensor of, Tensor gradient) {}

    /** The gradients of one kernel, of which no two share memory: what is input twice has its second one aside. */
    private final class Several {
        private final Set<Tensor> taken = new HashSet<>();
        private final List<Aside> aside = new ArrayList<>();

        Gradient d(Tensor t) {
            if (taken.add(root(t))) return Tape.this.d(t);
            Tensor apart = allocate(t.shape());
            aside.add(new Aside(t, apart));
            return new Gradient(apart, false);
        }
    }
}
