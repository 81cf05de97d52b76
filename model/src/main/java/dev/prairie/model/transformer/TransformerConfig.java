package dev.prairie.model.transformer;

import dev.prairie.model.layer.Activation;
import dev.prairie.model.transformer.FeedForwardForm.Experts;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What kind of transformer: families differ here, not in classes. Start from {@link #gpt2}, {@link #llama} or
 * {@link #bert} and change what differs.
 *
 * @param vocabulary  V, number of token ids
 * @param context     T, the longest sequence
 * @param layers      L
 * @param width       C, of the residual stream
 * @param embedding   what goes in
 * @param positions   how a token knows its place
 * @param attention   how tokens look at each other
 * @param feedForward what a token makes of itself
 * @param norm        what keeps numbers in scale
 * @param head        what comes out
 */
public record TransformerConfig(
        int vocabulary,
        int context,
        int layers,
        int width,
        EmbeddingForm embedding,
        Positions positions,
        AttentionForm attention,
        FeedForwardForm feedForward,
        NormForm norm,
        HeadForm head) {
    /** Experts of all layers: more than twice what the largest models have, so that a damaged number is noticed. */
    private static final int MOST_EXPERTS = 1 << 16;

    public TransformerConfig {
        positive("vocabulary", vocabulary);
        positive("context", context);
        positive("layers", layers);
        positive("width", width);
        if (positions instanceof Positions.Rope rope && rope.width() > attention.headWidth())
            throw new IllegalArgumentException(
                    "config: rotary width " + rope.width() + " is more than headWidth " + attention.headWidth());
        if ((long) layers * feedForward.experts().count() > MOST_EXPERTS)
            throw new IllegalArgumentException("config: " + layers + " layers of "
                    + feedForward.experts().count() + " experts are more than " + MOST_EXPERTS + " in all");
        if (head.kind() == HeadForm.Kind.NONE && head.cap() > 0)
            throw new IllegalArgumentException("config: a cap of " + head.cap() + " on logits that there are none of");
    }

    /** The GPT-2 form: layer norm, learned positions, GELU, biases, tied head, F = 4 C. */
    public static TransformerConfig gpt2(int vocabulary, int context, int layers, int width, int heads) {
        return new TransformerConfig(
                vocabulary,
                context,
                layers,
                width,
                EmbeddingForm.PLAIN,
                new Positions.Learned(),
                AttentionForm.of(heads, heads, share(width, heads)).withBiases(true, true),
                new FeedForwardForm(Math.multiplyExact(4, width), Activation.GELU, false, true, Experts.NONE),
                new NormForm(NormForm.Kind.LAYER, 1e-5f, NormForm.Order.BEFORE),
                HeadForm.tied(true));
    }

    /** The Llama form: RMS norm, rotary positions, SwiGLU, no biases; head tied as asked. */
    public static TransformerConfig llama(
            int vocabulary,
            int context,
            int layers,
            int width,
            int heads,
            int keyHeads,
            int feedForward,
            boolean tiedHead) {
        int headWidth = share(width, heads);
        return new TransformerConfig(
                vocabulary,
                context,
                layers,
                width,
                EmbeddingForm.PLAIN,
                new Positions.Rope(headWidth, 10000),
                AttentionForm.of(heads, keyHeads, headWidth),
                FeedForwardForm.swiGlu(feedForward),
                new NormForm(NormForm.Kind.RMS, 1e-5f, NormForm.Order.BEFORE),
                HeadForm.tied(tiedHead));
    }

    /** The BERT form: an encoder that sees both ways, its norms behind each part, two segment types; the mean is pooled. */
    public static TransformerConfig bert(
            int vocabulary, int context, int layers, int width, int heads, int feedForward) {
        return new TransformerConfig(
                vocabulary,
                context,
                layers,
                width,
                new EmbeddingForm(1, 2, true),
                new Positions.Learned(),
                AttentionForm.of(heads, heads, share(width, heads))
                        .withBiases(true, true)
                        .bidirectional(),
                new FeedForwardForm(feedForward, Activation.GELU_EXACT, false, true, Experts.NONE),
                new NormForm(NormForm.Kind.LAYER, 1e-12f, NormForm.Order.AFTER),
                HeadForm.pooling(HeadForm.Pooling.MEAN));
    }

    private static int share(int width, int heads) {
        if (heads < 1 || width % heads != 0)
            throw new IllegalArgumentException("config: width " + width + " is not a multiple of heads " + heads);
        return width / heads;
    }

    static void positive(String name, int value) {
        if (value < 1) throw new IllegalArgumentException("config: " + name + " is " + value + ", must be at least 1");
    }

    // ---- the same with something else --------------------------------------------------------------------------

    /**
     * The same model, run with {@code context} positions. Of some stretched rotary positions other factors apply then; a
     * learned table must be cut or grown with it.
     */
    public TransformerConfig withContext(int context) {
        return new TransformerConfig(
                vocabulary, context, layers, width, embedding, positions, attention, feedForward, norm, head);
    }

    public TransformerConfig withEmbedding(EmbeddingForm embedding) {
        return new TransformerConfig(
                vocabulary, context, layers, width, embedding, positions, attention, feedForward, norm, head);
    }

    public TransformerConfig withPositions(Positions positions) {
        return new TransformerConfig(
                vocabulary, context, layers, width, embedding, positions, attention, feedForward, norm, head);
    }

    public TransformerConfig withAttention(AttentionForm attention) {
        return new TransformerConfig(
                vocabulary, context, layers, width, embedding, positions, attention, feedForward, norm, head);
    }

    /** The same with both at once: what turns of a head must fit into it. */
    public TransformerConfig withAttention(AttentionForm attention, Positions positions) {
        return new TransformerConfig(
                vocabulary, context, layers, width, embedding, positions, attention, feedForward, norm, head);
    }

    public TransformerConfig withFeedForward(FeedForwardForm feedForward) {
        return new TransformerConfig(
                vocabulary, context, layers, width, embedding, positions, attention, feedForward, norm, head);
    }

    public TransformerConfig withNorm(NormForm norm) {
        return new TransformerConfig(
                vocabulary, context, layers, width, embedding, positions, attention, feedForward, norm, head);
    }

    public TransformerConfig withHead(HeadForm head) {
        return new TransformerConfig(
                vocabulary, context, layers, width, embedding, positions, attention, feedForward, norm, head);
    }

    // ---- what follows from it ----------------------------------------------------------------------------------

    /** H, query heads. */
    public int heads() {
        return attention.heads();
    }

    /** K, key and value heads. */
    public int keyHeads() {
        return attention.keyHeads();
    }

    /** D, width of a head. */
    public int headWidth() {
        return attention.headWidth();
    }

    /** Whether the head's weights are those of the token table. */
    public boolean tiedHead() {
        return head.kind() == HeadForm.Kind.TIED;
    }

    /** Whether it depends on the tokens which weights are used: where experts are chosen. */
    public boolean choosesWeights() {
        return feedForward.experts().count() > 0;
    }

    /** Every parameter by its canonical name, in the order of the forward pass; weights are (O, C). */
    public Map<String, Shape> parameterShapes() {
        return ParameterShapes.of(this);
    }

    /** Of them the projections of the layers, {@code (O, C)} each: what an adapter may change. */
    public Map<String, Shape> projections() {
        var projections = new LinkedHashMap<String, Shape>();
        parameterShapes().forEach((name, shape) -> {
            if (shape.rank() == 2 && name.startsWith("layers.")) projections.put(name, shape);
        });
        return projections;
    }

    /** Number of parameters. */
    public long parameters() {
        return parameterShapes().values().stream().mapToLong(Shape::size).sum();
    }

    /** Bytes that keys and values of one position take in a cache of {@code type}, in all layers. */
    public long kvBytesPerPosition(DType type) {
        return Math.multiplyExact(2L * layers, type.bytes((long) keyHeads() * headWidth()));
    }

    /**
     * Floating-point operations that training needs for one token at context {@code t}: six for each weight that is
     * multiplied, and twelve L·H·D·t for attention (Chowdhery et al. 2022, arXiv 2204.02311, appendix B).
     */
    public double trainingFlopsPerToken(int t) {
        long table = (long) vocabulary * width;
        long lookedUp = table + (positions instanceof Positions.Learned ? (long) context * width : 0);
        Experts experts = feedForward.experts();
        long expert = (feedForward.gated() ? 3L : 2L) * feedForward.width() * width;
        long idle = (long) layers * (experts.count() - experts.active()) * expert;
        long multiplied = parameters() - lookedUp - idle + (tiedHead() ? table : 0);
        return 6.0 * multiplied + 12.0 * layers * heads() * headWidth() * t;
    }
}
