package dev.prairie.model.families;

import dev.prairie.model.checkpoint.GgufValue;
import dev.prairie.model.checkpoint.TensorEntry;
import dev.prairie.model.families.PlainModel.Weight;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * The same model as llama.cpp's {@code convert_hf_to_gguf.py} writes it: other names, some tensors changed, one
 * stacked for all experts, and metadata. Written from that program's behaviour, sharing nothing with what it checks.
 */
final class GgufSpelling {
    private static final Map<String, String> ARCHITECTURES = Map.of(
            "mistral",
            "llama",
            "mixtral",
            "llama",
            "qwen2_moe",
            "qwen2moe",
            "qwen3_moe",
            "qwen3moe",
            "gemma3_text",
            "gemma3");

    private static final Map<String, String> NAMES = names();

    private static Map<String, String> names() {
        var names = new LinkedHashMap<String, String>();
        names.put("model.embed_tokens", "token_embd");
        names.put("transformer.wte", "token_embd");
        names.put("embeddings.word_embeddings", "token_embd");
        names.put("transformer.wpe", "position_embd");
        names.put("embeddings.position_embeddings", "position_embd");
        names.put("embeddings.token_type_embeddings", "token_types");
        names.put("embeddings.LayerNorm", "token_embd_norm");
        names.put("model.norm", "output_norm");
        names.put("transformer.ln_f", "output_norm");
        names.put("lm_head", "output");
        names.put("input_layernorm", "attn_norm");
        names.put("ln_1", "attn_norm");
        names.put("self_attn.q_proj", "attn_q");
        names.put("self_attn.k_proj", "attn_k");
        names.put("self_attn.v_proj", "attn_v");
        names.put("self_attn.qkv_proj", "attn_qkv");
        names.put("attn.c_attn", "attn_qkv");
        names.put("self_attn.q_norm", "attn_q_norm");
        names.put("self_attn.k_norm", "attn_k_norm");
        names.put("self_attn.o_proj", "attn_output");
        names.put("attn.c_proj", "attn_output");
        names.put("pre_feedforward_layernorm", "ffn_norm");
        names.put("post_feedforward_layernorm", "post_ffw_norm");
        names.put("ln_2", "ffn_norm");
        names.put("mlp.gate_proj", "ffn_gate");
        names.put("mlp.up_proj", "ffn_up");
        names.put("mlp.gate_up_proj", "ffn_up");
        names.put("mlp.c_fc", "ffn_up");
        names.put("mlp.down_proj", "ffn_down");
        names.put("mlp.c_proj", "ffn_down");
        names.put("mlp.gate", "ffn_gate_inp");
        names.put("block_sparse_moe.gate", "ffn_gate_inp");
        names.put("mlp.shared_expert_gate", "ffn_gate_inp_shexp");
        names.put("mlp.shared_expert.gate_proj", "ffn_gate_shexp");
        names.put("mlp.shared_expert.up_proj", "ffn_up_shexp");
        names.put("mlp.shared_expert.down_proj", "ffn_down_shexp");
        names.put("attention.self.query", "attn_q");
        names.put("attention.self.key", "attn_k");
        names.put("attention.self.value", "attn_v");
        names.put("attention.output.dense", "attn_output");
        names.put("attention.output.LayerNorm", "attn_output_norm");
        names.put("intermediate.dense", "ffn_up");
        names.put("output.dense", "ffn_down");
        names.put("output.LayerNorm", "layer_output_norm");
        return names;
    }

    private static final Pattern LAYER =
            Pattern.compile("(?:model\\.layers|transformer\\.h|encoder\\.layer)\\.(\\d+)\\.(.+)");
    private static final Pattern EXPERT = Pattern.compile("(?:block_sparse_moe|mlp)\\.experts\\.(\\d+)\\.(\\w+)");
    private static final Map<String, String> EXPERTS = Map.of(
            "w1", "ffn_gate_exps",
            "w3", "ffn_up_exps",
            "w2", "ffn_down_exps",
            "gate_proj", "ffn_gate_exps",
            "up_proj", "ffn_up_exps",
            "down_proj", "ffn_down_exps");

    private final JsonNode c;
    private final String type;
    private final String name;
    private final Map<String, List<Weight>> stored = new TreeMap<>();

    GgufSpelling(JsonNode config, Map<String, Weight> weights) {
        this.c = config;
        type = c.path("model_type").stringValue();
        name = ARCHITECTURES.getOrDefault(type, type);
        weights.forEach(this::add);
        rope();
    }

    // ---- tensors -----------------------------------------------------------------------------------------------

    private void add(String theirs, Weight w) {
        if (theirs.startsWith("pooler.")) return;
        int dot = theirs.lastIndexOf('.');
        String base = theirs.substring(0, dot);
        String suffix = theirs.substring(dot);
        Matcher layer = LAYER.matcher(base);
        String blk = "";
        if (layer.matches()) {
            blk = "blk." + layer.group(1) + ".";
            base = layer.group(2);
        }
        Matcher expert = EXPERT.matcher(base);
        if (expert.matches()) {
            String all = blk + EXPERTS.get(expert.group(2)) + suffix;
            stored.computeIfAbsent(all, n -> new ArrayList<>()).add(w); // in the order of experts
            return;
        }
        if (base.equals("post_attention_layernorm"))
            base = type.equals("gemma2") || type.equals("gemma3_text") ? "after" : "before";
        String ours = switch (base) {
            case "after" -> "post_attention_norm";
            case "before" -> "ffn_norm";
            default -> Objects.requireNonNull(NAMES.get(base), base);
        };
        stored.put(blk + ours + suffix, List.of(changed(base, suffix, w)));
    }

    private Weight changed(String base, String suffix, Weight w) {
        int heads = c.path("num_attention_heads").asInt(0);
        boolean neighbours = name.equals("llama") || name.equals("smollm3");
        if (neighbours && base.equals("self_attn.q_proj")) return permuted(w, heads);
        if (neighbours && base.equals("self_attn.k_proj"))
            return permuted(w, c.path("num_key_value_heads").intValue());
        boolean norm = base.endsWith("norm") || base.equals("before") || base.equals("after");
        if (type.startsWith("gemma") && norm) {
            float[] more = w.values().clone();
            for (int i = 0; i < more.length; i++) more[i] += 1;
            return new Weight(w.shape(), more);
        }
        boolean turned = type.equals("gpt2") && suffix.equals(".weight") && base.contains("c_");
        return turned ? transposed(w) : w;
    }

    /** Rows (head, half, pair) as (head, pair, half). */
    private static Weight permuted(Weight w, int heads) {
        int rows = w.shape()[0];
        int width = w.values().length / rows;
        int half = rows / heads / 2;
        float[] out = new float[w.values().length];
        for (int h = 0; h < heads; h++)
            for (int i = 0; i < half; i++)
                for (int side = 0; side < 2; side++)
                    System.arraycopy(
                            w.values(),
                            (h * 2 * half + side * half + i) * width,
                            out,
                            (h * 2 * half + 2 * i + side) * width,
                            width);
        return new Weight(w.shape(), out);
    }

    private static Weight transposed(Weight w) {
        int rows = w.shape()[0];
        int columns = w.shape()[1];
        float[] out = new float[w.values().length];
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < columns; i++) out[i * rows + r] = w.values()[r * columns + i];
        return new Weight(new int[] {columns, rows}, out);
    }

    private void rope() {
        JsonNode s = c.path("rope_scaling");
        String kind = s.path("rope_type").asString("");
        if (kind.equals("longrope")) {
            factors("rope_factors_short.weight", s.path("short_factor"));
            factors("rope_factors_long.weight", s.path("long_factor"));
        }
        if (!kind.equals("llama3")) return;
        int d = c.path("head_dim").intValue();
        float[] factors = new float[d / 2];
        double original = s.path("original_max_position_embeddings").doubleValue();
        double low = original / s.path("low_freq_factor").doubleValue();
        double high = original / s.path("high_freq_factor").doubleValue();
        double factor = s.path("factor").doubleValue();
        for (int i = 0; i < factors.length; i++) {
            double wave = 2 * Math.PI * Math.pow(c.path("rope_theta").doubleValue(), 2.0 * i / d);
            double smooth = (original / wave - s.path("low_freq_factor").doubleValue())
                    / (s.path("high_freq_factor").doubleValue()
                            - s.path("low_freq_factor").doubleValue());
            factors[i] = (float) (wave < high ? 1 : wave > low ? factor : 1 / ((1 - smooth) / factor + smooth));
        }
        stored.put("rope_freqs.weight", List.of(new Weight(new int[] {d / 2}, factors)));
    }

    private void factors(String tensor, JsonNode numbers) {
        float[] factors = new float[numbers.size()];
        for (int i = 0; i < factors.length; i++) factors[i] = numbers.get(i).floatValue();
        stored.put(tensor, List.of(new Weight(new int[] {factors.length}, factors)));
    }

    List<TensorEntry> tensors() {
        var entries = new ArrayList<TensorEntry>();
        stored.forEach((tensor, parts) -> {
            int[] one = parts.getFirst().shape();
            Shape shape = tensor.contains("_exps") ? Shape.of(parts.size(), one[0], one[1]) : Shape.of(one);
            if (tensor.contains("gate_inp_shexp")) shape = Shape.of(one[1]);
            Shape whole = shape;
            entries.add(new TensorEntry(tensor, DType.F32, whole, arena -> {
                float[] all = new float[(int) whole.size()];
                int at = 0;
                for (Weight part : parts) {
                    System.arraycopy(part.values(), 0, all, at, part.values().length);
                    at += part.values().length;
                }
                return Tensor.of(arena, whole, all);
            }));
        });
        return entries;
    }

    // ---- metadata ----------------------------------------------------------------------------------------------

    Map<String, GgufValue> metadata() {
        var keys = new LinkedHashMap<String, GgufValue>();
        keys.put("general.architecture", GgufValue.of(name));
        if (type.equals("gpt2")) {
            whole(keys, "context_length", "n_positions");
            whole(keys, "embedding_length", "n_embd");
            whole(keys, "block_count", "n_layer");
            keys.put(
                    name + ".feed_forward_length",
                    GgufValue.u32(4 * c.path("n_embd").intValue()));
            whole(keys, "attention.head_count", "n_head");
            number(keys, "attention.layer_norm_epsilon", "layer_norm_epsilon");
            return keys;
        }
        whole(keys, "context_length", "max_position_embeddings");
        whole(keys, "embedding_length", "hidden_size");
        whole(keys, "block_count", "num_hidden_layers");
        whole(keys, "feed_forward_length", "intermediate_size");
        whole(keys, "attention.head_count", "num_attention_heads");
        if (type.equals("bert")) {
            number(keys, "attention.layer_norm_epsilon", "layer_norm_eps");
            keys.put("bert.attention.causal", GgufValue.of(false));
            keys.put("bert.pooling_type", GgufValue.u32(1));
            return keys;
        }
        whole(keys, "attention.head_count_kv", "num_key_value_heads");
        number(keys, "attention.layer_norm_rms_epsilon", "rms_norm_eps");
        number(keys, "rope.freq_base", "rope_theta");
        whole(keys, "attention.key_length", "head_dim");
        whole(keys, "attention.value_length", "head_dim");
        boolean window =
                !type.startsWith("qwen") || c.path("use_sliding_window").asBoolean(false);
        if (window) whole(keys, "attention.sliding_window", "sliding_window");
        number(keys, "attn_logit_softcapping", "attn_logit_softcapping");
        number(keys, "final_logit_softcapping", "final_logit_softcapping");
        number(keys, "rope.freq_base_swa", "rope_local_base_freq");
        whole(keys, "expert_count", "num_local_experts");
        whole(keys, "expert_count", "num_experts");
        whole(keys, "expert_used_count", "num_experts_per_tok");
        whole(keys, "expert_feed_forward_length", "moe_intermediate_size");
        whole(keys, "expert_shared_feed_forward_length", "shared_expert_intermediate_size");
        ropeKeys(keys);
        return keys;
    }

    private void ropeKeys(Map<String, GgufValue> keys) {
        JsonNode s = c.path("rope_scaling");
        int d = c.path("head_dim").asInt(24 / 4);
        int turned = (int) (d * c.path("partial_rotary_factor").asDouble(1));
        keys.put(name + ".rope.dimension_count", GgufValue.u32(turned));
        String kind = s.path("rope_type").asString("");
        if (kind.equals("linear") || kind.equals("yarn")) {
            keys.put(name + ".rope.scaling.type", GgufValue.of(kind));
            keys.put(
                    name + ".rope.scaling.factor", GgufValue.of(s.path("factor").floatValue()));
        }
        if (kind.equals("yarn"))
            keys.put(
                    name + ".rope.scaling.original_context_length",
                    GgufValue.u32(s.path("original_max_position_embeddings").intValue()));
        if (!kind.equals("longrope")) return;
        double original = c.path("original_max_position_embeddings").doubleValue();
        double longer = c.path("max_position_embeddings").doubleValue() / original;
        keys.put(name + ".rope.scaling.original_context_length", GgufValue.u32((long) original));
        keys.put(name + ".rope.scaling.attn_factor", GgufValue.of((float)
                Math.sqrt(1 + Math.log(longer) / Math.log(original))));
    }

    private void whole(Map<String, GgufValue> keys, String key, String theirs) {
        if (c.path(theirs).isNumber())
            keys.put(name + "." + key, GgufValue.u32(c.path(theirs).intValue()));
    }

    private void number(Map<String, GgufValue> keys, String key, String theirs) {
        if (c.path(theirs).isNumber())
            keys.put(name + "." + key, GgufValue.of(c.path(theirs).floatValue()));
    }
}
