package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.model.transformer.TransformerConfig.Activation;
import dev.prairie.model.transformer.TransformerConfig.Norm;
import dev.prairie.model.transformer.TransformerConfig.Positions;
import dev.prairie.tensor.DType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;

/**
 * The {@code config.json} of a Hugging Face model folder. Keys and their defaults are those of the configuration classes
 * in Hugging Face transformers ({@code configuration_gpt2.py}, {@code configuration_llama.py},
 * {@code configuration_qwen3.py}); what would change the numbers and is not supported is refused, never skipped.
 *
 * @param family what the tensors are called
 * @param config what kind of transformer
 * @param begin  {@code bos_token_id}
 * @param end    {@code eos_token_id}, one or several
 */
record ConfigFile(Family family, TransformerConfig config, OptionalInt begin, List<Integer> end) {
    static final String FILE = "config.json";
    private static final String HINT = "the model is of another kind, or its config.json is damaged";

    /** The tanh form of GELU under its names there; plain {@code gelu} is the exact form, another function. */
    private static final Set<String> GELU_TANH = Set.of("gelu_new", "gelu_pytorch_tanh", "gelu_fast");

    static ConfigFile read(Path file) throws IOException {
        if (!Files.isRegularFile(file))
            throw new CheckpointException(
                    file, FILE, "the model's configuration", "nothing", "it belongs beside model.safetensors");
        byte[] text = Files.readAllBytes(file);
        JsonNode root = Json.object(file, FILE, text, HINT);
        Checksum.verify(
                file,
                new byte[0],
                text,
                MemorySegment.NULL,
                "it has changed since it was saved; if that was on purpose, remove the line " + Checksum.KEY);
        return new Reader(file, root).read();
    }

    /** The file's text, for weights of this type. */
    byte[] write(DType type) {
        TransformerConfig c = config;
        var root = new LinkedHashMap<String, Object>();
        root.put("architectures", List.of(family.architecture()));
        root.put("model_type", family.modelType());
        root.put("vocab_size", c.vocabulary());
        if (family.equals(Family.GPT2)) {
            root.put("n_positions", c.context());
            root.put("n_layer", c.layers());
            root.put("n_embd", c.width());
            root.put("n_head", c.heads());
            root.put("n_inner", c.feedForward());
            root.put("activation_function", "gelu_new");
            root.put("layer_norm_epsilon", c.epsilon());
        } else {
            root.put("max_position_embeddings", c.context());
            root.put("num_hidden_layers", c.layers());
            root.put("hidden_size", c.width());
            root.put("num_attention_heads", c.heads());
            root.put("num_key_value_heads", c.keyHeads());
            root.put("head_dim", c.headWidth());
            root.put("intermediate_size", c.feedForward());
            root.put("hidden_act", "silu");
            root.put("attention_bias", c.biases());
            root.put("mlp_bias", c.biases()); // not known to Qwen3 there; a Qwen3 form with biases is ours alone
            root.put("rms_norm_eps", c.epsilon());
            root.put("rope_theta", c.theta());
        }
        root.put("tie_word_embeddings", c.tiedHead());
        begin.ifPresent(id -> root.put("bos_token_id", id));
        if (end.size() == 1) root.put("eos_token_id", end.getFirst());
        if (end.size() > 1) root.put("eos_token_id", end);
        root.put("torch_dtype", type == DType.BF16 ? "bfloat16" : type == DType.F16 ? "float16" : "float32");
        root.put(Checksum.KEY, Checksum.BLANK);
        return Checksum.seal(
                Json.MAPPER.writer().with(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(root));
    }

    /** One file being read. */
    private record Reader(Path file, JsonNode root) {
        ConfigFile read() {
            JsonNode type = root.path("model_type");
            Optional<Family> family = type.isString() ? Family.named(type.stringValue()) : Optional.empty();
            if (family.isEmpty()) throw wrong("model_type", "gpt2, llama or qwen3");
            TransformerConfig config;
            try {
                config = family.get().equals(Family.GPT2)
                        ? gpt2()
                        : llama(family.get().equals(Family.QWEN3));
            } catch (CheckpointException e) {
                throw e;
            } catch (IllegalArgumentException | ArithmeticException e) { // what the record itself refuses
                throw new CheckpointException(file, FILE, "a possible model", String.valueOf(e.getMessage()), HINT);
            }
            long inner = (long) config.heads() * config.headWidth();
            if (inner > Integer.MAX_VALUE / 3) // queries, keys and values may stand in one tensor
            throw new CheckpointException(file, FILE, "heads that fit in a tensor", inner + " wide", HINT);
            return new ConfigFile(family.get(), config, begin(), end());
        }

        private TransformerConfig gpt2() {
            refuse("scale_attn_weights", false);
            refuse("scale_attn_by_inverse_layer_idx", true);
            refuse("add_cross_attention", true);
            String activation = text("activation_function", "gelu_new");
            if (!GELU_TANH.contains(activation)) throw wrong("activation_function", "one of " + GELU_TANH);
            int width = size("n_embd", 768);
            int heads = size("n_head", 12);
            if (heads == 0 || width % heads != 0) throw wrong("n_head", "a divisor of n_embd " + width);
            return new TransformerConfig(
                    size("vocab_size", 50257),
                    size("n_positions", 1024),
                    size("n_layer", 12),
                    width,
                    heads,
                    heads,
                    width / heads,
                    given("n_inner") ? size("n_inner", 0) : Math.multiplyExact(4, width),
                    Norm.LAYER,
                    Positions.LEARNED,
                    Activation.GELU,
                    true,
                    flag("tie_word_embeddings", true),
                    false,
                    10000,
                    number("layer_norm_epsilon", 1e-5));
        }

        private TransformerConfig llama(boolean qwen3) {
            if (!text("hidden_act", "silu").equals("silu")) throw wrong("hidden_act", "silu");
            refuse("use_sliding_window", true);
            JsonNode rope = root.path("rope_parameters"); // where newer versions keep theta
            for (JsonNode scaling : List.of(root.path("rope_scaling"), rope))
                if (scaling.isObject()
                        && !scaling.path("rope_type")
                                .asString(scaling.path("type").asString("default"))
                                .equals("default"))
                    throw new CheckpointException(
                            file, "rope_scaling", "none", Json.found(scaling), "scaled positions are not supported");
            JsonNode theta = given("rope_theta") ? root.path("rope_theta") : rope.path("rope_theta");
            if (!theta.isMissingNode() && !theta.isNumber()) throw wrong("rope_theta", "a number");
            int heads = size("num_attention_heads", 32);
            int width = size("hidden_size", 4096);
            if (heads == 0) throw wrong("num_attention_heads", "at least 1");
            boolean biases = flag("attention_bias", false);
            if (biases != flag("mlp_bias", false))
                throw wrong("attention_bias", "the same as mlp_bias: biases on all projections or on none");
            return new TransformerConfig(
                    size("vocab_size", qwen3 ? 151936 : 32000),
                    size("max_position_embeddings", qwen3 ? 32768 : 2048),
                    size("num_hidden_layers", 32),
                    width,
                    heads,
                    given("num_key_value_heads") ? size("num_key_value_heads", 0) : qwen3 ? 32 : heads,
                    given("head_dim") ? size("head_dim", 0) : qwen3 ? 128 : width / heads,
                    size("intermediate_size", qwen3 ? 22016 : 11008),
                    Norm.RMS,
                    Positions.ROPE,
                    Activation.SWIGLU,
                    biases,
                    flag("tie_word_embeddings", false),
                    qwen3,
                    (float) theta.asDouble(10000),
                    number("rms_norm_eps", 1e-6));
        }

        private OptionalInt begin() {
            return given("bos_token_id") ? OptionalInt.of(size("bos_token_id", 0)) : OptionalInt.empty();
        }

        private List<Integer> end() {
            var ids = new ArrayList<Integer>();
            JsonNode node = root.path("eos_token_id");
            if (node.isArray()) node.forEach(id -> ids.add(whole("eos_token_id", id)));
            else if (given("eos_token_id")) ids.add(whole("eos_token_id", node));
            return ids;
        }

        private boolean given(String key) {
            return !root.path(key).isMissingNode() && !root.path(key).isNull();
        }

        private int size(String key, int missing) {
            return root.path(key).isMissingNode() ? missing : whole(key, root.path(key));
        }

        private int whole(String key, JsonNode node) {
            long value = Json.count(file, key, node, HINT);
            if (value > Integer.MAX_VALUE) throw wrong(key, "at most " + Integer.MAX_VALUE);
            return (int) value;
        }

        private float number(String key, double missing) {
            JsonNode node = root.path(key);
            if (node.isMissingNode()) return (float) missing;
            if (!node.isNumber()) throw wrong(key, "a number");
            return (float) node.asDouble();
        }

        private boolean flag(String key, boolean missing) {
            JsonNode node = root.path(key);
            if (node.isMissingNode()) return missing;
            if (!node.isBoolean()) throw wrong(key, "true or false");
            return node.booleanValue();
        }

        private String text(String key, String missing) {
            JsonNode node = root.path(key);
            if (node.isMissingNode()) return missing;
            if (!node.isString()) throw wrong(key, "text");
            return node.stringValue();
        }

        private void refuse(String key, boolean value) {
            if (flag(key, !value) == value) throw wrong(key, String.valueOf(!value));
        }

        private CheckpointException wrong(String key, String expected) {
            return new CheckpointException(file, key, expected, Json.found(root.path(key)), HINT);
        }
    }
}
