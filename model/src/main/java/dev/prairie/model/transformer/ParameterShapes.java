package dev.prairie.model.transformer;

import dev.prairie.model.transformer.FeedForwardForm.Experts;
import dev.prairie.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** Which weights a transformer has: canonical names and shapes, in the order of the forward pass. */
final class ParameterShapes {
    private final TransformerConfig c;
    private final Map<String, Shape> shapes = new LinkedHashMap<>();

    private ParameterShapes(TransformerConfig config) {
        this.c = config;
    }

    static Map<String, Shape> of(TransformerConfig config) {
        var all = new ParameterShapes(config);
        all.model();
        return all.shapes;
    }

    private void model() {
        shapes.put("tokens.weight", Shape.of(c.vocabulary(), c.width()));
        if (c.embedding().types() > 0)
            shapes.put("types.weight", Shape.of(c.embedding().types(), c.width()));
        if (c.positions() instanceof Positions.Learned)
            shapes.put("positions.weight", Shape.of(c.context(), c.width()));
        if (c.embedding().normed()) norm("tokens.norm");
        for (int l = 0; l < c.layers(); l++) layer("layers." + l + ".");
        if (c.norm().order() != NormForm.Order.AFTER) norm("norm");
        if (c.head().kind() == HeadForm.Kind.OWN) shapes.put("head.weight", Shape.of(c.vocabulary(), c.width()));
    }

    private void layer(String layer) {
        AttentionForm a = c.attention();
        int queries = Math.multiplyExact(a.heads(), a.headWidth());
        int keys = Math.multiplyExact(a.keyHeads(), a.headWidth());
        boolean both = c.norm().order() == NormForm.Order.BOTH;
        norm(layer + "attention.norm");
        linear(layer + "attention.q", queries, c.width(), a.biases());
        linear(layer + "attention.k", keys, c.width(), a.biases());
        linear(layer + "attention.v", keys, c.width(), a.biases());
        if (a.queryKeyNorm()) {
            shapes.put(layer + "attention.q.norm.weight", Shape.of(a.headWidth()));
            shapes.put(layer + "attention.k.norm.weight", Shape.of(a.headWidth()));
        }
        linear(layer + "attention.out", c.width(), queries, a.outBias());
        if (both) norm(layer + "attention.after.norm");
        norm(layer + "feedforward.norm");
        feedForward(layer + "feedforward.");
        if (both) norm(layer + "feedforward.after.norm");
    }

    private void feedForward(String name) {
        Experts experts = c.feedForward().experts();
        if (experts.count() == 0) {
            part(name, c.feedForward().width());
            return;
        }
        linear(name + "router", experts.count(), c.width(), false);
        for (int e = 0; e < experts.count(); e++)
            part(name + "experts." + e + ".", c.feedForward().width());
        if (experts.shared() == 0) return;
        linear(name + "shared.router", 1, c.width(), false);
        part(name + "shared.", experts.shared());
    }

    private void part(String name, int inner) {
        boolean biases = c.feedForward().biases();
        if (c.feedForward().gated()) linear(name + "gate", inner, c.width(), biases);
        linear(name + "up", inner, c.width(), biases);
        linear(name + "down", c.width(), inner, biases);
    }

    private void norm(String name) {
        shapes.put(name + ".weight", Shape.of(c.width()));
        if (c.norm().kind() == NormForm.Kind.LAYER) shapes.put(name + ".bias", Shape.of(c.width()));
    }

    private void linear(String name, int out, int in, boolean bias) {
        shapes.put(name + ".weight", Shape.of(out, in));
        if (bias) shapes.put(name + ".bias", Shape.of(out));
    }
}
