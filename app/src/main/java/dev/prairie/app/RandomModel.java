package dev.prairie.app;

import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;

/**
 * A model with the shape of a well-known one and weights that mean nothing, so that its speed can be measured, and compared
 * with that of others, without a download. A pool of random weights is quantised once; tensors are stretches of it, since
 * no kernel is faster for a weight that it has seen before.
 */
final class RandomModel {
    private static final int POOL = 1 << 20;
    private static final float DEVIATION = 0.02f;

    private static final Map<String, TransformerConfig> SHAPES = Map.of(
            "llama-1b", TransformerConfig.llama(128256, 8192, 16, 2048, 32, 8, 8192, true), // Llama 3.2 1B
            "llama-300m", TransformerConfig.llama(32000, 4096, 12, 1024, 16, 4, 4096, true),
            "llama-15m", TransformerConfig.llama(32000, 1024, 6, 288, 6, 6, 768, true)); // llama2.c's stories15M

    private final Random random;
    private final Kernels kernels;
    private final Arena arena;
    private final Map<DType, Tensor> pools = new EnumMap<>(DType.class);

    private RandomModel(long seed, Kernels kernels, Arena arena) {
        this.random = new Random(seed);
        this.kernels = kernels;
        this.arena = arena;
    }

    /** The shape of that name. */
    static TransformerConfig shape(String name) {
        TransformerConfig config = SHAPES.get(name);
        if (config == null)
            throw new UserException("--shape is " + name + "; give one of "
                    + String.join(", ", SHAPES.keySet().stream().sorted().toList()));
        return config;
    }

    /** What each weight of a model is stored as. */
    interface Types {
        DType of(String name, Shape shape);
    }

    /** The weights, in {@code arena}; the same seed gives the same ones. */
    static Checkpoint make(TransformerConfig config, Types types, Kernels kernels, long seed, Arena arena) {
        var maker = new RandomModel(seed, kernels, arena);
        var parameters = new LinkedHashMap<String, Tensor>();
        config.parameterShapes()
                .forEach((name, shape) -> parameters.put(
                        name, shape.rank() == 1 ? maker.ones(shape) : maker.weights(types.of(name, shape), shape)));
        return new Checkpoint(config, parameters, OptionalInt.empty(), List.of());
    }

    private Tensor ones(Shape shape) {
        Tensor ones = Tensor.zeros(arena, shape);
        for (int i = 0; i < shape.size(); i++) ones.set(i, 1);
        return ones;
    }

    private Tensor weights(DType type, Shape shape) {
        MemorySegment pool = pools.computeIfAbsent(type, this::pool).segment();
        Tensor t = Tensor.zeros(arena, type, shape);
        long size = t.segment().byteSize();
        for (long at = 0; at < size; ) {
            long from = type.bytes((long) random.nextInt(POOL / 2 / type.block()) * type.block());
            long count = Math.min(size - at, pool.byteSize() - from);
            MemorySegment.copy(pool, from, t.segment(), at, count);
            at += count;
        }
        return t;
    }

    private Tensor pool(DType type) {
        Tensor numbers = Tensor.zeros(arena, Shape.of(POOL / 4096, 4096));
        for (int i = 0; i < POOL; i++) numbers.set(i, (float) (DEVIATION * random.nextGaussian()));
        if (type == DType.F32) return numbers;
        Tensor pool = Tensor.zeros(arena, type, numbers.shape());
        kernels.cast(pool, numbers);
        return pool;
    }
}
