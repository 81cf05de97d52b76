package dev.prairie.model.families;

import dev.prairie.model.families.PlainModel.Weight;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A tiny random model of each family as its maker would have written it: config.json, and tensors by the names and in the
 * shapes of Hugging Face transformers.
 *
 * @param name    of the case
 * @param json    its config.json
 */
record TinyFamily(String name, String json) {
    private static final String COMMON = "\"vocab_size\": 31, \"hidden_size\": 24, \"num_hidden_layers\": 3, "
            + "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"intermediate_size\": 20, "
            + "\"max_position_embeddings\": 32, \"rms_norm_eps\": 1e-05, \"eos_token_id\": 2, ";

    private static final Map<String, String> ALL = all();

    private static Map<String, String> all() {
        var all = new LinkedHashMap<String, String>();
        all.put("llama", "llama: \"rope_theta\": 500.0");
        all.put("llama tied with biases", "llama: \"attention_bias\": true, \"tie_word_embeddings\": true");
        all.put(
                "llama linear",
                "llama: \"head_dim\": 8, \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4.0}");
        all.put(
                "llama 3.1",
                "llama: \"head_dim\": 16, \"rope_theta\": 500000.0, \"rope_scaling\": {\"rope_type\": \"llama3\","
                        + " \"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0,"
                        + " \"original_max_position_embeddings\": 8192}");
        all.put("llama dynamic", "llama: \"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 2.0}");
        all.put("mistral", "mistral: \"head_dim\": 8, \"sliding_window\": 5, \"rope_theta\": 1000.0");
        all.put("mistral without window", "mistral: \"sliding_window\": null");
        all.put("mixtral", "mixtral: \"rope_theta\": 300.0, \"num_local_experts\": 5, \"num_experts_per_tok\": 2");
        all.put("qwen2", "qwen2: \"use_sliding_window\": false, \"sliding_window\": 3, \"tie_word_embeddings\": true");
        all.put(
                "qwen2 yarn",
                "qwen2: \"head_dim\": 16, \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0,"
                        + " \"original_max_position_embeddings\": 64}");
        all.put(
                "qwen2 with window",
                "qwen2: \"use_sliding_window\": true, \"sliding_window\": 4, \"max_window_layers\": 0");
        all.put("qwen3", "qwen3: \"head_dim\": 10, \"rope_theta\": 1000000, \"tie_word_embeddings\": true");
        all.put(
                "qwen2_moe",
                "qwen2_moe: \"num_experts\": 6, \"num_experts_per_tok\": 3, \"moe_intermediate_size\": 9,"
                        + " \"shared_expert_intermediate_size\": 14, \"norm_topk_prob\": false");
        all.put(
                "qwen3_moe",
                "qwen3_moe: \"head_dim\": 8, \"num_experts\": 6, \"num_experts_per_tok\": 2,"
                        + " \"moe_intermediate_size\": 9, \"norm_topk_prob\": true");
        all.put("phi3", "phi3: \"sliding_window\": 6, \"original_max_position_embeddings\": 32");
        all.put(
                "phi3 longrope",
                "phi3: \"head_dim\": 8, \"partial_rotary_factor\": 0.75, \"sliding_window\": null,"
                        + " \"original_max_position_embeddings\": 8, \"rope_scaling\": {\"rope_type\": \"longrope\","
                        + " \"short_factor\": [1.0, 1.1, 1.3], \"long_factor\": [1.5, 2.0, 4.5]}");
        all.put(
                "smollm3",
                "smollm3: \"rope_theta\": 2000.0, \"no_rope_layer_interval\": 4, \"num_hidden_layers\": 5,"
                        + " \"no_rope_layers\": [1, 1, 1, 0, 1], \"tie_word_embeddings\": true");
        all.put("gemma", "gemma: \"head_dim\": 8, \"hidden_act\": \"gelu\"");
        all.put(
                "gemma2",
                "gemma2: \"head_dim\": 8, \"query_pre_attn_scalar\": 8, \"sliding_window\": 4,"
                        + " \"attn_logit_softcapping\": 1.5, \"final_logit_softcapping\": 3.0");
        all.put(
                "gemma3_text",
                "gemma3_text: \"head_dim\": 8, \"query_pre_attn_scalar\": 8, \"sliding_window\": 4,"
                        + " \"sliding_window_pattern\": 6, \"num_hidden_layers\": 7, \"rope_theta\": 5000.0,"
                        + " \"rope_local_base_freq\": 100.0,"
                        + " \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 8.0}");
        all.replaceAll((name, text) -> {
            int colon = text.indexOf(':');
            String type = text.substring(0, colon);
            String own = text.substring(colon + 1);
            String common = COMMON;
            for (String key : new String[] {"num_hidden_layers"}) // said once
            if (own.contains(key)) common = common.replaceAll("\"" + key + "\": \\d+, ", "");
            return "{\"model_type\": \"" + type + "\", " + common + own + "}";
        });
        all.put(
                "gpt2",
                "{\"model_type\": \"gpt2\", \"vocab_size\": 31, \"n_embd\": 24, \"n_layer\": 3, \"n_head\": 4,"
                        + " \"n_positions\": 32, \"activation_function\": \"gelu_new\", \"layer_norm_epsilon\": 1e-05}");
        all.put(
                "bert",
                "{\"model_type\": \"bert\", \"vocab_size\": 31, \"hidden_size\": 24, \"num_hidden_layers\": 3,"
                        + " \"num_attention_heads\": 4, \"intermediate_size\": 20, \"max_position_embeddings\": 32,"
                        + " \"type_vocab_size\": 2, \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-12}");
        return all;
    }

    /** The names of all cases. */
    static Iterable<String> names() {
        return ALL.keySet();
    }

    static TinyFamily named(String name) {
        return new TinyFamily(name, ALL.getOrDefault(name, ""));
    }

    JsonNode config() {
        return new JsonMapper().readTree(json);
    }

    // ---- tensors -----------------------------------------------------------------------------------------------

    /** Random weights, large enough that attention and activations leave their linear range. */
    Map<String, Weight> weights(long seed) {
        var random = new Random(seed);
        var weights = new LinkedHashMap<String, Weight>();
        shapes().forEach((name, shape) -> {
            int size = shape.length == 1 ? shape[0] : shape[0] * shape[1];
            float[] values = new float[size];
            boolean norm = name.matches(".*(norm|LayerNorm|ln_.|ln_f)\\.weight");
            for (int i = 0; i < size; i++)
                values[i] =
                        (float) (random.nextGaussian() * (norm || shape.length == 1 ? 0.3 : 0.35) + (norm ? 0.9 : 0));
            weights.put(name, new Weight(shape, values));
        });
        return weights;
    }

    private Map<String, int[]> shapes() {
        var shapes = new LinkedHashMap<String, int[]>();
        JsonNode c = config();
        String type = c.path("model_type").stringValue();
        if (type.equals("gpt2")) gpt2(shapes, c);
        else if (type.equals("bert")) bert(shapes, c);
        else decoder(shapes, c, type);
        return shapes;
    }

    private static void gpt2(Map<String, int[]> shapes, JsonNode c) {
        int width = c.path("n_embd").intValue();
        shapes.put("transformer.wte.weight", new int[] {c.path("vocab_size").intValue(), width});
        shapes.put("transformer.wpe.weight", new int[] {c.path("n_positions").intValue(), width});
        for (int l = 0; l < c.path("n_layer").intValue(); l++) {
            String h = "transformer.h." + l + ".";
            both(shapes, h + "ln_1", width);
            both(shapes, h + "attn.c_attn", width, 3 * width);
            shapes.put(h + "attn.c_attn.bias", new int[] {3 * width});
            both(shapes, h + "attn.c_proj", width, width);
            both(shapes, h + "ln_2", width);
            both(shapes, h + "mlp.c_fc", width, 4 * width);
            shapes.put(h + "mlp.c_fc.bias", new int[] {4 * width});
            both(shapes, h + "mlp.c_proj", 4 * width, width);
            shapes.put(h + "mlp.c_proj.bias", new int[] {width});
        }
        both(shapes, "transformer.ln_f", width);
    }

    private static void bert(Map<String, int[]> shapes, JsonNode c) {
        int width = c.path("hidden_size").intValue();
        int inner = c.path("intermediate_size").intValue();
        shapes.put(
                "embeddings.word_embeddings.weight",
                new int[] {c.path("vocab_size").intValue(), width});
        shapes.put(
                "embeddings.position_embeddings.weight",
                new int[] {c.path("max_position_embeddings").intValue(), width});
        shapes.put("embeddings.token_type_embeddings.weight", new int[] {2, width});
        both(shapes, "embeddings.LayerNorm", width);
        for (int l = 0; l < c.path("num_hidden_layers").intValue(); l++) {
            String h = "encoder.layer." + l + ".";
            for (String part : new String[] {"query", "key", "value"})
                both(shapes, h + "attention.self." + part, width, width);
            both(shapes, h + "attention.output.dense", width, width);
            both(shapes, h + "attention.output.LayerNorm", width);
            both(shapes, h + "intermediate.dense", inner, width);
            both(shapes, h + "output.dense", width, inner);
            both(shapes, h + "output.LayerNorm", width);
        }
        both(shapes, "pooler.dense", width, width);
    }

    private static void decoder(Map<String, int[]> shapes, JsonNode c, String type) {
        int width = c.path("hidden_size").intValue();
        int heads = c.path("num_attention_heads").intValue();
        int d = c.path("head_dim").asInt(width / heads);
        int queries = heads * d;
        int keys = c.path("num_key_value_heads").intValue() * d;
        boolean all = c.path("attention_bias").asBoolean(false);
        boolean inputs = all || type.startsWith("qwen2");
        int[] norm = {width};
        shapes.put("model.embed_tokens.weight", new int[] {c.path("vocab_size").intValue(), width});
        for (int l = 0; l < c.path("num_hidden_layers").intValue(); l++) {
            String h = "model.layers." + l + ".";
            shapes.put(h + "input_layernorm.weight", norm);
            if (type.equals("phi3")) shapes.put(h + "self_attn.qkv_proj.weight", new int[] {queries + 2 * keys, width});
            else {
                linear(shapes, h + "self_attn.q_proj", queries, width, inputs);
                linear(shapes, h + "self_attn.k_proj", keys, width, inputs);
                linear(shapes, h + "self_attn.v_proj", keys, width, inputs);
            }
            linear(shapes, h + "self_attn.o_proj", width, queries, all);
            if (type.startsWith("qwen3") || type.equals("gemma3_text")) {
                shapes.put(h + "self_attn.q_norm.weight", new int[] {d});
                shapes.put(h + "self_attn.k_norm.weight", new int[] {d});
            }
            shapes.put(h + "post_attention_layernorm.weight", norm);
            if (type.equals("gemma2") || type.equals("gemma3_text")) {
                shapes.put(h + "pre_feedforward_layernorm.weight", norm);
                shapes.put(h + "post_feedforward_layernorm.weight", norm);
            }
            feedForward(shapes, c, type, h);
        }
        shapes.put("model.norm.weight", norm);
        boolean tied = c.path("tie_word_embeddings").asBoolean(type.startsWith("gemma"));
        if (!tied) shapes.put("lm_head.weight", new int[] {c.path("vocab_size").intValue(), width});
    }

    private static void feedForward(Map<String, int[]> shapes, JsonNode c, String type, String h) {
        int width = c.path("hidden_size").intValue();
        int inner = c.path("intermediate_size").intValue();
        switch (type) {
            case "phi3" -> {
                linear(shapes, h + "mlp.gate_up_proj", 2 * inner, width, false);
                linear(shapes, h + "mlp.down_proj", width, inner, false);
            }
            case "mixtral" -> {
                int count = c.path("num_local_experts").intValue();
                linear(shapes, h + "block_sparse_moe.gate", count, width, false);
                for (int e = 0; e < count; e++)
                    part(shapes, h + "block_sparse_moe.experts." + e + ".", "w1", "w3", "w2", inner, width);
            }
            case "qwen2_moe", "qwen3_moe" -> {
                int count = c.path("num_experts").intValue();
                int each = c.path("moe_intermediate_size").intValue();
                linear(shapes, h + "mlp.gate", count, width, false);
                for (int e = 0; e < count; e++) part(shapes, h + "mlp.experts." + e + ".", each, width);
                if (type.equals("qwen3_moe")) return;
                linear(shapes, h + "mlp.shared_expert_gate", 1, width, false);
                part(
                        shapes,
                        h + "mlp.shared_expert.",
                        c.path("shared_expert_intermediate_size").intValue(),
                        width);
            }
            default -> part(shapes, h + "mlp.", inner, width);
        }
    }

    private static void part(Map<String, int[]> shapes, String name, int inner, int width) {
        part(shapes, name, "gate_proj", "up_proj", "down_proj", inner, width);
    }

    private static void part(
            Map<String, int[]> shapes, String name, String gate, String up, String down, int inner, int width) {
        linear(shapes, name + gate, inner, width, false);
        linear(shapes, name + up, inner, width, false);
        linear(shapes, name + down, width, inner, false);
    }

    private static void linear(Map<String, int[]> shapes, String name, int out, int in, boolean bias) {
        shapes.put(name + ".weight", new int[] {out, in});
        if (bias) shapes.put(name + ".bias", new int[] {out});
    }

    /** A weight of this shape and a bias as long as its outermost dimension. */
    private static void both(Map<String, int[]> shapes, String name, int... shape) {
        shapes.put(name + ".weight", shape);
        shapes.put(name + ".bias", new int[] {shape[0]});
    }
}
