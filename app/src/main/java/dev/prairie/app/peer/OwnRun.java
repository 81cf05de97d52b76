package dev.prairie.app.peer;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.text.batch.Batch;
import dev.prairie.train.loop.Pass;
import dev.prairie.train.optimizer.Optimizer;
import java.lang.foreign.Arena;

/** Our side of a comparison; moves the weights of the model that it is given. */
public final class OwnRun implements Run {
    /** The peers have the same numbers built in. */
    private static final Optimizer.Config ADAM = new Optimizer.Config(0.9f, 0.95f, 1e-8f, 0.1f, 1);

    private final Arena arena = Arena.ofShared();
    private final String name;
    private final GradKernels kernels;
    private final Optimizer optimizer;
    private final Pass pass;
    private int steps;

    /** Products in {@code precision}, F32 or BF16. */
    public OwnRun(Transformer model, Device device, DType precision) {
        name = device.name() + " " + precision;
        kernels = device.gradKernels(precision);
        optimizer = new Optimizer(ADAM, model.parameters(), arena);
        pass = new Pass(model, kernels);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Step step(Batch batch, float rate) {
        long began = System.nanoTime();
        double loss = pass.train(batch, batch.tokens(), optimizer.trainable(), false, false) / batch.tokens();
        optimizer.step(kernels, ++steps, rate);
        return new Step(loss, (System.nanoTime() - began) / 1e9);
    }

    @Override
    public void close() {
        pass.close();
        arena.close();
    }
}
