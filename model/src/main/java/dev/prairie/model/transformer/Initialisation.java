package dev.prairie.model.transformer;

import dev.prairie.tensor.Buffer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
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
        Map<String, Tensor> parameters = flat(config.parameterShapes(), arena);
        var random = new Random(seed); // its sequence is fixed by specification
        parameters.forEach((name, t) -> {
            boolean residual = name.endsWith("attention.out.weight") || name.endsWith("feedforward.down.weight");
            double deviation = residual ? DEVIATION / Math.sqrt(2.0 * config.layers()) : DEVIATION;
            boolean norm = name.endsWith("norm.weight");
            boolean bias = name.endsWith(".bias");
            for (long i = 0; i < t.shape().size(); i++)
                t.set(i, bias ? 0 : norm ? 1 : (float) (deviation * random.nextGaussian()));
        });
        return parameters;
    }

    /** Zeroed F32 tensors one after the other in one buffer, each on a cache line. */
    static Map<String, Tensor> flat(Map<String, Shape> shapes, Arena arena) {
        long total = 0;
        for (Shape s : shapes.values()) total = Math.addExact(total, padded(s));
        Buffer all = Buffer.allocate(arena, total);
        var tensors = new LinkedHashMap<String, Tensor>();
        long offset = 0;
        for (var e : shapes.entrySet()) {
            Buffer own = all.slice(offset, DType.F32.bytes(e.getValue().size()));
            tensors.put(e.getKey(), Tensor.over(own, DType.F32, e.getValue()));
            offset += padded(e.getValue());
        }
        return tensors;
    }

    private static long padded(Shape s) {
        return Math.ceilDiv(DType.F32.bytes(s.size()), Buffer.ALIGNMENT) * Buffer.ALIGNMENT;
    }
}
