package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.AttentionForm;
import dev.prairie.model.transformer.FeedForwardForm;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.NormForm;
import dev.prairie.model.transformer.Positions;
import dev.prairie.model.transformer.RopeScaling;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The metadata of a model of some kind, without its tokenizer: what {@link GgufConfig} reads. */
final class GgufKeys {
    private final Map<String, GgufValue> values = new LinkedHashMap<>();
    private final String name;

    private GgufKeys(String architecture) {
        this.name = architecture;
    }

    /**
     * The keys.
     *
     * @throws IllegalArgumentException where the file would say something else than this model, such as a scale of the
     *     scores that GGUF has no key for
     */
    static Map<String, GgufValue> of(Family family, TransformerConfig config) {
        var keys = new GgufKeys(family.gguf());
        keys.all(config);
        keys.check(family, config);
        return keys.values;
    }

    private void put(String key, GgufValue value) {
        values.put(name + "." + key, value);
    }

    private void all(TransformerConfig c) {
        AttentionForm a = c.attention();
        values.put(GgufConfig.ARCHITECTURE, GgufValue.of(name));
        put("vocab_size", GgufValue.u32(c.vocabulary()));
        put("context_length", GgufValue.u32(c.context()));
        put("embedding_length", GgufValue.u32(c.width()));
        put("block_count", GgufValue.u32(c.layers()));
        put("feed_forward_length", GgufValue.u32(c.feedForward().width()));
        put("attention.head_count", GgufValue.u32(c.heads()));
        String epsilon = c.norm().kind() == NormForm.Kind.LAYER ? "layer_norm_epsilon" : "layer_norm_rms_epsilon";
        put("attention." + epsilon, GgufValue.of(c.norm().epsilon()));
        if (!a.causal()) put("attention.causal", GgufValue.of(false));
        if (c.head().kind() == HeadForm.Kind.NONE)
            put(
                    "pooling_type",
                    GgufValue.u32(GgufConfig.POOLING.indexOf(c.head().pooling())));
        if (c.embedding().types() > 0)
            values.put(
                    "tokenizer.ggml.token_type_count",
                    GgufValue.u32(c.embedding().types()));
        if (a.window() > 0 || GgufConfig.globalEvery(name) > 0)
            put("attention.sliding_window", GgufValue.u32(a.window()));
        if (a.window() > 0 && a.globalEvery() != GgufConfig.globalEvery(name))
            put("attention.sliding_window_pattern", GgufValue.u32(a.globalEvery()));
        if (a.cap() > 0 || name.equals("gemma2")) put("attn_logit_softcapping", GgufValue.of(a.cap()));
        if (c.head().cap() > 0 || name.equals("gemma2"))
            put("final_logit_softcapping", GgufValue.of(c.head().cap()));
        if (c.positions() instanceof Positions.Rope rope) rope(rope, a);
        experts(c.feedForward());
    }

    private void rope(Positions.Rope rope, AttentionForm a) {
        put("attention.head_count_kv", GgufValue.u32(a.keyHeads()));
        put("attention.key_length", GgufValue.u32(a.headWidth()));
        put("attention.value_length", GgufValue.u32(a.headWidth()));
        put("rope.dimension_count", GgufValue.u32(rope.width()));
        put("rope.freq_base", GgufValue.of(rope.theta()));
        if (rope.localTheta() > 0) put("rope.freq_base_swa", GgufValue.of(rope.localTheta()));
        values.putAll(GgufRope.keys(rope.scaling(), name));
    }

    private void experts(FeedForwardForm form) {
        if (form.experts().count() == 0) return;
        put("expert_count", GgufValue.u32(form.experts().count()));
        put("expert_used_count", GgufValue.u32(form.experts().active()));
        put("expert_feed_forward_length", GgufValue.u32(form.width()));
        if (form.experts().shared() > 0)
            put(
                    "expert_shared_feed_forward_length",
                    GgufValue.u32(form.experts().shared()));
    }

    /** Reads what would be written, and compares. */
    private void check(Family family, TransformerConfig c) {
        Map<String, Shape> shapes = Parameters.shapes(c, family.ggufNames());
        Map<String, float[]> vectors = c.positions() instanceof Positions.Rope rope
                ? GgufRope.tensors(rope.scaling(), rope.width(), rope.theta())
                : Map.of();
        Path file = Path.of(name + ".gguf");
        TransformerConfig back = GgufConfig.read(new GgufFacts(
                        file,
                        new GgufMetadata(file, values),
                        tensor -> vectors.containsKey(tensor)
                                ? Optional.of(Shape.of(vectors.getOrDefault(tensor, new float[0]).length))
                                : Optional.ofNullable(shapes.get(tensor)),
                        tensor -> vectors.getOrDefault(tensor, new float[0])))
                .config();
        // Factors of the positions come back as numbers, whatever they were made from.
        if (!plain(back).equals(plain(c)))
            throw new IllegalArgumentException("checkpoint: as GGUF of the architecture " + name + ", " + c
                    + " would be read as " + back + "; write safetensors");
    }

    private static TransformerConfig plain(TransformerConfig c) {
        return c.positions() instanceof Positions.Rope rope
                ? c.withPositions(new Positions.Rope(
                        rope.width(), rope.theta(), RopeScaling.NONE, rope.localTheta(), rope.skipEvery()))
                : c;
    }
}
