package dev.prairie.model.checkpoint;

import static dev.prairie.model.checkpoint.DecoderKeys.Trait.*;

import dev.prairie.model.layer.Activation;
import dev.prairie.model.transformer.AttentionForm;
import dev.prairie.model.transformer.EmbeddingForm;
import dev.prairie.model.transformer.FeedForwardForm;
import dev.prairie.model.transformer.FeedForwardForm.Experts;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.NormForm;
import dev.prairie.model.transformer.Positions;
import dev.prairie.model.transformer.RopeScaling;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Routing;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The keys of config.json that Llama and those after it share, and in what a family differs: what a missing key means there
 * ({@code configuration_*.py} in Hugging Face transformers) and what its code does that no key says.
 *
 * @param vocabulary {@code vocab_size} where it is missing, and so on
 * @param keyHeads   0: as many as heads
 * @param headWidth  0: width / heads
 * @param window     {@code sliding_window}; 0: none
 * @param every      every n-th layer is global
 */
record DecoderKeys(
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

    private static final Map<String, Activation> ACTIVATIONS = Map.of(
            "silu", Activation.SILU,
            "swish", Activation.SILU,
            "gelu_pytorch_tanh", Activation.GELU,
            "gelu_new", Activation.GELU,
            "gelu_fast", Activation.GELU,
            "gelu", Activation.GELU_EXACT);

    private static Set<Trait> traits(Trait... traits) {
        var set = EnumSet.noneOf(Trait.class);
        set.addAll(List.of(traits));
        return set;
    }

    /** By {@code model_type}. */
    private static final Map<String, DecoderKeys> ALL = Map.ofEntries(
            Map.entry(
                    "llama",
                    new DecoderKeys(
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
                    new DecoderKeys(
                            32000, 131072, 32, 4096, 32, 8, 0, 14336, 1e-6, 1e4, false, 4096, 0, traits(WINDOW))),
            Map.entry(
                    "mixtral",
                    new DecoderKeys(
                            32000, 131072, 32, 4096, 32, 8, 0, 14336, 1e-5, 1e6, false, 0, 0, traits(WINDOW, MIXTRAL))),
            Map.entry(
                    "qwen2",
                    new DecoderKeys(
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
                    new DecoderKeys(
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
                    new DecoderKeys(
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
                    new DecoderKeys(
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
                    new DecoderKeys(
                            32064, 4096, 32, 3072, 32, 0, 0, 8192, 1e-5, 1e4, false, 0, 0, traits(WINDOW, PARTIAL))),
            Map.entry(
                    "smollm3",
                    new DecoderKeys(
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
                    new DecoderKeys(
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
                    new DecoderKeys(
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
                    new DecoderKeys(
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
    static DecoderKeys of(String modelType) {
        return Objects.requireNonNull(ALL.get(modelType), modelType);
    }

    private boolean is(Trait trait) {
        return traits.contains(trait);
    }

    // ---- reading -----------------------------------------------------------------------------------------------

    TransformerConfig read(ConfigNode node) {
        int c = node.size("hidden_size", width);
        int layerCount = node.size("num_hidden_layers", layers);
        int positions = node.size("max_position_embeddings", context);
        AttentionForm attention = attention(node, c, layerCount);
        return new TransformerConfig(
                node.size("vocab_size", vocabulary),
                positions,
                layerCount,
                c,
                is(GEMMA) ? new EmbeddingForm((float) Math.sqrt(c), 0, false) : EmbeddingForm.PLAIN,
                rope(node, attention.headWidth(), positions, layerCount),
                attention,
                feedForward(node),
                new NormForm(
                        NormForm.Kind.RMS,
                        (float) node.number("rms_norm_eps", epsilon),
                        is(GEMMA_2) ? NormForm.Order.BOTH : NormForm.Order.BEFORE),
                new HeadForm(
                        node.flag("tie_word_embeddings", tied) ? HeadForm.Kind.TIED : HeadForm.Kind.OWN,
                        is(GEMMA_2) ? cap(node, "final_logit_softcapping", is(LOCAL_THETA) ? 0 : 30) : 0,
                        HeadForm.Pooling.NONE));
    }

    private AttentionForm attention(ConfigNode node, int c, int layerCount) {
        int h = node.size("num_attention_heads", heads);
        if (h == 0) throw node.wrong("num_attention_heads", "at least 1");
        int k = node.sizeOr("num_key_value_heads", keyHeads == 0 ? h : keyHeads);
        int d = node.sizeOr("head_dim", headWidth == 0 ? c / h : headWidth);
        boolean all = is(ATTENTION_BIAS) && node.flag("attention_bias", false);
        AttentionForm form = AttentionForm.of(h, k, d)
                .withBiases(all || (is(INPUT_BIASES) && node.flag("qkv_bias", true)), all)
                .withQueryKeyNorm(is(QUERY_KEY_NORM));
        if (is(GEMMA_2))
            form = form.withScores(
                    (float) Math.pow(node.number("query_pre_attn_scalar", 256), -0.5),
                    cap(node, "attn_logit_softcapping", is(LOCAL_THETA) ? 0 : 50));
        return withWindow(form, node, layerCount);
    }

    private AttentionForm withWindow(AttentionForm form, ConfigNode node, int layerCount) {
        int width =
                is(WINDOW) && !node.node().path("sliding_window").isNull() ? node.size("sliding_window", window) : 0;
        if (!is(WINDOW_ON_DEMAND)) node.refuse("use_sliding_window", true);
        if (is(WINDOW_ON_DEMAND) && node.flag("use_sliding_window", false)) {
            width = node.sizeOr("sliding_window", 4096);
            int from = node.sizeOr("max_window_layers", 28);
            if (!node.given("layer_types") && from > 0 && from < layerCount)
                throw node.wrong("max_window_layers", "0, or as many as there are layers: all are local, or none");
            if (!node.given("layer_types") && from > 0) width = 0;
        }
        int global = every;
        boolean mixed = is(LAYER_TYPES) || is(WINDOW_ON_DEMAND);
        if (is(LAYER_TYPES) && node.given("sliding_window_pattern"))
            global = node.size("sliding_window_pattern", every);
        else if (mixed && width > 0 && node.given("layer_types")) {
            global = period(
                    node,
                    "layer_types",
                    node.texts("layer_types").stream()
                            .map("full_attention"::equals)
                            .toList(),
                    layerCount);
            if (global == 1) width = 0;
        }
        return form.withWindow(width, global);
    }

    /** Every how many layers the list says true, the last of each period; 0 if never. */
    private static int period(ConfigNode node, String key, List<Boolean> layers, int layerCount) {
        int every = layers.indexOf(true) + 1;
        for (int l = 0; l < layers.size(); l++)
            if (layers.get(l) != (every > 0 && (l + 1) % every == 0))
                throw node.wrong(key, "one kind of layer, with every n-th of the other kind");
        if (layers.size() != layerCount) throw node.wrong(key, layerCount + " of them, one for each layer");
        return every;
    }

    private static float cap(ConfigNode node, String key, double missing) {
        return node.node().path(key).isNull() ? 0 : (float) node.number(key, missing);
    }

    private Positions rope(ConfigNode node, int d, int positions, int layerCount) {
        double part = node.numberOr("partial_rotary_factor", 1);
        if (!is(PARTIAL) && part != 1) throw node.wrong("partial_rotary_factor", "1");
        int original = node.sizeOr("original_max_position_embeddings", is(PARTIAL) ? 4096 : positions);
        int skip = 0;
        if (is(SKIPS_ROPE)) {
            skip = node.size("no_rope_layer_interval", 4);
            if (node.given("no_rope_layers"))
                skip = period(
                        node,
                        "no_rope_layers",
                        node.several("no_rope_layers").stream()
                                .map(turns -> turns == 0)
                                .toList(),
                        layerCount);
        }
        return new Positions.Rope(
                (int) (d * part + 1e-6), // of a share such as 0.1
                RopeKeys.theta(node, theta),
                RopeKeys.read(node, positions, original),
                is(LOCAL_THETA) ? localTheta(node) : 0,
                skip);
    }

    private static float localTheta(ConfigNode node) {
        ConfigNode local = node.object("rope_parameters").object("sliding_attention");
        return (float)
                (local.given("rope_theta")
                        ? local.number("rope_theta", 10000)
                        : node.number("rope_local_base_freq", 10000));
    }

    private FeedForwardForm feedForward(ConfigNode node) {
        String key = is(GEMMA) ? "hidden_activation" : "hidden_act";
        String missing = is(GEMMA) ? "gelu_pytorch_tanh" : "silu";
        Activation activation = ACTIVATIONS.get(node.given(key) ? node.text(key, missing) : missing);
        if (activation == null)
            throw node.wrong(
                    key, "one of " + ACTIVATIONS.keySet().stream().sorted().toList());
        FeedForwardForm form = FeedForwardForm.swiGlu(node.size("intermediate_size", inner))
                .withActivation(activation)
                .withBiases(is(INNER_BIAS) && node.flag("mlp_bias", false));
        if (is(MIXTRAL))
            return form.withExperts(new Experts(
                    node.size("num_local_experts", 8), node.size("num_experts_per_tok", 2), Routing.CHOSEN, 0));
        if (!is(EXPERTS)) return form;
        if (node.size("decoder_sparse_step", 1) != 1) throw node.wrong("decoder_sparse_step", "1");
        if (!node.several("mlp_only_layers").isEmpty()) throw node.wrong("mlp_only_layers", "none");
        boolean shared = is(SHARED_EXPERT);
        return form.withWidth(node.size("moe_intermediate_size", shared ? 1408 : 768))
                .withExperts(new Experts(
                        node.size("num_experts", shared ? 60 : 128),
                        node.size("num_experts_per_tok", shared ? 4 : 8),
                        node.flag("norm_topk_prob", false) ? Routing.CHOSEN : Routing.SHARE,
                        shared ? node.size("shared_expert_intermediate_size", 5632) : 0));
    }

    // ---- writing -----------------------------------------------------------------------------------------------

    /** What {@link #read} reads back as the same, if the family has this form. */
    Map<String, Object> write(TransformerConfig c) {
        var keys = new LinkedHashMap<String, Object>();
        AttentionForm a = c.attention();
        FeedForwardForm f = c.feedForward();
        keys.put("max_position_embeddings", c.context());
        keys.put("num_hidden_layers", c.layers());
        keys.put("hidden_size", c.width());
        keys.put("num_attention_heads", a.heads());
        keys.put("num_key_value_heads", a.keyHeads());
        keys.put("head_dim", a.headWidth());
        keys.put("intermediate_size", f.width());
        keys.put(
                is(GEMMA) ? "hidden_activation" : "hidden_act",
                switch (f.activation()) {
                    case SILU -> "silu";
                    case GELU -> "gelu_pytorch_tanh";
                    case GELU_EXACT -> "gelu";
                });
        if (is(ATTENTION_BIAS)) keys.put("attention_bias", a.biases());
        if (is(INNER_BIAS)) keys.put("mlp_bias", f.biases()); // where a family there has no such key, it is ours alone
        keys.put("rms_norm_eps", c.norm().epsilon());
        if (c.positions() instanceof Positions.Rope rope) writeRope(keys, rope, c);
        if (is(WINDOW)) keys.put("sliding_window", a.window() == 0 ? null : a.window());
        if (is(WINDOW_ON_DEMAND)) {
            keys.put("use_sliding_window", a.window() > 0);
            keys.put("sliding_window", a.window() == 0 ? null : a.window());
            keys.put("max_window_layers", a.window() == 0 ? c.layers() : 0);
        }
        if (is(LAYER_TYPES)) keys.put("sliding_window_pattern", a.globalEvery());
        if (is(LAYER_TYPES) || (is(WINDOW_ON_DEMAND) && a.window() > 0)) {
            var types = new ArrayList<String>();
            for (int l = 0; l < c.layers(); l++) types.add(a.local(l) ? "sliding_attention" : "full_attention");
            keys.put("layer_types", types);
        }
        if (is(GEMMA_2)) {
            keys.put("query_pre_attn_scalar", 1 / ((double) a.scale() * a.scale()));
            keys.put("attn_logit_softcapping", a.cap() == 0 ? null : a.cap());
            keys.put(
                    "final_logit_softcapping",
                    c.head().cap() == 0 ? null : c.head().cap());
        }
        writeExperts(keys, f);
        return keys;
    }

    private void writeRope(Map<String, Object> keys, Positions.Rope rope, TransformerConfig c) {
        keys.put("rope_theta", rope.theta());
        Map<String, Object> scaling = RopeKeys.write(rope.scaling());
        boolean stretched = !rope.scaling().equals(RopeScaling.NONE);
        if (stretched) keys.put("rope_scaling", scaling);
        if (is(PARTIAL)) {
            keys.put("partial_rotary_factor", (double) rope.width() / c.headWidth());
            Object original = scaling.get("original_max_position_embeddings");
            keys.put("original_max_position_embeddings", original == null ? c.context() : original);
        }
        if (is(LOCAL_THETA)) keys.put("rope_local_base_freq", rope.localTheta());
        if (is(SKIPS_ROPE)) {
            keys.put("no_rope_layer_interval", rope.skipEvery());
            var turns = new ArrayList<Integer>();
            for (int l = 0; l < c.layers(); l++) turns.add(rope.turns(l) ? 1 : 0);
            keys.put("no_rope_layers", turns);
        }
    }

    private void writeExperts(Map<String, Object> keys, FeedForwardForm f) {
        Experts experts = f.experts();
        if (is(MIXTRAL)) keys.put("num_local_experts", experts.count());
        if (is(MIXTRAL) || is(EXPERTS)) keys.put("num_experts_per_tok", experts.active());
        if (!is(EXPERTS)) return;
        keys.put("num_experts", experts.count());
        keys.put("moe_intermediate_size", f.width());
        keys.put("norm_topk_prob", experts.routing() == Routing.CHOSEN);
        if (is(SHARED_EXPERT)) keys.put("shared_expert_intermediate_size", experts.shared());
    }
}
