package dev.prairie.model.transformer;

import dev.prairie.model.layer.FeedForward;
import dev.prairie.model.layer.Linear;
import dev.prairie.model.layer.Normalization;
import dev.prairie.model.layer.Residual;
import dev.prairie.model.transformer.FeedForwardForm.Experts;
import dev.prairie.model.transformer.Transformer.Embedding;
import dev.prairie.model.transformer.Transformer.Layer;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a {@link Transformer} is put together from: the values of its config become layers over its weights. */
final class Parts {
    /** The table of tokens, which may be the head too. */
    private static final String TABLE = "tokens";

    private final TransformerConfig config;
    private final Map<String, Tensor> parameters;
    private final Linear.Maker linears;
    private final Map<String, Linear> made; // without adapters, by the names of their weights
    private final List<Adapter> adapters;

    Parts(TransformerConfig config, Map<String, Tensor> parameters, Linear.Maker linears) {
        this(config, checked(config, parameters), linears, new HashMap<>(), List.of());
    }

    private Parts(
            TransformerConfig config,
            Map<String, Tensor> parameters,
            Linear.Maker linears,
            Map<String, Linear> made,
            List<Adapter> adapters) {
        this.config = config;
        this.parameters = parameters;
        this.linears = linears;
        this.made = made;
        this.adapters = adapters;
    }

    /** The same parts, which some adapters change. */
    Parts withAdapters(List<Adapter> given) {
        var names = new HashSet<String>();
        for (Adapter adapter : given)
            if (!names.add(adapter.name()))
                throw new IllegalArgumentException(
                        "adapter: two are called " + adapter.name() + "; give each a name of its own");
        Map<String, Shape> projections = config.projections();
        for (Adapter adapter : given)
            adapter.weights().forEach((name, pair) -> {
                Shape weight = projections.get(name);
                if (weight == null)
                    throw new ShapeException(
                            "adapter", adapter.name() + " changes " + name + ", which is no projection");
                Shape a = Shape.of(pair.rank(), weight.dim(1)), b = Shape.of(pair.rank(), weight.dim(0));
                if (!pair.a().shape().equals(a) || !pair.b().shape().equals(b))
                    throw new ShapeException(
                            "adapter",
                            adapter.name() + " has a" + pair.a().shape() + " and b"
                                    + pair.b().shape() + " for " + name + weight + ", must be a" + a + " and b" + b);
            });
        return new Parts(config, parameters, linears, made, List.copyOf(given));
    }

    List<Adapter> adapters() {
        return adapters;
    }

    /** Memory that all weights take which are read when the model runs. */
    long bytes() {
        long bytes = 0;
        for (var linear : made.entrySet())
            if (!(linear.getValue() instanceof Linear.Dense && linear.getKey().equals(TABLE)))
                bytes += linear.getValue().bytes();
        for (var parameter : parameters.entrySet()) {
            String stem = parameter.getKey().replaceFirst("\\.(weight|bias)$", "");
            if (stem.equals(TABLE) || !made.containsKey(stem))
                bytes += parameter.getValue().buffer().size();
        }
        return bytes + adapters.stream().mapToLong(Adapter::bytes).sum();
    }

    /** All weights, in the order of the forward pass. */
    Map<String, Tensor> parameters() {
        return parameters;
    }

    Embedding embedding() {
        return new Embedding(
                parameter(TABLE + ".weight"),
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
            case TIED -> made(TABLE);
            case OWN -> made("head");
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
        var changes = new HashMap<Integer, LowRank>();
        for (int i = 0; i < adapters.size(); i++) {
            LowRank change = adapters.get(i).weights().get(name + ".weight");
            if (change != null) changes.put(i + 1, change);
        }
        return changes.isEmpty() ? made(name) : new Linear.Lora(made(name), changes);
    }

    /** Made once, whatever adapters come and go. */
    private Linear made(String name) {
        return made.computeIfAbsent(name, n -> linears.make(parameter(n + ".weight"), parameters.get(n + ".bias")));
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
