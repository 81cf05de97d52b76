package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.model.transformer.TransformerConfig.Activation;
import dev.prairie.model.transformer.TransformerConfig.Norm;
import dev.prairie.model.transformer.TransformerConfig.Positions;
import dev.prairie.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the metadata of a GGUF file says of the architecture, and back. Keys and their defaults are those of llama.cpp
 * ({@code llama-arch.cpp}, {@code llama-model.cpp}); {@code %s} there is the architecture's name. What would change the
 * numbers and is not supported is refused, never skipped.
 */
record GgufConfig(Family family, TransformerConfig config) {
    static final String ARCHITECTURE = "general.architecture";

    /** What says which shapes the tensors have, for messages. */
    static final String DESCRIBED = "the file's metadata";

    private static final String HINT = "the model is of a kind that is not supported, or the file is damaged";
    private static final String TOKENS = "token_embd.weight";

    static GgufConfig read(Gguf gguf) {
        String architecture = gguf.metadata().text(ARCHITECTURE);
        Family family = Family.inGguf(architecture)
                .orElseThrow(() -> new CheckpointException(
                        gguf.path(), ARCHITECTURE, "one of " + Family.ggufArchitectures(), architecture, HINT));
        try {
            var reader = new Reader(gguf, gguf.metadata(), architecture);
            return new GgufConfig(
                    family, family.equals(Family.GPT2) ? reader.gpt2() : reader.llama(family.equals(Family.QWEN3)));
        } catch (CheckpointException e) {
            throw e;
        } catch (IllegalArgumentException | ArithmeticException e) { // what the record itself refuses
            throw new CheckpointException(
                    gguf.path(), "metadata", "a possible model", String.valueOf(e.getMessage()), HINT);
        }
    }

    /** The metadata of a model of this kind, without its tokenizer. */
    Map<String, GgufValue> write() {
        String name = family.gguf();
        TransformerConfig c = config;
        var values = new LinkedHashMap<String, GgufValue>();
        values.put(ARCHITECTURE, GgufValue.of(name));
        values.put(name + ".vocab_size", GgufValue.u32(c.vocabulary()));
        values.put(name + ".context_length", GgufValue.u32(c.context()));
        values.put(name + ".embedding_length", GgufValue.u32(c.width()));
        values.put(name + ".block_count", GgufValue.u32(c.layers()));
        values.put(name + ".feed_forward_length", GgufValue.u32(c.feedForward()));
        values.put(name + ".attention.head_count", GgufValue.u32(c.heads()));
        if (c.norm() == Norm.LAYER) values.put(name + ".attention.layer_norm_epsilon", GgufValue.of(c.epsilon()));
        else values.put(name + ".attention.layer_norm_rms_epsilon", GgufValue.of(c.epsilon()));
        if (c.positions() == Positions.ROPE) {
            values.put(name + ".attention.head_count_kv", GgufValue.u32(c.keyHeads()));
            values.put(name + ".attention.key_length", GgufValue.u32(c.headWidth()));
            values.put(name + ".attention.value_length", GgufValue.u32(c.headWidth()));
            values.put(name + ".rope.dimension_count", GgufValue.u32(c.headWidth()));
            values.put(name + ".rope.freq_base", GgufValue.of(c.theta()));
        }
        return values;
    }

    /** One file being read. */
    private record Reader(Gguf gguf, GgufMetadata metadata, String name) {
        TransformerConfig gpt2() {
            int width = size("embedding_length");
            int heads = size("attention.head_count");
            if (width % heads != 0) throw wrong("attention.head_count", "a divisor of the width " + width);
            return new TransformerConfig(
                    vocabulary(),
                    size("context_length"),
                    size("block_count"),
                    width,
                    heads,
                    heads,
                    width / heads,
                    size("feed_forward_length"),
                    Norm.LAYER,
                    Positions.LEARNED,
                    Activation.GELU,
                    true,
                    tiedHead(),
                    false,
                    10000,
                    (float) metadata.number(key("attention.layer_norm_epsilon")));
        }

        TransformerConfig llama(boolean queryKeyNorm) {
            refuse("expert_count", 0);
            refuse("attention.sliding_window", 0);
            refuse("rope.scaling.factor", 1);
            refuse("rope.scale_linear", 1);
            if (!metadata.text(key("rope.scaling.type"), "none").equals("none"))
                throw wrong("rope.scaling.type", "none");
            int width = size("embedding_length");
            int heads = size("attention.head_count");
            int headWidth = metadata.integer(key("attention.key_length"), width / heads);
            for (String same : List.of("attention.value_length", "rope.dimension_count"))
                if (metadata.integer(key(same), headWidth) != headWidth)
                    throw wrong(same, headWidth + ", the width of a head");
            return new TransformerConfig(
                    vocabulary(),
                    size("context_length"),
                    size("block_count"),
                    width,
                    heads,
                    metadata.integer(key("attention.head_count_kv"), heads),
                    headWidth,
                    size("feed_forward_length"),
                    Norm.RMS,
                    Positions.ROPE,
                    Activation.SWIGLU,
                    has("blk.0.attn_q.bias"),
                    tiedHead(),
                    queryKeyNorm,
                    (float) metadata.number(key("rope.freq_base"), 10000),
                    (float) metadata.number(key("attention.layer_norm_rms_epsilon")));
        }

        private String key(String key) {
            return name + "." + key;
        }

        private boolean has(String tensor) {
            return gguf.shape(tensor).isPresent();
        }

        private boolean tiedHead() {
            return !has("output.weight");
        }

        /** By the table of tokens itself: the key that says the same is often missing. */
        private int vocabulary() {
            Optional<Shape> table = gguf.shape(TOKENS);
            if (table.isEmpty() || table.get().rank() != 2)
                throw new CheckpointException(
                        gguf.path(),
                        TOKENS,
                        "the table of tokens",
                        table.map(Shape::toString).orElse("nothing"),
                        "the file holds no model; is it a vocabulary alone?");
            return table.get().dim(0);
        }

        private int size(String key) {
            int size = metadata.integer(key(key));
            if (size < 1) throw wrong(key, "at least 1");
            return size;
        }

        private void refuse(String key, double but) {
            if (metadata.number(key(key), but) != but) throw wrong(key, "nothing or " + but);
        }

        private CheckpointException wrong(String key, String expected) {
            String found = metadata.value(key(key)).map(GgufValue::toString).orElse("nothing");
            return new CheckpointException(gguf.path(), key(key), expected, found, HINT);
        }
    }
}
