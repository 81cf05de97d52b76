package dev.prairie.train.optimizer;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.Bundle;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.GradKernels.AdamW;
import dev.prairie.tensor.device.GradKernels.Parameter;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW with decoupled decay on matrices and none on norms and biases, after clipping the gradient by its norm over all
 * parameters. Owns the gradients and both moments, each one stretch of memory.
 */
public final class Optimizer {
    /**
     * The numbers that stay the same over a run.
     *
     * @param beta1       decay of the first moment
     * @param beta2       decay of the second moment
     * @param epsilon     added to the root of the second moment
     * @param weightDecay of matrices
     * @param clip        largest norm of the gradient over all parameters; 0 does not clip
     */
    public record Config(float beta1, float beta2, float epsilon, float weightDecay, float clip) {
        public Config {
            if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1))
                throw new IllegalArgumentException(
                        "optimizer: beta1 " + beta1 + " and beta2 " + beta2 + " must be from 0 to below 1");
            if (!(epsilon > 0))
                throw new IllegalArgumentException("optimizer: epsilon " + epsilon + " must be above 0");
            if (!(weightDecay >= 0) || !(clip >= 0))
                throw new IllegalArgumentException(
                        "optimizer: weightDecay " + weightDecay + " and clip " + clip + " must not be negative");
        }
    }

    private final Config config;
    private final List<Parameter> parameters = new ArrayList<>();
    private final Bundle gradients;
    private final Bundle first;
    private final Bundle second;
    private final Map<Tensor, Tensor> trainable = new HashMap<>();

    /** For these parameters; memory lives as long as {@code arena}. */
    public Optimizer(Config config, Map<String, Tensor> parameters, Arena arena) {
        this.config = config;
        var shapes = new LinkedHashMap<String, Shape>();
        parameters.forEach((name, t) -> shapes.put(name, t.shape()));
        gradients = Bundle.zeros(arena, shapes);
        first = Bundle.zeros(arena, shapes);
        second = Bundle.zeros(arena, shapes);
        parameters.forEach((name, t) -> {
            float decay = Transformer.decays(t) ? config.weightDecay : 0;
            this.parameters.add(new Parameter(t, gradients.get(name), first.get(name), second.get(name), decay));
            trainable.put(t, gradients.get(name));
        });
    }

    /** Each parameter with its gradient: what a Tape takes. */
    public Map<Tensor, Tensor> trainable() {
        return trainable;
    }

    /** First moments by parameter name. */
    public Map<String, Tensor> firstMoments() {
        return first.tensors();
    }

    /** Second moments by parameter name. */
    public Map<String, Tensor> secondMoments() {
        return second.tensors();
    }

    /**
     * Moves the parameters by the gradients collected. The next step's first batch writes over the gradients.
     *
     * @param step counted from 1
     * @return the norm of the gradient before clipping; where it is not finite nothing has moved
     */
    public double step(GradKernels kernels, int step, float learningRate) {
        double norm = Math.sqrt(kernels.squaredNorm(gradients.all()));
        if (Double.isFinite(norm)) {
            float scale = config.clip > 0 && norm > config.clip ? (float) (config.clip / norm) : 1;
            kernels.adamW(parameters, new AdamW(learningRate, config.beta1, config.beta2, config.epsilon, step, scale));
        }
        return norm;
    }
}
