package dev.prairie.app;

import dev.prairie.model.checkpoint.GgufModel;
import dev.prairie.model.quantize.WeightMix;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** What the weights of a model are stored as, as a person types it: a mix of {@link WeightMix}, or one type for all. */
final class WeightTypes {
    private WeightTypes() {}

    static RandomModel.Types named(String name, TransformerConfig config) {
        String upper = name.toUpperCase(Locale.ROOT);
        for (WeightMix mix : WeightMix.values()) if (mix.name().equals(upper)) return mixed(mix, config);
        for (DType type : DType.values()) if (type.name().equals(upper) && type != DType.I32) return (n, s) -> type;
        throw new UserException("--type is " + name + "; give one of " + Arrays.toString(WeightMix.values())
                + ", or another type of GGUF");
    }

    private static RandomModel.Types mixed(WeightMix mix, TransformerConfig config) {
        Map<String, String> names = GgufModel.names(config);
        var shapes = new LinkedHashMap<String, Shape>();
        config.parameterShapes().forEach((name, shape) -> shapes.put(names.getOrDefault(name, name), shape));
        Map<String, DType> types = mix.types(shapes);
        return (name, shape) -> Objects.requireNonNull(types.get(names.get(name)));
    }
}
