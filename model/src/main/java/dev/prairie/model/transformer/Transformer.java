package dev.prairie.model.transformer;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.layer.FeedForward;
import dev.prairie.model.layer.Linear;
import dev.prairie.model.layer.Normalization;
import dev.prairie.model.transformer.TransformerConfig.Activation;
import dev.prairie.model.transformer.TransformerConfig.Norm;
import dev.prairie.model.transformer.TransformerConfig.Positions;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A decoder-only transformer: the one definition that training and serving share. Training passes a Tape and
 * {@link KvCache#NONE}, serving passes plain Ops and a cache; the model does not know which, and has no branch on it.
 *
 * <p>It is not a family: the GPT-2 and Llama forms, grouped queries and QK-norm are values of
 * {@link TransformerConfig}. To read how it works without tensors, open {@code reference.OneFileGpt}.
 *
 * <p>Letters: N packed tokens, C width, H query heads, K key heads, D head width, F feed-forward width, V vocabulary.
 */
public final class Transformer {
    /** One residual layer: attention looks around, feed-forward looks inward. */
    private record Layer(
            Normalization attentionNorm,
            Linear q, // (H·D, C)
            Linear k, // (K·D, C)
            Linear v, // (K·D, C)
            @Nullable Normalization queryNorm, // per head, (D)
            @Nullable Normalization keyNorm,
            Linear out, // (C, H·D)
            Normalization feedForwardNorm,
            FeedForward feedForward) {}

    private final TransformerConfig config;
    private final Map<String, Tensor> parameters;
    private final Linear.Maker linears;
    private final Tensor tokenTable; // (V, C)
    private final @Nullable Tensor positionTable; // (T, C)
    private final @Nullable Rotary rotary;
    private final Scoring scoring;
    private final List<Layer> layers = new ArrayList<>();
    private final Normalization norm;
    private final Linear head; // (V, C)

    /** Over existing F32 weights, by canonical name; a missing, unknown or misshapen one is an error that names it. */
    public Transformer(TransformerConfig config, Map<String, Tensor> parameters) {
        this(config, parameters, Linear.Maker.DENSE);
    }

    /** The same, with its projections made by {@code linears}: a model that runs may keep its weights packed. */
    public Transformer(TransformerConfig config, Map<String, Tensor> parameters, Linear.Maker linears) {
        this.config = config;
        this.linears = linears;
        this.parameters = checked(config, parameters);
        tokenTable = parameter("tokens.weight");
        positionTable = config.positions() == Positions.LEARNED ? parameter("positions.weight") : null;
        rotary = config.positions() == Positions.ROPE ? Rotary.of(config.headWidth(), config.theta()) : null;
        scoring = Scoring.causal((float) (1 / Math.sqrt(config.headWidth())));
        for (int l = 0; l < config.layers(); l++) layers.add(layer("layers." + l + "."));
        norm = normalization("norm");
        head = linears.make(config.tiedHead() ? tokenTable : parameter("head.weight"), null);
    }

    /** A model that knows nothing, its weights in one stretch of {@code arena}; the same seed gives the same bits. */
    public static Transformer initialise(TransformerConfig config, Arena arena, long seed) {
        return new Transformer(config, Initialisation.parameters(config, arena, seed));
    }

    /** Logits {@code (N, V)} of every token. */
    public Tensor forward(Ops ops, Tokens tokens, KvCache cache) {
        return logits(ops, hidden(ops, tokens, cache));
    }

    /** The last hidden state {@code (N, C)} of every token; with {@link #logits} the two halves of forward. */
    public Tensor hidden(Ops ops, Tokens tokens, KvCache cache) {
        Tensor x = ops.embedding(tokenTable, tokens.ids()); // (N, C)
        if (positionTable != null) x = ops.add(x, ops.embedding(positionTable, tokens.positions()));
        for (int l = 0; l < layers.size(); l++) {
            int layer = l;
            x = ops.block(x, (o, h) -> layer(o, h, layer, tokens, cache));
        }
        return norm.forward(ops, x);
    }

    /** From hidden states {@code (M, C)} to logits {@code (M, V)}. */
    public Tensor logits(Ops ops, Tensor hidden) {
        return head.forward(ops, hidden);
    }

    private Tensor layer(Ops ops, Tensor x, int layer, Tokens tokens, KvCache cache) {
        Layer w = layers.get(layer);
        Tensor h = attention(ops, w, w.attentionNorm.forward(ops, x), x, layer, tokens, cache);
        return w.feedForward.forward(ops, w.feedForwardNorm.forward(ops, h), h);
    }

    private Tensor attention(Ops ops, Layer w, Tensor x, Tensor residual, int layer, Tokens tokens, KvCache cache) {
        int n = tokens.count();
        int d = config.headWidth();
        Tensor q = ops.view(w.q.forward(ops, x), Shape.of(n, config.heads(), d));
        Tensor k = ops.view(w.k.forward(ops, x), Shape.of(n, config.keyHeads(), d));
        Tensor v = ops.view(w.v.forward(ops, x), Shape.of(n, config.keyHeads(), d));
        if (w.queryNorm != null) q = w.queryNorm.forward(ops, q);
        if (w.keyNorm != null) k = w.keyNorm.forward(ops, k);
        if (rotary != null) {
            q = ops.rope(q, tokens.positions(), rotary);
            k = ops.rope(k, tokens.positions(), rotary);
        }
        Tensor mixed = ops.attention(q, cache.append(ops, layer, k, v, tokens), tokens, scoring);
        return w.out.forward(ops, ops.view(mixed, Shape.of(n, config.heads() * d)), residual);
    }

    public TransformerConfig config() {
        return config;
    }

    /** Every weight by its canonical name, in the order of the forward pass. */
    public Map<String, Tensor> parameters() {
        return parameters;
    }

    /** Whether the optimizer should pull this parameter towards zero: matrices yes, norms and biases no. */
    public static boolean decays(Tensor parameter) {
        return parameter.shape().rank() > 1;
    }

    private Layer layer(String name) {
        boolean normed = config.queryKeyNorm();
        Linear up = linear(name + "feedforward.up");
        Linear down = linear(name + "feedforward.down");
        return new Layer(
                normalization(name + "attention.norm"),
                linear(name + "attention.q"),
                linear(name + "attention.k"),
                linear(name + "attention.v"),
                normed ? new Normalization.Rms(parameter(name + "attention.q.norm.weight"), config.epsilon()) : null,
                normed ? new Normalization.Rms(parameter(name + "attention.k.norm.weight"), config.epsilon()) : null,
                linear(name + "attention.out"),
                normalization(name + "feedforward.norm"),
                config.activation() == Activation.SWIGLU
                        ? new FeedForward.SwiGlu(linear(name + "feedforward.gate"), up, down)
                        : new FeedForward.Gelu(up, down));
    }

    private Linear linear(String name) {
        return linears.make(parameter(name + ".weight"), config.biases() ? parameter(name + ".bias") : null);
    }

    private Normalization normalization(String name) {
        Tensor weight = parameter(name + ".weight");
        return config.norm() == Norm.RMS
                ? new Normalization.Rms(weight, config.epsilon())
                : new Normalization.Layer(weight, parameter(name + ".bias"), config.epsilon());
    }

    private Tensor parameter(String name) {
        Tensor t = parameters.get(name);
        if (t == null) throw new IllegalArgumentException("transformer: no parameter " + name); // names are ours
        return t;
    }

    private static Map<String, Tensor> checked(TransformerConfig config, Map<String, Tensor> given) {
        Map<String, Shape> expected = config.parameterShapes();
        var ordered = new LinkedHashMap<String, Tensor>();
        expected.forEach((name, shape) -> {
            Tensor t = given.get(name);
            if (t == null) throw new ShapeException("transformer", "parameter " + name + shape + " is missing");
            if (!t.shape().equals(shape))
                throw new ShapeException("transformer", name + " is " + t.shape() + ", the config says " + shape);
            ordered.put(name, t);
        });
        for (String name : given.keySet())
            if (!expected.containsKey(name))
                throw new ShapeException("transformer", "parameter " + name + " has no place in this config");
        return Collections.unmodifiableMap(ordered);
    }
}
