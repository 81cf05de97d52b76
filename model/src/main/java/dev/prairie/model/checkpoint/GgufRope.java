package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.RopeScaling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How stretched rotary positions are written in a GGUF file: keys and, where each pair has a number of its own, tensors.
 * As in llama.cpp, {@code llama-arch.cpp} and {@code ggml_rope_ext}.
 */
final class GgufRope {
    private static final String TYPE = ".rope.scaling.type";
    private static final String FACTOR = ".rope.scaling.factor";
    private static final String ORIGINAL = ".rope.scaling.original_context_length";
    private static final String MAGNITUDE = ".rope.scaling.attn_factor";
    private static final String FAST = ".rope.scaling.yarn_beta_fast";
    private static final String SLOW = ".rope.scaling.yarn_beta_slow";

    private GgufRope() {}

    /** What the file of architecture {@code name} says, of a model that was made for {@code context} positions. */
    static RopeScaling read(GgufFacts file, String name, int context) {
        GgufMetadata metadata = file.metadata();
        int original = metadata.integer(name + ORIGINAL, context);
        double magnitude = metadata.number(name + MAGNITUDE, 1);
        if (file.has(GgufNames.ROPE_LONG))
            return new RopeScaling.Divisors(
                    list(file.floats(GgufNames.ROPE_SHORT)), list(file.floats(GgufNames.ROPE_LONG)), original, (float)
                            magnitude);
        if (file.has(GgufNames.ROPE_FREQUENCIES)) {
            List<Float> factors = list(file.floats(GgufNames.ROPE_FREQUENCIES));
            return new RopeScaling.Divisors(factors, factors, context, (float) magnitude);
        }
        float factor = (float) metadata.number(name + FACTOR, metadata.number(name + ".rope.scale_linear", 1));
        String type = metadata.text(name + TYPE, factor == 1 ? "none" : "linear");
        return switch (type) {
            case "none", "longrope" -> RopeScaling.NONE;
            case "linear" -> factor == 1 ? RopeScaling.NONE : new RopeScaling.Linear(factor);
            case "yarn" ->
                new RopeScaling.Yarn(
                        factor,
                        original,
                        (float) metadata.number(name + FAST, 32),
                        (float) metadata.number(name + SLOW, 1),
                        (float) (magnitude * RopeScaling.Yarn.magnitude(factor)));
            default -> throw file.wrong(name + TYPE, "none, linear, yarn or longrope");
        };
    }

    private static List<Float> list(float[] numbers) {
        var list = new ArrayList<Float>();
        for (float number : numbers) list.add(number);
        return list;
    }

    /** The keys for it. */
    static Map<String, GgufValue> keys(RopeScaling scaling, String name) {
        var keys = new LinkedHashMap<String, GgufValue>();
        switch (scaling) {
            case RopeScaling.None none -> {}
            case RopeScaling.Linear(float factor) -> {
                keys.put(name + TYPE, GgufValue.of("linear"));
                keys.put(name + FACTOR, GgufValue.of(factor));
            }
            case RopeScaling.Dynamic dynamic ->
                throw new IllegalArgumentException("checkpoint: GGUF has no words for " + dynamic
                        + ", whose angles depend on the context; write safetensors");
            case RopeScaling.Llama3 llama3 -> {} // the tensor says it
            case RopeScaling.Yarn yarn -> {
                keys.put(name + TYPE, GgufValue.of("yarn"));
                keys.put(name + FACTOR, GgufValue.of(yarn.factor()));
                keys.put(name + ORIGINAL, GgufValue.u32(yarn.original()));
                if (yarn.fast() != 32) keys.put(name + FAST, GgufValue.of(yarn.fast()));
                if (yarn.slow() != 1) keys.put(name + SLOW, GgufValue.of(yarn.slow()));
                float more = yarn.magnitude() / RopeScaling.Yarn.magnitude(yarn.factor());
                if (more != 1) keys.put(name + MAGNITUDE, GgufValue.of(more));
            }
            case RopeScaling.Divisors divisors -> {
                keys.put(name + ORIGINAL, GgufValue.u32(divisors.original()));
                keys.put(name + MAGNITUDE, GgufValue.of(divisors.magnitude()));
            }
        }
        return keys;
    }

    /** The tensors for it, by name: what each of {@code width / 2} pairs is divided by. */
    static Map<String, float[]> tensors(RopeScaling scaling, int width, float theta) {
        return switch (scaling) {
            case RopeScaling.Llama3 llama3 -> {
                float[] factors = new float[width / 2];
                for (int i = 0; i < factors.length; i++)
                    factors[i] = (float) llama3.divisor(Math.pow(theta, -2.0 * i / width));
                yield Map.of(GgufNames.ROPE_FREQUENCIES, factors);
            }
            case RopeScaling.Divisors(var shorter, var longer, int original, float magnitude) -> {
                boolean same = shorter.equals(longer) && magnitude == 1;
                yield same
                        ? Map.of(GgufNames.ROPE_FREQUENCIES, array(shorter))
                        : Map.of(GgufNames.ROPE_SHORT, array(shorter), GgufNames.ROPE_LONG, array(longer));
            }
            case RopeScaling.None none -> Map.of();
            case RopeScaling.Linear linear -> Map.of();
            case RopeScaling.Dynamic dynamic -> Map.of();
            case RopeScaling.Yarn yarn -> Map.of();
        };
    }

    private static float[] array(List<Float> numbers) {
        float[] array = new float[numbers.size()];
        for (int i = 0; i < array.length; i++) array[i] = numbers.get(i);
        return array;
    }
}
