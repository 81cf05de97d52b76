package dev.prairie.model.checkpoint;

import dev.prairie.model.layer.Activation;
import dev.prairie.model.transformer.EmbeddingForm;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.NormForm;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;

/**
 * The {@code config.json} of a Hugging Face model folder. Keys and their defaults are those of the configuration classes
 * in Hugging Face transformers ({@code configuration_gpt2.py}, {@code configuration_llama.py} and so on; what decoders
 * share is in {@link DecoderKeys}); what would change the numbers and is not supported is refused, never skipped.
 *
 * @param family what the tensors are called
 * @param config what kind of transformer
 * @param begin  {@code bos_token_id}
 * @param end    {@code eos_token_id}, one or several
 */
record ConfigFile(Family family, TransformerConfig config, OptionalInt begin, List<Integer> end) {
    static final String FILE = "config.json";

    /** The tanh form of GELU under its names there; plain {@code gelu} is the exact form, another function. */
    private static final Set<String> GELU_TANH = Set.of("gelu_new", "gelu_pytorch_tanh", "gelu_fast");

    static ConfigFile read(Path file) throws IOException {
        if (!Files.isRegularFile(file))
            throw new CheckpointException(
                    file, FILE, "the model's configuration", "nothing", "it belongs beside model.safetensors");
        byte[] text = Files.readAllBytes(file);
        JsonNode root = Json.object(file, FILE, text, ConfigNode.HINT);
        Checksum.verify(
                file,
                new byte[0],
                text,
                MemorySegment.NULL,
                "it has changed since it was saved; if that was on purpose, remove the line " + Checksum.KEY);
        return read(new ConfigNode(file, root));
    }

    private static ConfigFile read(ConfigNode root) {
        JsonNode type = root.node().path("model_type");
        Optional<Family> family = type.isString() ? Family.named(type.stringValue()) : Optional.empty();
        if (family.isEmpty()) throw root.wrong("model_type", "one of " + Family.modelTypes());
        TransformerConfig config = config(family.get(), root);
        long inner = (long) config.heads() * config.headWidth();
        if (inner > Integer.MAX_VALUE / 3) // queries, keys and values may stand in one tensor
        throw new CheckpointException(
                    root.file(), FILE, "heads that fit in a tensor", inner + " wide", ConfigNode.HINT);
        OptionalInt begin =
                root.given("bos_token_id") ? OptionalInt.of(root.size("bos_token_id", 0)) : OptionalInt.empty();
        return new ConfigFile(family.get(), config, begin, root.several("eos_token_id"));
    }

    private static TransformerConfig config(Family family, ConfigNode root) {
        try {
            return switch (family.modelType()) {
                case "gpt2" -> gpt2(root);
                case "bert" -> bert(root);
                default -> DecoderKeys.of(family.modelType()).read(root);
            };
        } catch (CheckpointException e) {
            throw e;
        } catch (IllegalArgumentException | ArithmeticException e) { // what the record itself refuses
            throw new CheckpointException(
                    root.file(), FILE, "a possible model", String.valueOf(e.getMessage()), ConfigNode.HINT);
        }
    }

    /**
     * The family that a model is saved as: the first whose config.json reads back as the same. Forms that none has are
     * refused.
     */
    static Family familyOf(TransformerConfig config) {
        for (Family family : Family.all())
            try {
                var file = new ConfigFile(family, config, OptionalInt.empty(), List.of());
                var root = new ConfigNode(Path.of(FILE), Json.MAPPER.valueToTree(file.keys()));
                if (config(family, root).equals(config)) return family;
            } catch (CheckpointException notOfThisFamily) {
                continue;
            }
        throw new IllegalArgumentException("checkpoint: no Hugging Face family has the form of " + config
                + "; use the GPT-2 form (TransformerConfig.gpt2), the Llama form (TransformerConfig.llama) or one of "
                + Family.modelTypes());
    }

    // ---- writing -----------------------------------------------------------------------------------------------

    /** The file's text, for weights of this type. */
    byte[] write(DType type) {
        Map<String, Object> root = keys();
        begin.ifPresent(id -> root.put("bos_token_id", id));
        if (end.size() == 1) root.put("eos_token_id", end.getFirst());
        if (end.size() > 1) root.put("eos_token_id", end);
        root.put("torch_dtype", type == DType.BF16 ? "bfloat16" : type == DType.F16 ? "float16" : "float32");
        root.put(Checksum.KEY, Checksum.BLANK);
        return Checksum.seal(
                Json.MAPPER.writer().with(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(root));
    }

    private Map<String, Object> keys() {
        TransformerConfig c = config;
        var root = new LinkedHashMap<String, Object>();
        root.put("architectures", List.of(family.architecture()));
        root.put("model_type", family.modelType());
        root.put("vocab_size", c.vocabulary());
        root.putAll(
                switch (family.modelType()) {
                    case "gpt2" -> gpt2(c);
                    case "bert" -> bert(c);
                    default -> DecoderKeys.of(family.modelType()).write(c);
                });
        root.put("tie_word_embeddings", c.head().kind() != HeadForm.Kind.OWN);
        return root;
    }

    // ---- GPT-2 -------------------------------------------------------------------------------------------------

    private static TransformerConfig gpt2(ConfigNode node) {
        node.refuse("scale_attn_weights", false);
        node.refuse("scale_attn_by_inverse_layer_idx", true);
        node.refuse("add_cross_attention", true);
        String activation = node.text("activation_function", "gelu_new");
        if (!GELU_TANH.contains(activation)) throw node.wrong("activation_function", "one of " + GELU_TANH);
        int width = node.size("n_embd", 768);
        int heads = node.size("n_head", 12);
        if (heads == 0 || width % heads != 0) throw node.wrong("n_head", "a divisor of n_embd " + width);
        var gpt2 = TransformerConfig.gpt2(
                node.size("vocab_size", 50257), node.size("n_positions", 1024), node.size("n_layer", 12), width, heads);
        int inner = node.sizeOr("n_inner", gpt2.feedForward().width());
        return gpt2.withFeedForward(gpt2.feedForward().withWidth(inner))
                .withNorm(norm(node, "layer_norm_epsilon", 1e-5, NormForm.Order.BEFORE))
                .withHead(HeadForm.tied(node.flag("tie_word_embeddings", true)));
    }

    private static Map<String, Object> gpt2(TransformerConfig c) {
        var keys = new LinkedHashMap<String, Object>();
        keys.put("n_positions", c.context());
        keys.put("n_layer", c.layers());
        keys.put("n_embd", c.width());
        keys.put("n_head", c.heads());
        keys.put("n_inner", c.feedForward().width());
        keys.put("activation_function", "gelu_new");
        keys.put("layer_norm_epsilon", c.norm().epsilon());
        return keys;
    }

    private static NormForm norm(ConfigNode node, String key, double missing, NormForm.Order order) {
        return new NormForm(NormForm.Kind.LAYER, (float) node.number(key, missing), order);
    }

    // ---- BERT --------------------------------------------------------------------------------------------------

    private static TransformerConfig bert(ConfigNode node) {
        node.refuse("is_decoder", true);
        node.refuse("add_cross_attention", true);
        if (!node.text("position_embedding_type", "absolute").equals("absolute"))
            throw node.wrong("position_embedding_type", "absolute");
        String activation = node.text("hidden_act", "gelu");
        if (!activation.equals("gelu") && !GELU_TANH.contains(activation))
            throw node.wrong("hidden_act", "gelu or one of " + GELU_TANH);
        int width = node.size("hidden_size", 768);
        int heads = node.size("num_attention_heads", 12);
        if (heads == 0 || width % heads != 0)
            throw node.wrong("num_attention_heads", "a divisor of hidden_size " + width);
        var bert = TransformerConfig.bert(
                node.size("vocab_size", 30522),
                node.size("max_position_embeddings", 512),
                node.size("num_hidden_layers", 12),
                width,
                heads,
                node.size("intermediate_size", 3072));
        return bert.withEmbedding(new EmbeddingForm(1, node.size("type_vocab_size", 2), true))
                .withFeedForward(bert.feedForward()
                        .withActivation(activation.equals("gelu") ? Activation.GELU_EXACT : Activation.GELU))
                .withNorm(norm(node, "layer_norm_eps", 1e-12, NormForm.Order.AFTER))
                .withHead(HeadForm.pooling(PoolingFile.pooling(node)));
    }

    private static Map<String, Object> bert(TransformerConfig c) {
        var keys = new LinkedHashMap<String, Object>();
        keys.put("max_position_embeddings", c.context());
        keys.put("num_hidden_layers", c.layers());
        keys.put("hidden_size", c.width());
        keys.put("num_attention_heads", c.heads());
        keys.put("intermediate_size", c.feedForward().width());
        keys.put("type_vocab_size", c.embedding().types());
        keys.put("hidden_act", c.feedForward().activation() == Activation.GELU ? "gelu_pytorch_tanh" : "gelu");
        keys.put("position_embedding_type", "absolute");
        keys.put("layer_norm_eps", c.norm().epsilon());
        keys.put(PoolingFile.KEY, PoolingFile.name(c.head().pooling()));
        return keys;
    }
}
