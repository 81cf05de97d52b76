package dev.prairie.peers;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A model in GPT-2 form with its optimizer: what libtorch trains. */
final class Model {
    /** What is rounded to BF16. */
    enum Precision {
        /** Nothing. */
        F32,
        /** Everything: weights, activations, gradients and the optimizer's moments. */
        BF16,
        /** Weights' copies, activations and gradients; F32 are the loss, the weights that the optimizer moves, its moments. */
        BF16_MASTERS
    }

    /**
     * What a step came to.
     *
     * @param loss    mean over the tokens in nats, before the step
     * @param seconds that forward, backward and optimizer took
     */
    record Step(float loss, double seconds) {}

    private final Script script;
    private final Precision precision;
    private final int heads;
    private final IValue computed; // what forward and backward see
    private final IValue masters; // what the optimizer moves; the same list where there is one precision
    private final IValue first;
    private final IValue second;
    private final IValue steps;

    /** Over {@code weights} in F32, in the order of the forward pass; they are this model's from here on. */
    Model(Script script, Precision precision, int heads, List<Tensor> weights) {
        this.script = script;
        this.precision = precision;
        this.heads = heads;
        boolean half = precision != Precision.F32;
        List<Tensor> seen = new ArrayList<>();
        for (Tensor w : weights) {
            Tensor own = half ? w.to(ScalarType.BFloat16) : w;
            seen.add(own.detach().requires_grad_(true));
        }
        List<Tensor> moved = precision == Precision.BF16_MASTERS ? weights : seen;
        computed = script.list(seen);
        masters = precision == Precision.BF16_MASTERS ? script.list(weights) : computed;
        first = script.list(zerosLike(moved));
        second = script.list(zerosLike(moved));
        steps = script.list(moved.stream().map(t -> torch.zeros(new long[0])).toList());
    }

    private static List<Tensor> zerosLike(List<Tensor> tensors) {
        return tensors.stream().map(t -> torch.zeros_like(t.detach())).toList();
    }

    /** One step on {@code rows} rows; ids and targets one row after the other. */
    Step step(int rows, int[] ids, int[] targets, double rate) {
        boolean apart = precision == Precision.BF16_MASTERS;
        try (var _ = new PointerScope()) {
            Tensor input = longs(ids, rows, ids.length / rows);
            Tensor expected = longs(targets, targets.length);
            long began = System.nanoTime();
            IValue loss = script.call(
                    "forward",
                    computed,
                    new IValue(input),
                    new IValue(expected),
                    new IValue((long) heads),
                    new IValue(apart));
            IValue gradients = script.call("gradients", loss, computed, new IValue(apart));
            try (var _ = new NoGradGuard()) {
                script.call("update", masters, gradients, first, second, steps, new IValue(rate));
                if (apart) script.call("copy", computed, masters);
            }
            float value = loss.toTensor().item_float();
            return new Step(value, (System.nanoTime() - began) / 1e9);
        }
    }

    private static Tensor longs(int[] values, long... shape) {
        long[] wide = new long[values.length];
        for (int i = 0; i < wide.length; i++) wide[i] = values[i];
        return torch.from_blob(new LongPointer(wide), shape, new TensorOptions(ScalarType.Long));
    }
}
