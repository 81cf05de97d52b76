package dev.prairie.model.families;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/**
 * What the models of Hugging Face transformers compute, in plain loops over doubles, one whole sequence at a time: read from
 * the same config.json and tensors, with a reading of its own, sharing nothing with what it checks.
 */
final class PlainModel {
    /** A tensor of the file: its shape and its numbers, row by row. */
    record Weight(int[] shape, float[] values) {}

    private final JsonNode c;
    private final String type;
    private final Map<String, Weight> weights;
    private final int width;
    private final int heads;
    private final int keyHeads;
    private final int headWidth;

    PlainModel(JsonNode config, Map<String, Weight> weights) {
        this.c = config;
        this.type = config.path("model_type").stringValue();
        this.weights = weights;
        boolean gpt2 = type.equals("gpt2");
        width = c.path(gpt2 ? "n_embd" : "hidden_size").intValue();
        heads = c.path(gpt2 ? "n_head" : "num_attention_heads").intValue();
        keyHeads = c.path("num_key_value_heads").asInt(heads);
        headWidth = c.path("head_dim").asInt(width / heads);
    }

    /** Logits of every token, or the last hidden states of an encoder. */
    double[][] run(int[] ids) {
        return switch (type) {
            case "gpt2" -> gpt2(ids);
            case "bert" -> bert(ids);
            default -> decoder(ids);
        };
    }

    private boolean is(String... types) {
        return List.of(types).contains(type);
    }

    // ---- GPT-2 -------------------------------------------------------------------------------------------------

    private double[][] gpt2(int[] ids) {
        int n = ids.length;
        double[][] x = new double[n][];
        for (int t = 0; t < n; t++) x[t] = sum(row("transformer.wte.weight", ids[t]), row("transformer.wpe.weight", t));
        for (int l = 0; l < c.path("n_layer").intValue(); l++) {
            String h = "transformer.h." + l + ".";
            double[][] q = new double[n][], k = new double[n][], v = new double[n][];
            for (int t = 0; t < n; t++) {
                double[] all = conv1d(layerNorm(x[t], h + "ln_1", 1e-5), h + "attn.c_attn");
                q[t] = part(all, 0, width);
                k[t] = part(all, width, width);
                v[t] = part(all, 2 * width, width);
            }
            double[][] mixed = attend(q, k, v, 1 / Math.sqrt(headWidth), 0, true, 0);
            for (int t = 0; t < n; t++) {
                x[t] = sum(x[t], conv1d(mixed[t], h + "attn.c_proj"));
                double[] inner = conv1d(layerNorm(x[t], h + "ln_2", 1e-5), h + "mlp.c_fc");
                for (int i = 0; i < inner.length; i++) inner[i] = geluTanh(inner[i]);
                x[t] = sum(x[t], conv1d(inner, h + "mlp.c_proj"));
            }
        }
        for (int t = 0; t < n; t++) x[t] = linear(layerNorm(x[t], "transformer.ln_f", 1e-5), "transformer.wte");
        return x;
    }

    // ---- BERT --------------------------------------------------------------------------------------------------

    private double[][] bert(int[] ids) {
        int n = ids.length;
        double epsilon = c.path("layer_norm_eps").asDouble(1e-12);
        double[][] x = new double[n][];
        for (int t = 0; t < n; t++)
            x[t] = layerNorm(
                    sum(
                            sum(
                                    row("embeddings.word_embeddings.weight", ids[t]),
                                    row("embeddings.token_type_embeddings.weight", 0)),
                            row("embeddings.position_embeddings.weight", t)),
                    "embeddings.LayerNorm",
                    epsilon);
        for (int l = 0; l < c.path("num_hidden_layers").intValue(); l++) {
            String h = "encoder.layer." + l + ".";
            double[][] q = new double[n][], k = new double[n][], v = new double[n][];
            for (int t = 0; t < n; t++) {
                q[t] = linear(x[t], h + "attention.self.query");
                k[t] = linear(x[t], h + "attention.self.key");
                v[t] = linear(x[t], h + "attention.self.value");
            }
            double[][] mixed = attend(q, k, v, 1 / Math.sqrt(headWidth), 0, false, 0);
            for (int t = 0; t < n; t++) {
                x[t] = layerNorm(
                        sum(linear(mixed[t], h + "attention.output.dense"), x[t]),
                        h + "attention.output.LayerNorm",
                        epsilon);
                double[] inner = linear(x[t], h + "intermediate.dense");
                for (int i = 0; i < inner.length; i++) inner[i] = geluErf(inner[i]);
                x[t] = layerNorm(sum(linear(inner, h + "output.dense"), x[t]), h + "output.LayerNorm", epsilon);
            }
        }
        return x;
    }

    // ---- Llama and those after it ------------------------------------------------------------------------------

    private double[][] decoder(int[] ids) {
        int n = ids.length;
        boolean gemma = is("gemma", "gemma2", "gemma3_text");
        boolean sandwich = is("gemma2", "gemma3_text");
        double[][] x = new double[n][];
        for (int t = 0; t < n; t++) {
            x[t] = row("model.embed_tokens.weight", ids[t]);
            if (gemma) for (int i = 0; i < width; i++) x[t][i] *= Math.sqrt(width);
        }
        for (int l = 0; l < c.path("num_hidden_layers").intValue(); l++) {
            String h = "model.layers." + l + ".";
            double[][] normed = new double[n][];
            for (int t = 0; t < n; t++) normed[t] = rmsNorm(x[t], h + "input_layernorm");
            double[][] attended = attention(normed, l);
            for (int t = 0; t < n; t++) {
                double[] a = attended[t];
                if (sandwich) a = rmsNorm(a, h + "post_attention_layernorm");
                x[t] = sum(x[t], a);
                String before = sandwich ? "pre_feedforward_layernorm" : "post_attention_layernorm";
                double[] m = feedForward(rmsNorm(x[t], h + before), h);
                if (sandwich) m = rmsNorm(m, h + "post_feedforward_layernorm");
                x[t] = sum(x[t], m);
            }
        }
        boolean tied = c.path("tie_word_embeddings").asBoolean(gemma || is("smollm3"));
        for (int t = 0; t < n; t++) {
            x[t] = linear(rmsNorm(x[t], "model.norm"), tied ? "model.embed_tokens" : "lm_head");
            double cap = c.path("final_logit_softcapping").asDouble(0);
            if (cap > 0) for (int i = 0; i < x[t].length; i++) x[t][i] = cap * Math.tanh(x[t][i] / cap);
        }
        return x;
    }

    private double[][] attention(double[][] x, int l) {
        String a = "model.layers." + l + ".self_attn.";
        int n = x.length;
        double[][] q = new double[n][], k = new double[n][], v = new double[n][];
        for (int t = 0; t < n; t++) {
            if (is("phi3")) {
                double[] all = linear(x[t], a + "qkv_proj");
                q[t] = part(all, 0, heads * headWidth);
                k[t] = part(all, heads * headWidth, keyHeads * headWidth);
                v[t] = part(all, (heads + keyHeads) * headWidth, keyHeads * headWidth);
            } else {
                q[t] = linear(x[t], a + "q_proj");
                k[t] = linear(x[t], a + "k_proj");
                v[t] = linear(x[t], a + "v_proj");
            }
            if (is("qwen3", "qwen3_moe", "gemma3_text")) {
                headNorm(q[t], heads, a + "q_norm");
                headNorm(k[t], keyHeads, a + "k_norm");
            }
        }
        boolean local = local(l);
        boolean turns = !is("smollm3") || c.path("no_rope_layers").get(l).intValue() == 1;
        if (turns) {
            Angles angles = is("gemma3_text") && local
                    ? new Angles(plain(headWidth, c.path("rope_local_base_freq").doubleValue()), 1)
                    : angles(n);
            for (int t = 0; t < n; t++) {
                turn(q[t], heads, t, angles);
                turn(k[t], keyHeads, t, angles);
            }
        }
        double scale = is("gemma2", "gemma3_text")
                ? 1 / Math.sqrt(c.path("query_pre_attn_scalar").doubleValue())
                : 1 / Math.sqrt(headWidth);
        int window = local ? c.path("sliding_window").intValue() : 0;
        double[][] mixed =
                attend(q, k, v, scale, c.path("attn_logit_softcapping").asDouble(0), true, window);
        for (int t = 0; t < n; t++) mixed[t] = linear(mixed[t], a + "o_proj");
        return mixed;
    }

    private boolean local(int l) {
        return switch (type) {
            case "mistral", "mixtral", "phi3" -> c.path("sliding_window").isNumber();
            case "qwen2", "qwen3" -> c.path("use_sliding_window").asBoolean(false);
            case "gemma2" -> l % 2 == 0;
            case "gemma3_text" -> (l + 1) % c.path("sliding_window_pattern").intValue() != 0;
            default -> false;
        };
    }

    private double[] feedForward(double[] x, String h) {
        if (is("mixtral")) {
            double[] p = softmax(linear(x, h + "block_sparse_moe.gate"));
            return experts(x, p, true, e -> h + "block_sparse_moe.experts." + e + ".", "w1", "w3", "w2");
        }
        if (is("qwen2_moe", "qwen3_moe")) {
            double[] p = softmax(linear(x, h + "mlp.gate"));
            double[] out = experts(
                    x,
                    p,
                    c.path("norm_topk_prob").booleanValue(),
                    e -> h + "mlp.experts." + e + ".",
                    "gate_proj",
                    "up_proj",
                    "down_proj");
            if (!is("qwen2_moe")) return out;
            double gate = 1 / (1 + Math.exp(-linear(x, h + "mlp.shared_expert_gate")[0]));
            double[] shared = gated(x, h + "mlp.shared_expert.", "gate_proj", "up_proj", "down_proj");
            for (int i = 0; i < width; i++) out[i] += gate * shared[i];
            return out;
        }
        if (is("phi3")) {
            double[] both = linear(x, h + "mlp.gate_up_proj");
            double[] inner = new double[both.length / 2];
            for (int i = 0; i < inner.length; i++) inner[i] = silu(both[i]) * both[inner.length + i];
            return linear(inner, h + "mlp.down_proj");
        }
        return gated(x, h + "mlp.", "gate_proj", "up_proj", "down_proj");
    }

    private interface ExpertName {
        String of(int e);
    }

    private double[] experts(
            double[] x, double[] p, boolean normalised, ExpertName name, String gate, String up, String down) {
        int active = c.path("num_experts_per_tok").intValue();
        List<Integer> best =
                new ArrayList<>(IntStream.range(0, p.length).boxed().toList());
        best.sort(Comparator.comparingDouble((Integer e) -> -p[e]));
        double total = 0;
        for (int e : best.subList(0, active)) total += p[e];
        double[] out = new double[width];
        for (int e : best.subList(0, active)) {
            double[] y = gated(x, name.of(e), gate, up, down);
            for (int i = 0; i < width; i++) out[i] += (normalised ? p[e] / total : p[e]) * y[i];
        }
        return out;
    }

    private double[] gated(double[] x, String name, String gate, String up, String down) {
        double[] g = linear(x, name + gate);
        double[] u = linear(x, name + up);
        for (int i = 0; i < g.length; i++)
            g[i] = (is("gemma", "gemma2", "gemma3_text") ? geluTanh(g[i]) : silu(g[i])) * u[i];
        return linear(g, name + down);
    }

    // ---- rotary positions --------------------------------------------------------------------------------------

    private record Angles(double[] speed, double magnitude) {}

    private static double[] plain(int d, double base) {
        return IntStream.range(0, d / 2)
                .mapToDouble(i -> 1 / Math.pow(base, 2.0 * i / d))
                .toArray();
    }

    /** As the functions of {@code modeling_rope_utils.py}, for a sequence of {@code n} tokens. */
    private Angles angles(int n) {
        double base = c.path("rope_theta").asDouble(10000);
        int d = (int) (headWidth * c.path("partial_rotary_factor").asDouble(1));
        double[] speed = plain(d, base);
        JsonNode s = c.path("rope_scaling");
        if (!s.isObject()) return new Angles(speed, 1);
        double factor = s.path("factor").asDouble(1);
        int longest = c.path("max_position_embeddings").intValue();
        double magnitude = 1;
        switch (s.path("rope_type").stringValue()) {
            case "linear" -> {
                for (int i = 0; i < speed.length; i++) speed[i] /= factor;
            }
            case "dynamic" -> {
                int reached = Math.max(n, longest);
                double grown = base * Math.pow(factor * reached / longest - (factor - 1), (double) d / (d - 2));
                speed = plain(d, grown);
            }
            case "llama3" -> {
                double original = s.path("original_max_position_embeddings").doubleValue();
                double low = s.path("low_freq_factor").doubleValue();
                double high = s.path("high_freq_factor").doubleValue();
                for (int i = 0; i < speed.length; i++) {
                    double wave = 2 * Math.PI / speed[i];
                    double smooth = (original / wave - low) / (high - low);
                    if (wave > original / low) speed[i] /= factor;
                    else if (wave >= original / high) speed[i] = (1 - smooth) * speed[i] / factor + smooth * speed[i];
                }
            }
            case "yarn" -> {
                double original = s.path("original_max_position_embeddings").doubleValue();
                double low = Math.max(Math.floor(rotations(32, d, base, original)), 0);
                double high = Math.min(Math.ceil(rotations(1, d, base, original)), d - 1);
                for (int i = 0; i < speed.length; i++) {
                    double ramp = Math.clamp((i - low) / (high - low), 0, 1);
                    speed[i] = speed[i] / factor * ramp + speed[i] * (1 - ramp);
                }
                magnitude = 0.1 * Math.log(factor) + 1;
            }
            case "longrope" -> {
                double original = c.path("original_max_position_embeddings").doubleValue();
                JsonNode factors = s.path(n > original ? "long_factor" : "short_factor");
                for (int i = 0; i < speed.length; i++)
                    speed[i] /= factors.get(i).doubleValue();
                magnitude = Math.sqrt(1 + Math.log(longest / original) / Math.log(original));
            }
            default -> throw new IllegalArgumentException(s.toString());
        }
        return new Angles(speed, magnitude);
    }

    private static double rotations(double count, int d, double base, double original) {
        return d * Math.log(original / (count * 2 * Math.PI)) / (2 * Math.log(base));
    }

    private void turn(double[] x, int count, int position, Angles angles) {
        int half = angles.speed.length;
        for (int h = 0; h < count; h++)
            for (int i = 0; i < half; i++) {
                int at = h * headWidth + i;
                double cos = angles.magnitude * Math.cos(position * angles.speed[i]);
                double sin = angles.magnitude * Math.sin(position * angles.speed[i]);
                double a = x[at], b = x[at + half];
                x[at] = a * cos - b * sin;
                x[at + half] = b * cos + a * sin;
            }
    }

    // ---- attention ---------------------------------------------------------------------------------------------

    private double[][] attend(
            double[][] q, double[][] k, double[][] v, double scale, double cap, boolean causal, int window) {
        int n = q.length;
        double[][] out = new double[n][heads * headWidth];
        for (int t = 0; t < n; t++)
            for (int h = 0; h < heads; h++) {
                int key = h / (heads / keyHeads) * headWidth;
                double[] scores = new double[n];
                for (int s = 0; s < n; s++) {
                    for (int i = 0; i < headWidth; i++) scores[s] += q[t][h * headWidth + i] * k[s][key + i] * scale;
                    if (cap > 0) scores[s] = cap * Math.tanh(scores[s] / cap);
                    boolean hidden = (causal && s > t) || (window > 0 && t - s >= window);
                    if (hidden) scores[s] = Double.NEGATIVE_INFINITY;
                }
                double[] p = softmax(scores);
                for (int s = 0; s < n; s++)
                    for (int i = 0; i < headWidth; i++) out[t][h * headWidth + i] += p[s] * v[s][key + i];
            }
        return out;
    }

    private static double[] softmax(double[] x) {
        double max = Double.NEGATIVE_INFINITY;
        for (double v : x) max = Math.max(max, v);
        double[] p = new double[x.length];
        double sum = 0;
        for (int i = 0; i < x.length; i++) sum += p[i] = Math.exp(x[i] - max);
        for (int i = 0; i < x.length; i++) p[i] /= sum;
        return p;
    }

    // ---- rows --------------------------------------------------------------------------------------------------

    private Weight weight(String name) {
        return Objects.requireNonNull(weights.get(name), name);
    }

    private double[] row(String name, int row) {
        Weight w = weight(name);
        double[] out = new double[w.shape[1]];
        for (int i = 0; i < out.length; i++) out[i] = w.values[row * out.length + i];
        return out;
    }

    private double[] linear(double[] x, String name) {
        Weight w = weight(name + ".weight");
        Weight bias = weights.get(name + ".bias");
        double[] out = new double[w.shape[0]];
        for (int o = 0; o < out.length; o++) {
            if (bias != null) out[o] = bias.values[o];
            for (int i = 0; i < x.length; i++) out[o] += x[i] * w.values[o * x.length + i];
        }
        return out;
    }

    /** GPT-2's linear layer, stored the other way round. */
    private double[] conv1d(double[] x, String name) {
        Weight w = weight(name + ".weight");
        Weight bias = weight(name + ".bias");
        double[] out = new double[w.shape[1]];
        for (int o = 0; o < out.length; o++) {
            out[o] = bias.values[o];
            for (int i = 0; i < x.length; i++) out[o] += x[i] * w.values[i * out.length + o];
        }
        return out;
    }

    private double[] rmsNorm(double[] x, String name) {
        return rmsNorm(x, 0, x.length, name);
    }

    private double[] rmsNorm(double[] x, int from, int n, String name) {
        Weight w = weight(name + ".weight");
        double squares = 0;
        for (int i = 0; i < n; i++) squares += x[from + i] * x[from + i];
        double r = 1 / Math.sqrt(squares / n + c.path("rms_norm_eps").doubleValue());
        double[] out = new double[n];
        double more = is("gemma", "gemma2", "gemma3_text") ? 1 : 0;
        for (int i = 0; i < n; i++) out[i] = x[from + i] * r * (more + w.values[i]);
        return out;
    }

    private void headNorm(double[] x, int count, String name) {
        for (int h = 0; h < count; h++)
            System.arraycopy(rmsNorm(x, h * headWidth, headWidth, name), 0, x, h * headWidth, headWidth);
    }

    private double[] layerNorm(double[] x, String name, double epsilon) {
        Weight w = weight(name + ".weight");
        Weight b = weight(name + ".bias");
        double mean = 0;
        for (double v : x) mean += v / x.length;
        double variance = 0;
        for (double v : x) variance += (v - mean) * (v - mean) / x.length;
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++)
            out[i] = (x[i] - mean) / Math.sqrt(variance + epsilon) * w.values[i] + b.values[i];
        return out;
    }

    private static double[] sum(double[] a, double[] b) {
        double[] out = new double[a.length];
        for (int i = 0; i < a.length; i++) out[i] = a[i] + b[i];
        return out;
    }

    private static double[] part(double[] x, int from, int n) {
        double[] out = new double[n];
        System.arraycopy(x, from, out, 0, n);
        return out;
    }

    private static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    private static double geluTanh(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    /** {@code x (1 + erf(x / √2)) / 2}, the error function as Simpson's sum over its integral. */
    private static double geluErf(double x) {
        int steps = 2000;
        double z = x / Math.sqrt(2);
        double width = z / steps;
        double sum = 1 + Math.exp(-z * z);
        for (int i = 1; i < steps; i++) sum += (i % 2 == 0 ? 2 : 4) * Math.exp(-(i * width) * (i * width));
        return 0.5 * x * (1 + 2 / Math.sqrt(Math.PI) * sum * width / 3);
    }
}
