package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.RopeScaling;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How stretched rotary positions are written in config.json: the object {@code rope_scaling}, or {@code rope_parameters} in
 * newer files. Keys and defaults as in Hugging Face transformers, {@code modeling_rope_utils.py}.
 */
final class RopeKeys {
    private RopeKeys() {}

    /** {@code rope_theta}, wherever it stands. */
    static float theta(ConfigNode config, double missing) {
        ConfigNode newer = parameters(config);
        return (float) (newer.given("rope_theta") ? newer : config).number("rope_theta", missing);
    }

    /** {@code rope_parameters}; of a model with local layers what it says of the others. */
    private static ConfigNode parameters(ConfigNode config) {
        ConfigNode all = config.object("rope_parameters");
        return all.given("full_attention") ? all.object("full_attention") : all;
    }

    /**
     * What the file says.
     *
     * @param context  {@code max_position_embeddings}
     * @param original the context before, where the file does not say
     */
    static RopeScaling read(ConfigNode config, int context, int original) {
        ConfigNode older = config.object("rope_scaling");
        ConfigNode s = config.given("rope_scaling") ? older : parameters(config);
        String type = s.text("rope_type", s.text("type", "default"));
        int before = s.sizeOr("original_max_position_embeddings", original);
        return switch (type) {
            case "default" -> RopeScaling.NONE;
            case "linear" -> new RopeScaling.Linear(factor(s));
            case "dynamic" -> new RopeScaling.Dynamic(factor(s), before);
            case "llama3" ->
                new RopeScaling.Llama3(factor(s), needed(s, "low_freq_factor"), needed(s, "high_freq_factor"), before);
            case "yarn" -> yarn(s, context, before);
            case "longrope", "su" -> divisors(s, context, before);
            default -> throw s.wrong("rope_type", "default, linear, dynamic, llama3, yarn or longrope");
        };
    }

    private static float factor(ConfigNode s) {
        return needed(s, "factor");
    }

    private static float needed(ConfigNode s, String key) {
        if (!s.given(key)) throw s.wrong(key, "a number");
        return (float) s.number(key, 1);
    }

    private static RopeScaling yarn(ConfigNode s, int context, int original) {
        s.refuse("truncate", false);
        float factor = (float) s.numberOr("factor", (double) context / original);
        double magnitude = RopeScaling.Yarn.magnitude(factor);
        if (s.given("mscale") && s.given("mscale_all_dim"))
            magnitude = scaled(factor, s.number("mscale", 1)) / scaled(factor, s.number("mscale_all_dim", 1));
        return new RopeScaling.Yarn(
                factor, original, (float) s.numberOr("beta_fast", 32), (float) s.numberOr("beta_slow", 1), (float)
                        s.numberOr("attention_factor", magnitude));
    }

    private static double scaled(double factor, double by) {
        return factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1;
    }

    private static RopeScaling divisors(ConfigNode s, int context, int original) {
        double longer = s.numberOr("factor", (double) context / original);
        double magnitude = s.numberOr("attention_factor", RopeScaling.Divisors.magnitude(longer, original));
        return new RopeScaling.Divisors(s.floats("short_factor"), s.floats("long_factor"), original, (float) magnitude);
    }

    /** The object that {@link #read} reads back as the same. */
    static Map<String, Object> write(RopeScaling scaling) {
        var keys = new LinkedHashMap<String, Object>();
        switch (scaling) {
            case RopeScaling.None none -> keys.put("rope_type", "default");
            case RopeScaling.Linear(float factor) -> {
                keys.put("rope_type", "linear");
                keys.put("factor", factor);
            }
            case RopeScaling.Dynamic(float factor, int original) -> {
                keys.put("rope_type", "dynamic");
                keys.put("factor", factor);
                keys.put("original_max_position_embeddings", original);
            }
            case RopeScaling.Llama3(float factor, float low, float high, int original) -> {
                keys.put("rope_type", "llama3");
                keys.put("factor", factor);
                keys.put("low_freq_factor", low);
                keys.put("high_freq_factor", high);
                keys.put("original_max_position_embeddings", original);
            }
            case RopeScaling.Yarn(float factor, int original, float fast, float slow, float magnitude) -> {
                keys.put("rope_type", "yarn");
                keys.put("factor", factor);
                keys.put("original_max_position_embeddings", original);
                keys.put("beta_fast", fast);
                keys.put("beta_slow", slow);
                keys.put("attention_factor", magnitude);
            }
            case RopeScaling.Divisors(var shorter, var longer, int original, float magnitude) -> {
                keys.put("rope_type", "longrope");
                keys.put("short_factor", shorter);
                keys.put("long_factor", longer);
                keys.put("original_max_position_embeddings", original);
                keys.put("attention_factor", magnitude);
            }
        }
        return keys;
    }
}
