package dev.prairie.model.transformer;

import dev.prairie.model.layer.FeedForward;
import dev.prairie.model.layer.Linear;
import dev.prairie.model.layer.Normalization;
import dev.prairie.model.layer.Residual;
import dev.prairie.model.transformer.FeedForwardForm.Experts;
import dev.prairie.model.transformer.Transformer.Embedding;
import dev.prairie.model.transformer.Transformer.Layer;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a {@link Transformer} is put together from: the values of its config become layers over its weights. */
final class Parts {
    private final TransformerConfig config;
    private final Map<String, Tensor> parameters;
    private final Linear.Maker linears;

    Parts(TransformerConfig config, Map<String, Tensor> parameters, Linear.Maker linears) {
        this.config = config;
        this.parameters = checked(config, parameters);
        this.linears = linears;
    }

    /** All weights, in the order of the forward pass. */
    Map<String, Tensor> parameters() {
        return parameters;
    }

    Embedding embedding() {
        return new Embedding(
                parameter("tokens.weight"),
                config.embedding().scale(),
                parameters.get("types.weight"),
                parameters.get("positions.weight"),
                config.embedding().normed() ? normalization("tokens.norm") : null);
    }

    @Nullable
    Normalization lastNorm() {
        return config.norm().order() == NormForm.Order.AFTER ? null : normalization("norm");
    }

    @Nullable
    Linear head() {
        return switch (config.head().kind()) {
            case TIED -> linears.make(parameter("tokens.weight"), null);
            case OWN -> linears.make(parameter("head.weight"), null);
            case NONE -> null;
        };
    }

    // ---- layers ------------------------------------------------------------------------------------------------

    List<Layer> layers() {
        var layers = new ArrayList<Layer>();
        switch (config.positions()) {
            case Positions.Learned learned -> {
                for (int l = 0; l < config.layers(); l++) layers.add(layer(l, null));
            }
            case Positions.Rope rope -> {
                Rotary everywhere = rope.rotary(config.context()); // the same object for all layers, see Rotary
                Rotary nearby = rope.localRotary().orElse(everywhere);
                for (int l = 0; l < config.layers(); l++) {
                    Rotary rotary = config.attention().local(l) ? nearby : everywhere;
                    layers.add(layer(l, rope.turns(l) ? rotary : null));
                }
            }
        }
        return List.copyOf(layers);
    }

    private Layer layer(int l, @Nullable Rotary rotary) {
        String name = "layers." + l + ".";
        boolean normed = config.attention().queryKeyNorm();
        float epsilon = config.norm().epsilon();
        return new Layer(
                residual(name + "attention"),
                linear(name + "attention.q"),
                linear(name + "attention.k"),
                linear(name + "attention.v"),
                normed ? new Normalization.Rms(parameter(name + "attention.q.norm.weight"), epsilon) : null,
                normed ? new Normalization.Rms(parameter(name + "attention.k.norm.weight"), epsilon) : null,
                rotary,
                config.attention().scoring(l),
                linear(name + "attention.out"),
                residual(name + "feedforward"),
                feedForward(name + "feedforward."));
    }

    private Residual residual(String name) {
        Normalization norm = normalization(name + ".norm");
        return switch (config.norm().order()) {
            case BEFORE -> new Residual.Before(norm);
            case BOTH -> new Residual.Both(norm, normalization(name + ".after.norm"));
            case AFTER -> new Residual.After(norm);
        };
    }

    private FeedForward feedForward(String name) {
        Experts form = config.feedForward().experts();
        if (form.count() == 0) return part(name);
        var experts = new ArrayList<FeedForward>();
        for (int e = 0; e < form.count(); e++) experts.add(part(name + "experts." + e + "."));
        var chosen = new FeedForward.Mixture(linear(name + "router"), form.active(), form.routing(), experts);
        if (form.shared() == 0) return chosen;
        var gate = linear(name + "shared.router");
        return new FeedForward.Sum(
                chosen, new FeedForward.Mixture(gate, 1, Routing.GATE, List.of(part(name + "shared."))));
    }

    private FeedForward part(String name) {
        FeedForwardForm form = config.feedForward();
        Linear up = linear(name + "up");
        Linear down = linear(name + "down");
        return form.gated()
                ? new FeedForward.Gated(form.activation(), linear(name + "gate"), up, down)
                : new FeedForward.Plain(form.activation(), up, down);
    }

    private Linear linear(String name) {
        return linears.make(parameter(name + ".weight"), parameters.get(name + ".bias"));
    }

    private Normalization normalization(String name) {
        Tensor weight = parameter(name + ".weight");
        float epsilon = config.norm().epsilon();
        return switch (config.norm().kind()) {
            case RMS -> new Normalization.Rms(weight, epsilon);
            case LAYER -> new Normalization.Layer(weight, parameter(name + ".bias"), epsilon);
        };
    }

    // ---- weights -----------------------------------------------------------------------------------------------

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
