package dev.prairie.model.transformer;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.layer.AdapterRows;
import dev.prairie.model.layer.FeedForward;
import dev.prairie.model.layer.Linear;
import dev.prairie.model.layer.Normalization;
import dev.prairie.model.layer.Residual;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A transformer: the one definition that training and serving share. Training passes a Tape and {@link KvCache#NONE},
 * serving passes plain Ops and a cache; the model does not know which, and has no branch on it.
 *
 * <p>It is not a family: GPT-2, Llama, Gemma, BERT and the others are values of {@link TransformerConfig}, of which
 * {@link Parts} makes the layers below. To read how it works without tensors, open {@code reference.OneFileGpt}.
 *
 * <p>Letters: N packed tokens, C width, H query heads, K key heads, D head width, F feed-forward width, V vocabulary.
 */
public final class Transformer {
    /** What a token's row is before the first layer; what a model does not have is null. */
    record Embedding(
            Tensor tokens, // (V, C)
            float scale,
            @Nullable Tensor types, // rows of segment types, of which the first is used
            @Nullable Tensor positions, // (T, C)
            @Nullable Normalization norm) {}

    /** One residual layer: attention looks around, feed-forward looks inward. */
    record Layer(
            Residual attending,
            Linear q, // (H·D, C)
            Linear k, // (K·D, C)
            Linear v, // (K·D, C)
            @Nullable Normalization queryNorm, // per head, (D)
            @Nullable Normalization keyNorm,
            @Nullable Rotary rotary,
            Scoring scoring,
            Linear out, // (C, H·D)
            Residual feeding,
            FeedForward feedForward) {}

    private final TransformerConfig config;
    private final Parts parts;
    private final Embedding embedding;
    private final List<Layer> layers;
    private final @Nullable Normalization norm;
    private final @Nullable Linear head; // (V, C)

    /** Over existing F32 weights, by canonical name; a missing, unknown or misshapen one is an error that names it. */
    public Transformer(TransformerConfig config, Map<String, Tensor> parameters) {
        this(config, parameters, Linear.Maker.DENSE);
    }

    /** The same, with its projections made by {@code linears}: a model that runs may keep its weights packed. */
    public Transformer(TransformerConfig config, Map<String, Tensor> parameters, Linear.Maker linears) {
        this(config, new Parts(config, parameters, linears));
    }

    private Transformer(TransformerConfig config, Parts parts) {
        this.config = config;
        this.parts = parts;
        embedding = parts.embedding();
        layers = parts.layers();
        norm = parts.lastNorm();
        head = parts.head();
    }

    /** A model that knows nothing, its weights in one stretch of {@code arena}; the same seed gives the same bits. */
    public static Transformer initialise(TransformerConfig config, Arena arena, long seed) {
        return new Transformer(config, Initialisation.parameters(config, arena, seed));
    }

    /**
     * The same model, memory and all, whose sequences may be run with one of {@code adapters} each: the first is number 1 of
     * {@link Tokens#adapters}. They take the place of those that there were.
     *
     * @throws ShapeException for one that belongs to another model
     */
    public Transformer withAdapters(List<Adapter> adapters) {
        return new Transformer(config, parts.withAdapters(adapters));
    }

    /** Logits {@code (N, V)} of every token. */
    public Tensor forward(Ops ops, Tokens tokens, KvCache cache) {
        return logits(ops, hidden(ops, tokens, cache));
    }

    /** The last hidden state {@code (N, C)} of every token; with {@link #logits} the two halves of forward. */
    public Tensor hidden(Ops ops, Tokens tokens, KvCache cache) {
        AdapterRows rows = AdapterRows.of(tokens);
        if (rows.largest() > adapters().size())
            throw new IllegalArgumentException("transformer: a sequence is run with adapter " + rows.largest()
                    + ", there are " + adapters().size() + "; see withAdapters");
        Tensor x = embedded(ops, tokens); // (N, C)
        for (int l = 0; l < layers.size(); l++) {
            int layer = l;
            x = ops.block(x, (o, h) -> layer(o, h, layer, tokens, rows, cache));
        }
        return norm == null ? x : norm.forward(ops, x);
    }

    /** From hidden states {@code (M, C)} to logits {@code (M, V)}; an encoder has none. */
    public Tensor logits(Ops ops, Tensor hidden) {
        if (head == null)
            throw new IllegalArgumentException("transformer: an encoder has no logits; ask for its hidden states");
        Tensor logits = head.forward(ops, hidden, AdapterRows.NONE);
        return config.head().cap() == 0
                ? logits
                : ops.softCap(logits, config.head().cap());
    }

    private Tensor embedded(Ops ops, Tokens tokens) {
        Tensor x = ops.embedding(embedding.tokens, tokens.ids());
        if (embedding.scale != 1) x = ops.scale(x, embedding.scale);
        if (embedding.types != null) x = ops.add(x, ops.embedding(embedding.types, new int[tokens.count()]));
        if (embedding.positions != null) x = ops.add(x, ops.embedding(embedding.positions, tokens.positions()));
        return embedding.norm == null ? x : embedding.norm.forward(ops, x);
    }

    private Tensor layer(Ops ops, Tensor x, int layer, Tokens tokens, AdapterRows rows, KvCache cache) {
        Layer w = layers.get(layer);
        Tensor h = w.attending.around(ops, x, (in, to) -> attention(ops, w, in, to, layer, tokens, rows, cache));
        return w.feeding.around(ops, h, (in, to) -> w.feedForward.forward(ops, in, to, rows));
    }

    private Tensor attention(
            Ops ops,
            Layer w,
            Tensor x,
            @Nullable Tensor residual,
            int layer,
            Tokens tokens,
            AdapterRows rows,
            KvCache cache) {
        int n = tokens.count();
        int d = config.headWidth();
        Tensor q = ops.view(w.q.forward(ops, x, rows), Shape.of(n, config.heads(), d));
        Tensor k = ops.view(w.k.forward(ops, x, rows), Shape.of(n, config.keyHeads(), d));
        Tensor v = ops.view(w.v.forward(ops, x, rows), Shape.of(n, config.keyHeads(), d));
        if (w.queryNorm != null) q = w.queryNorm.forward(ops, q);
        if (w.keyNorm != null) k = w.keyNorm.forward(ops, k);
        if (w.rotary != null) {
            q = ops.rope(q, tokens.positions(), w.rotary);
            k = ops.rope(k, tokens.positions(), w.rotary);
        }
        Tensor mixed = ops.attention(q, cache.append(ops, layer, k, v, tokens), tokens, w.scoring);
        return w.out.forward(ops, ops.view(mixed, Shape.of(n, config.heads() * d)), residual, rows);
    }

    public TransformerConfig config() {
        return config;
    }

    /** Every weight by its canonical name, in the order of the forward pass. */
    public Map<String, Tensor> parameters() {
        return parts.parameters();
    }

    /**
     * The number of the adapter of that name, for {@link Tokens#adapters}; null is the model itself, 0.
     *
     * @throws IllegalArgumentException where there is none
     */
    public int adapter(@Nullable String name) {
        if (name == null) return 0;
        List<String> names = adapters().stream().map(Adapter::name).toList();
        if (!names.contains(name))
            throw new IllegalArgumentException("adapter: " + name + ", there "
                    + (names.isEmpty() ? "is none" : "are " + String.join(", ", names)));
        return names.indexOf(name) + 1;
    }

    /** What {@link #withAdapters} was given. */
    public List<Adapter> adapters() {
        return parts.adapters();
    }

    /** Memory that its weights take, packed or not, and its adapters. */
    public long bytes() {
        return parts.bytes();
    }

    /** Whether the optimizer should pull this parameter towards zero: matrices yes, norms and biases no. */
    public static boolean decays(Tensor parameter) {
        return parameter.shape().rank() > 1;
    }
}
