package dev.prairie.train.loop;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.autograd.Tape;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.text.batch.Batch;
import java.util.Map;

/** One batch through the model: forward and backward when training, forward alone when validating. */
public final class Pass implements AutoCloseable {
    private final Transformer model;
    private final GradKernels kernels;
    private final Slab slab = new Slab();

    public Pass(Transformer model, GradKernels kernels) {
        this.model = model;
        this.kernels = kernels;
    }

    /**
     * Puts the gradient of this batch's mean loss, where the mean is over {@code predictions} (of all batches that share
     * a step), into {@code trainable}. Returns the sum of this batch's losses in nats.
     *
     * @param add whether {@code trainable} holds the sum of earlier batches of the step; if not, it is written over
     */
    public double train(Batch batch, long predictions, Map<Tensor, Tensor> trainable, boolean add, boolean recompute) {
        slab.reset();
        var tape = new Tape(kernels, slab, trainable, add, recompute);
        Tensor losses = losses(tape, batch);
        tape.backward(losses, 1f / predictions);
        return sum(losses);
    }

    /** The sum of this batch's losses in nats. */
    public double validate(Batch batch) {
        slab.reset();
        return sum(losses(new Ops(kernels, slab), batch));
    }

    private Tensor losses(Ops ops, Batch batch) {
        var tokens = new Tokens(batch.ids(), batch.positions(), batch.starts());
        return ops.crossEntropy(model.forward(ops, tokens, KvCache.NONE), batch.targets());
    }

    private static double sum(Tensor losses) {
        double sum = 0;
        for (float loss : losses.toFloats()) sum += loss;
        return sum;
    }

    /** The most memory that a batch took, in bytes. */
    public long peak() {
        return slab.peak();
    }

    @Override
    public void close() {
        slab.close();
    }
}
