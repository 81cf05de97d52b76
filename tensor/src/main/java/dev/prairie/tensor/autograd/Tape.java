package dev.prairie.tensor.autograd;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.GradKernels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * Ops that remember. {@link #backward} walks the memory in reverse; the whole backward pass of every model is the one
 * switch below, without a default: a new {@link Step} that forgets its gradient does not compile.
 *
 * <p>Gradients of the trainable tensors belong to the caller and are accumulated into, so that several batches may add
 * up before the optimizer moves. Gradients of everything between live in the slab. What leads to nothing trainable is
 * neither remembered nor computed.
 */
public final class Tape extends Ops {
    private final GradKernels kernels;
    private final boolean recompute;
    private final List<Step> steps = new ArrayList<>();

    /** Gradients so far. */
    private final Map<Tensor, Tensor> gradients;

    /** Tensors that lead back to something trainable. */
    private final Set<Tensor> wanted = new HashSet<>();

    /** A view has no gradient of its own: it is a view of its origin's. */
    private final Map<Tensor, Tensor> origin = new HashMap<>();

    /**
     * @param trainable each tensor that shall learn, with the zeroed or partly summed gradient to add to
     * @param recompute whether {@link #block} forgets its insides and runs them again
     */
    public Tape(GradKernels kernels, Slab slab, Map<Tensor, Tensor> trainable, boolean recompute) {
        this(kernels, slab, new HashMap<>(trainable), trainable.keySet(), recompute);
        trainable.forEach((parameter, gradient) -> {
            if (!parameter.shape().equals(gradient.shape()))
                throw new ShapeException("tape", "parameter" + parameter.shape() + " with gradient" + gradient.shape());
        });
    }

    private Tape(GradKernels kernels, Slab slab, Map<Tensor, Tensor> gradients, Set<Tensor> wanted, boolean recompute) {
        super(kernels, slab);
        this.kernels = kernels;
        this.recompute = recompute;
        this.gradients = gradients;
        this.wanted.addAll(wanted);
    }

    @Override
    void record(Step step) {
        for (Tensor input : step.inputs())
            if (wanted.contains(input)) {
                wanted.add(step.out());
                steps.add(step);
                if (step instanceof Step.View(Tensor out, Tensor x)) origin.put(out, x);
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

    /** Adds {@code factor} times the gradient of {@code Σ losses} to every trainable tensor's gradient. */
    public void backward(Tensor losses, float factor) {
        Tensor seed = slab().allocate(DType.F32, losses.shape());
        for (long i = 0; i < losses.shape().size(); i++) seed.set(i, factor);
        backward(losses, seed);
    }

    /** Adds to every trainable tensor's gradient, given the gradient {@code dOut} of {@code out}. */
    public void backward(Tensor out, Tensor dOut) {
        if (!out.shape().equals(dOut.shape()))
            throw new ShapeException("backward", "out" + out.shape() + " and dOut" + dOut.shape() + " differ");
        if (!wanted.contains(out)) return;
        kernels.accumulate(d(out), dOut, 1);
        run();
    }

    private void run() {
        for (Step step : steps.reversed()) {
            // What nothing later used has no gradient, and passes none on.
            if (!(step instanceof Step.View) && !gradients.containsKey(step.out())) continue;
            switch (step) {
                case Step.Embedding(var out, var table, var ids) -> kernels.embeddingBackward(d(table), d(out), ids);
                case Step.RmsNorm(var out, var rstd, var x, var w) ->
                    kernels.rmsNormBackward(d(x), d(w), d(out), x, w, rstd);
                case Step.LayerNorm(var out, var mean, var rstd, var x, var w, var b) ->
                    kernels.layerNormBackward(d(x), d(w), d(b), d(out), x, w, mean, rstd);
                case Step.MatMul(var out, var x, var w, var bias) -> {
                    ifWanted(x, dX -> kernels.matmulBackwardInput(dX, d(out), w));
                    ifWanted(w, dW -> kernels.matmulBackwardWeight(dW, d(out), x));
                    if (bias != null) ifWanted(bias, dBias -> kernels.biasBackward(dBias, d(out)));
                }
                case Step.PackedMatMul(var out, var x, var w, var bias) -> {
                    ifWanted(x, dX -> kernels.matmulBackwardInput(dX, d(out), w));
                    if (bias != null) ifWanted(bias, dBias -> kernels.biasBackward(dBias, d(out)));
                }
                case Step.View view -> {} // shares its gradient with its origin
                case Step.Rope(var out, var x, var positions, var theta) ->
                    kernels.ropeBackward(d(x), d(out), positions, theta);
                case Step.Attention(var out, var lse, var q, var kv, var tokens, var scale) ->
                    kernels.attentionBackward(d(q), d(kv.k()), d(kv.v()), d(out), out, lse, q, kv, tokens, scale);
                case Step.SwiGlu(var out, var gate, var up) -> kernels.swiGluBackward(d(gate), d(up), d(out), gate, up);
                case Step.Gelu(var out, var x) -> kernels.geluBackward(d(x), d(out), x);
                case Step.Add(var out, var a, var b) -> {
                    ifWanted(a, dA -> kernels.accumulate(dA, d(out), 1));
                    ifWanted(b, dB -> kernels.accumulate(dB, d(out), 1));
                }
                case Step.Scale(var out, var x, var factor) -> kernels.accumulate(d(x), d(out), factor);
                case Step.Gather(var out, var x, var rows) -> kernels.gatherBackward(d(x), d(out), rows);
                case Step.Cast(var out, var x) -> kernels.accumulate(d(x), d(out), 1);
                case Step.CrossEntropy(var out, var logits, var targets) ->
                    kernels.crossEntropyBackward(d(logits), d(out), logits, targets);
                case Step.Block(var out, var x, var body) -> again(out, x, body);
            }
        }
    }

    /** Runs a forgotten block once more, remembering, and carries the gradient through it. */
    private void again(Tensor out, Tensor x, BiFunction<Ops, Tensor, Tensor> body) {
        Tensor dOut = d(out);
        d(x); // must outlive the block's own memory
        Slab.Mark mark = slab().mark();
        Tape tape = new Tape(kernels, slab(), gradients, wanted, false);
        tape.wanted.add(x);
        tape.origin.putAll(origin);
        Tensor repeated = body.apply(tape, x);
        tape.backward(repeated, dOut);
        for (Step inner : tape.steps) gradients.remove(inner.out());
        slab().release(mark);
    }

    /** The gradient of {@code t}, zero at first use. Gradients are F32 whatever the type of the tensor. */
    private Tensor d(Tensor t) {
        Tensor known = gradients.get(t);
        if (known != null) return known;
        Tensor from = origin.get(t);
        Tensor gradient = from == null ? zeros(t.shape()) : d(from).view(t.shape());
        gradients.put(t, gradient);
        return gradient;
    }

    private Tensor zeros(Shape shape) {
        return slab().zeros(DType.F32, shape);
    }

    private void ifWanted(Tensor t, Consumer<Tensor> use) {
        if (wanted.contains(t)) use.accept(d(t));
    }
}
