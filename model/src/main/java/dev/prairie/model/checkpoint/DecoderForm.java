package dev.prairie.model.checkpoint;

import static dev.prairie.model.checkpoint.DecoderForm.Trait.*;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * In what a family after Llama differs: what a missing key of config.json means there ({@code configuration_*.py} in Hugging
 * Face transformers), and what its code does that no key says. {@link DecoderKeys} reads and writes the keys.
 *
 * @param vocabulary {@code vocab_size} where it is missing, and so on
 * @param keyHeads   0: as many as heads
 * @param headWidth  0: width / heads
 * @param window     {@code sliding_window}; 0: none
 * @param every      every n-th layer is global
 */
record DecoderForm(
        int vocabulary,
        int context,
        int layers,
        int width,
        int heads,
        int keyHeads,
        int headWidth,
        int inner,
        double epsilon,
        double theta,
        boolean tied,
        int window,
        int every,
        Set<Trait> traits) {
    /** What a family's code does. */
    enum Trait {
        /** {@code attention_bias} puts biases on all four projections of attention. */
        ATTENTION_BIAS,
        /** {@code mlp_bias} puts them on those of the feed-forward part. */
        INNER_BIAS,
        /** Queries, keys and values have biases, the way out has none. */
        INPUT_BIASES,
        QUERY_KEY_NORM,
        /** {@code sliding_window} counts. */
        WINDOW,
        /** {@code sliding_window} counts where {@code use_sliding_window} says so. */
        WINDOW_ON_DEMAND,
        /** Some layers are local: {@code layer_types}. */
        LAYER_TYPES,
        /** Local layers turn by {@code rope_local_base_freq}. */
        LOCAL_THETA,
        /** Turns the first part of a head: {@code partial_rotary_factor}. */
        PARTIAL,
        /** Some layers turn nothing: {@code no_rope_layers}. */
        SKIPS_ROPE,
        /** Token rows times √C, GELU, scores by {@code query_pre_attn_scalar}. */
        GEMMA,
        /** Norms before and behind each part, and caps. */
        GEMMA_2,
        /** {@code num_local_experts}, weighed among themselves. */
        MIXTRAL,
        /** {@code num_experts} of {@code moe_intermediate_size}. */
        EXPERTS,
        /** {@code shared_expert_intermediate_size}. */
        SHARED_EXPERT
    }

    private static Set<Trait> traits(Trait... traits) {
        var set = EnumSet.noneOf(Trait.class);
        set.addAll(List.of(traits));
        return set;
    }

    /** By {@code model_type}. */
    private static final Map<String, DecoderForm> ALL = Map.ofEntries(
            Map.entry(
                    "llama",
                    new DecoderForm(
                            32000,
                            2048,
                            32,
                            4096,
                            32,
                            0,
                            0,
                            11008,
                            1e-6,
                            1e4,
                            false,
                            0,
                            0,
                            traits(ATTENTION_BIAS, INNER_BIAS))),
            Map.entry(
                    "mistral",
                    new DecoderForm(
                            32000, 131072, 32, 4096, 32, 8, 0, 14336, 1e-6, 1e4, false, 4096, 0, traits(WINDOW))),
            Map.entry(
                    "mixtral",
                    new DecoderForm(
                            32000, 131072, 32, 4096, 32, 8, 0, 14336, 1e-5, 1e6, false, 0, 0, traits(WINDOW, MIXTRAL))),
            Map.entry(
                    "qwen2",
                    new DecoderForm(
                            151936,
                            32768,
                            32,
                            4096,
                            32,
                            32,
                            0,
                            22016,
                            1e-6,
                            1e4,
                            false,
                            0,
                            0,
                            traits(INPUT_BIASES, WINDOW_ON_DEMAND))),
            Map.entry(
                    "qwen3",
                    new DecoderForm(
                            151936,
                            32768,
                            32,
                            4096,
                            32,
                            32,
                            128,
                            22016,
                            1e-6,
                            1e4,
                            false,
                            0,
                            0,
                            traits(ATTENTION_BIAS, INNER_BIAS, QUERY_KEY_NORM, WINDOW_ON_DEMAND))),
            Map.entry(
                    "qwen2_moe",
                    new DecoderForm(
                            151936,
                            32768,
                            24,
                            2048,
                            16,
                            16,
                            0,
                            5632,
                            1e-6,
                            1e4,
                            false,
                            0,
                            0,
                            traits(INPUT_BIASES, WINDOW_ON_DEMAND, EXPERTS, SHARED_EXPERT))),
            Map.entry(
                    "qwen3_moe",
                    new DecoderForm(
                            151936,
                            32768,
                            24,
                            2048,
                            32,
                            4,
                            0,
                            6144,
                            1e-6,
                            1e4,
                            false,
                            0,
                            0,
                            traits(ATTENTION_BIAS, QUERY_KEY_NORM, WINDOW_ON_DEMAND, EXPERTS))),
            Map.entry(
                    "phi3",
                    new DecoderForm(
                            32064, 4096, 32, 3072, 32, 0, 0, 8192, 1e-5, 1e4, false, 0, 0, traits(WINDOW, PARTIAL))),
            Map.entry(
                    "smollm3",
                    new DecoderForm(
                            128256,
                            32768,
                            36,
                            2048,
                            16,
                            4,
                            0,
                            11008,
                            1e-6,
                            2e6,
                            true,
                            0,
                            0,
                            traits(ATTENTION_BIAS, INNER_BIAS, WINDOW_ON_DEMAND, SKIPS_ROPE))),
            Map.entry(
                    "gemma",
                    new DecoderForm(
                            256000,
                            8192,
                            28,
                            3072,
                            16,
                            16,
                            256,
                            24576,
                            1e-6,
                            1e4,
                            true,
                            0,
                            0,
                            traits(ATTENTION_BIAS, GEMMA))),
            Map.entry(
                    "gemma2",
                    new DecoderForm(
                            256000,
                            8192,
                            26,
                            2304,
                            8,
                            4,
                            256,
                            9216,
                            1e-6,
                            1e4,
                            true,
                            4096,
                            2,
                            traits(ATTENTION_BIAS, WINDOW, LAYER_TYPES, GEMMA, GEMMA_2))),
            Map.entry(
                    "gemma3_text",
                    new DecoderForm(
                            262208,
                            131072,
                            26,
                            2304,
                            8,
                            4,
                            256,
                            9216,
                            1e-6,
                            1e6,
                            true,
                            4096,
                            6,
                            traits(ATTENTION_BIAS, QUERY_KEY_NORM, WINDOW, LAYER_TYPES, LOCAL_THETA, GEMMA, GEMMA_2))));

    /** Those of the family with this {@code model_type}. */
    static DecoderForm of(String modelType) {
        return Objects.requireNonNull(ALL.get(modelType), modelType);
    }

    boolean is(Trait trait) {
        return traits.contains(trait);
    }
}
