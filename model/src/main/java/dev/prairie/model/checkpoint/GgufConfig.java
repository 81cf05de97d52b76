package dev.prairie.model.checkpoint;

import dev.prairie.model.layer.Activation;
import dev.prairie.model.transformer.AttentionForm;
import dev.prairie.model.transformer.EmbeddingForm;
import dev.prairie.model.transformer.FeedForwardForm;
import dev.prairie.model.transformer.FeedForwardForm.Experts;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.HeadForm.Pooling;
import dev.prairie.model.transformer.NormForm;
import dev.prairie.model.transformer.Positions;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Shape;
import java.util.List;
import java.util.Optional;

/**
 * What the metadata of a GGUF file says of the architecture; {@link GgufKeys} writes it. Keys and their defaults are those
 * of llama.cpp ({@code llama-arch.cpp}, {@code llama-model.cpp}); {@code %s} there is the architecture's name. What would
 * change the numbers and is not supported is refused, never skipped.
 */
record GgufConfig(Family family, TransformerConfig config) {
    static final String ARCHITECTURE = "general.architecture";

    /** What says which shapes the tensors have, for messages. */
    static final String DESCRIBED = "the file's metadata";

    private static final String TOKENS = "token_embd.weight";

    /** {@code pooling_type}: none, mean, first, last. */
    static final List<Pooling> POOLING = List.of(Pooling.NONE, Pooling.MEAN, Pooling.FIRST, Pooling.LAST);

    static GgufConfig read(GgufFacts file) {
        String architecture = file.metadata().text(ARCHITECTURE);
        Family family = Family.inGguf(architecture).stream()
                .findFirst()
                .orElseThrow(() -> new CheckpointException(
                        file.path(),
                        ARCHITECTURE,
                        "one of " + Family.ggufArchitectures(),
                        architecture,
                        GgufFacts.HINT));
        try {
            var reader = new Reader(file, file.metadata(), architecture);
            return new GgufConfig(
                    family,
                    switch (architecture) {
                        case "gpt2" -> reader.gpt2();
                        case "bert" -> reader.bert();
                        default -> reader.decoder();
                    });
        } catch (CheckpointException e) {
            throw e;
        } catch (IllegalArgumentException | ArithmeticException e) { // what the record itself refuses
            throw new CheckpointException(
                    file.path(), "metadata", "a possible model", String.valueOf(e.getMessage()), GgufFacts.HINT);
        }
    }

    /** Every how many layers one is global, where a file does not say. */
    static int globalEvery(String architecture) {
        return switch (architecture) {
            case "gemma2" -> 2;
            case "gemma3" -> 6;
            default -> 0;
        };
    }

    /** One file being read. */
    private record Reader(GgufFacts file, GgufMetadata metadata, String name) {
        TransformerConfig gpt2() {
            int heads = size("attention.head_count");
            var gpt2 = TransformerConfig.gpt2(
                    vocabulary(), size("context_length"), size("block_count"), width(heads), heads);
            return gpt2.withFeedForward(gpt2.feedForward().withWidth(size("feed_forward_length")))
                    .withNorm(layerNorm(NormForm.Order.BEFORE))
                    .withHead(HeadForm.tied(tiedHead()));
        }

        TransformerConfig bert() {
            int heads = size("attention.head_count");
            var bert = TransformerConfig.bert(
                    vocabulary(),
                    size("context_length"),
                    size("block_count"),
                    width(heads),
                    heads,
                    size("feed_forward_length"));
            if (metadata.flag(key("attention.causal"), true)) throw file.wrong(key("attention.causal"), "false");
            int pooling = metadata.integer(key("pooling_type"), POOLING.indexOf(Pooling.MEAN));
            if (pooling < 0 || pooling >= POOLING.size())
                throw file.wrong(key("pooling_type"), "0 to " + (POOLING.size() - 1));
            int types =
                    file.shapes().apply("token_types.weight").map(s -> s.dim(0)).orElse(0);
            return bert.withEmbedding(new EmbeddingForm(1, types, has("token_embd_norm.weight")))
                    .withNorm(layerNorm(NormForm.Order.AFTER))
                    .withHead(HeadForm.pooling(POOLING.get(pooling)));
        }

        private int width(int heads) {
            int width = size("embedding_length");
            if (width % heads != 0) throw file.wrong(key("attention.head_count"), "a divisor of the width " + width);
            return width;
        }

        private NormForm layerNorm(NormForm.Order order) {
            return new NormForm(
                    NormForm.Kind.LAYER, (float) metadata.number(key("attention.layer_norm_epsilon")), order);
        }

        TransformerConfig decoder() {
            boolean gemma = name.startsWith("gemma");
            boolean both = name.equals("gemma2") || name.equals("gemma3");
            int context = size("context_length");
            int layers = size("block_count");
            int width = size("embedding_length");
            AttentionForm attention = attention(width, layers);
            float cap = (float) metadata.number(key("final_logit_softcapping"), name.equals("gemma2") ? 30 : 0);
            return new TransformerConfig(
                    vocabulary(),
                    context,
                    layers,
                    width,
                    gemma ? new EmbeddingForm((float) Math.sqrt(width), 0, false) : EmbeddingForm.PLAIN,
                    new Positions.Rope(
                            metadata.integer(key("rope.dimension_count"), attention.headWidth()),
                            (float) metadata.number(key("rope.freq_base"), 10000),
                            GgufRope.read(file, name, context),
                            name.equals("gemma3") ? (float) metadata.number(key("rope.freq_base_swa"), 10000) : 0,
                            name.equals("smollm3") ? 4 : 0),
                    attention,
                    feedForward(gemma),
                    new NormForm(
                            NormForm.Kind.RMS,
                            (float) metadata.number(key("attention.layer_norm_rms_epsilon")),
                            both ? NormForm.Order.BOTH : NormForm.Order.BEFORE),
                    new HeadForm(tiedHead() ? HeadForm.Kind.TIED : HeadForm.Kind.OWN, cap, Pooling.NONE));
        }

        private AttentionForm attention(int width, int layers) {
            int heads = size("attention.head_count");
            int headWidth = metadata.integer(key("attention.key_length"), width / heads);
            if (metadata.integer(key("attention.value_length"), headWidth) != headWidth)
                throw file.wrong(key("attention.value_length"), headWidth + ", the width of a head");
            AttentionForm form = AttentionForm.of(
                            heads, metadata.integer(key("attention.head_count_kv"), heads), headWidth)
                    .withBiases(has("blk.0.attn_q.bias") || has("blk.0.attn_qkv.bias"), has("blk.0.attn_output.bias"))
                    .withQueryKeyNorm(has("blk.0.attn_q_norm.weight"));
            if (metadata.number(key("attention.scale"), form.scale()) != form.scale())
                throw file.wrong(key("attention.scale"), "nothing or " + form.scale());
            // The largest of each divides by the width of the stream instead; no key says so.
            boolean largest = (name.equals("gemma2") && layers == 46) || (name.equals("gemma3") && layers == 62);
            float scale = largest ? (float) (1 / Math.sqrt((double) width / heads)) : form.scale();
            double cap = metadata.number(key("attn_logit_softcapping"), name.equals("gemma2") ? 50 : 0);
            int window = metadata.integer(key("attention.sliding_window"), name.equals("gemma2") ? 4096 : 0);
            return form.withScores(scale, (float) cap)
                    .withWindow(window, metadata.integer(key("attention.sliding_window_pattern"), globalEvery(name)));
        }

        private FeedForwardForm feedForward(boolean gemma) {
            int experts = metadata.integer(key("expert_count"), 0);
            FeedForwardForm form = FeedForwardForm.swiGlu(
                            experts == 0
                                    ? size("feed_forward_length")
                                    : metadata.has(key("expert_feed_forward_length"))
                                            ? size("expert_feed_forward_length")
                                            : size("feed_forward_length"))
                    .withActivation(gemma ? Activation.GELU : Activation.SILU)
                    .withBiases(has("blk.0.ffn_up.bias"));
            if (experts == 0) return form;
            Optional<Shape> stored = file.shapes().apply("blk.0.ffn_gate_exps.weight");
            if (stored.isEmpty() || stored.get().dim(0) != experts)
                throw file.wrong(
                        key("expert_count"),
                        "as many as blk.0.ffn_gate_exps.weight has, "
                                + stored.map(s -> String.valueOf(s.dim(0))).orElse("nothing"));
            boolean shared = name.equals("qwen2moe");
            return form.withExperts(new Experts(
                    experts,
                    size("expert_used_count"),
                    shared ? Routing.SHARE : Routing.CHOSEN,
                    shared ? size("expert_shared_feed_forward_length") : 0));
        }

        private String key(String key) {
            return name + "." + key;
        }

        private boolean has(String tensor) {
            return file.has(tensor);
        }

        private boolean tiedHead() {
            return !has("output.weight");
        }

        /** By the table of tokens itself: the key that says the same is often missing. */
        private int vocabulary() {
            Optional<Shape> table = file.shapes().apply(TOKENS);
            if (table.isEmpty() || table.get().rank() != 2)
                throw new CheckpointException(
                        file.path(),
                        TOKENS,
                        "the table of tokens",
                        table.map(Shape::toString).orElse("nothing"),
                        "the file holds no model; is it a vocabulary alone?");
            return table.get().dim(0);
        }

        private int size(String key) {
            int size = metadata.integer(key(key));
            if (size < 1) throw file.wrong(key(key), "at least 1");
            return size;
        }
    }
}
