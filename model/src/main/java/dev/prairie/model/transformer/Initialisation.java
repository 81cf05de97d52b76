package dev.prairie.model.transformer;

import dev.prairie.tensor.Bundle;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Random;

/**
 * Where training starts (Radford et al. 2019): weights from a normal distribution of deviation 0.02, those that write
 * into the residual stream divided by √(2 L) so that its variance does not grow with depth, norms 1, biases 0.
 */
final class Initialisation {
    private static final double DEVIATION = 0.02;

    private Initialisation() {}

    static Map<String, Tensor> parameters(TransformerConfig config, Arena arena, long seed) {
        Map<String, Tensor> parameters =
                Bundle.zeros(arena, config.parameterShapes()).tensors();
        var random = new Random(seed); // its sequence is fixed by specification
        parameters.forEach((name, t) -> {
            boolean residual = name.endsWith("attention.out.weight") || name.endsWith(".down.weight");
            double deviation = residual ? DEVIATION / Math.sqrt(2.0 * config.layers()) : DEVIATION;
            boolean norm = name.endsWith("norm.weight");
            boolean bias = name.endsWith(".bias");
            for (long i = 0; i < t.shape().size(); i++)
                t.set(i, bias ? 0 : norm ? 1 : (float) (deviation * random.nextGaussian()));
        });
        return parameters;
    }
}
