package dev.prairie.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.generate.Generator;
import dev.prairie.model.layer.Linear;
import dev.prairie.model.transformer.FeedForwardForm.Experts;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.autograd.Tape;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.ProfiledKernels;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterTest {
    private final Arena arena = Arena.ofShared();
    private final Slab slab = new Slab();
    private final ReferenceKernels reference = new ReferenceKernels();

    @AfterEach
    void close() {
        slab.close();
        arena.close();
    }

    private Transformer model(String form) {
        var llama = TransformerConfig.llama(29, 40, 2, 16, 4, 2, 22, true);
        TransformerConfig config = switch (form) {
            case "gpt2" -> TransformerConfig.gpt2(29, 40, 2, 15, 3);
            case "experts" ->
                llama.withFeedForward(FeedForwardForm.swiGlu(9).withExperts(new Experts(4, 2, Routing.CHOSEN, 7)));
            default -> llama;
        };
        var model = Transformer.initialise(config, arena, 3);
        model.parameters().values().forEach(t -> {
            if (Transformer.decays(t)) reference.scale(t, t, 12);
        });
        return model;
    }

    /** Of every projection, or of some. */
    private Adapter adapter(String name, TransformerConfig base, int rank, String pattern) {
        var random = new Random(name.hashCode());
        var weights = new LinkedHashMap<String, LowRank>();
        base.projections().forEach((weight, shape) -> {
            if (weight.matches(pattern))
                weights.put(
                        weight,
                        new LowRank(
                                random(random, Shape.of(rank, shape.dim(1))),
                                random(random, Shape.of(rank, shape.dim(0))),
                                0.7f));
        });
        return new Adapter(name, weights);
    }

    private Tensor random(Random random, Shape shape) {
        Tensor t = Tensor.zeros(arena, shape);
        for (long i = 0; i < shape.size(); i++) t.set(i, (float) (0.2 * random.nextGaussian()));
        return t;
    }

    private static int[] ids(int n) {
        return new Random(7).ints(n, 0, 29).toArray();
    }

    private float[] logits(GradKernels kernels, Transformer model, Tokens tokens) {
        slab.reset();
        return model.forward(new Ops(kernels, slab), tokens, KvCache.NONE).toFloats();
    }

    /** Four sequences of 3, 18, 1 and 5 tokens: few rows and many. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt2", "experts"})
    void aBatchOfSeveralIsEachAlone(String form) {
        Transformer base = model(form);
        TransformerConfig c = base.config();
        Transformer model = base.withAdapters(
                List.of(adapter("a", c, 3, ".*"), adapter("b", c, 5, ".*(attention\\.[qv]|down)\\.weight")));
        int[] lengths = {3, 18, 1, 5};
        int[] wanted = {0, 1, 2, 1};
        int[] starts = {0, 3, 21, 22, 27};
        int[] ids = ids(27);
        int[] positions = new int[27];
        for (int b = 0; b < 4; b++) for (int i = 0; i < lengths[b]; i++) positions[starts[b] + i] = i;
        for (Devices.Usable device : Devices.probe().usable())
            try (Device opened = device.provider().open(2)) {
                GradKernels kernels = opened.gradKernels();
                float[] together = logits(kernels, model, new Tokens(ids, positions, starts, wanted));
                for (int b = 0; b < 4; b++) {
                    Tokens one = Tokens.sequence(0, Arrays.copyOfRange(ids, starts[b], starts[b + 1]));
                    float[] alone = logits(kernels, model, one.withAdapter(wanted[b]));
                    float[] mine = Arrays.copyOfRange(together, 29 * starts[b], 29 * starts[b + 1]);
                    close(mine, alone, 1e-4);
                    float[] plain = logits(kernels, base, one);
                    if (wanted[b] == 0) assertThat(alone).isEqualTo(plain);
                    else assertThat(worst(alone, plain)).isGreaterThan(0.05);
                }
            }
    }

    @Test
    void withoutAdaptersNothingElseRuns() {
        Transformer base = model("llama");
        Transformer model = base.withAdapters(List.of(adapter("a", base.config(), 3, ".*")));
        var profiled = new ProfiledKernels(reference);
        float[] plain = logits(profiled, base, Tokens.rows(3, ids(12)));
        List<String> kernels = calls(profiled);
        profiled.reset();
        assertThat(logits(profiled, model, Tokens.rows(3, ids(12)))).isEqualTo(plain);
        assertThat(calls(profiled)).isEqualTo(kernels);
    }

    private static List<String> calls(ProfiledKernels kernels) {
        return kernels.lines().stream()
                .map(l -> l.op() + " " + l.calls())
                .sorted()
                .toList();
    }

    /** The first single token records, the others are replayed. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt2", "experts"})
    void tokenByTokenIsTheWhole(String form) {
        Transformer base = model(form);
        Transformer model =
                base.withAdapters(List.of(adapter("a", base.config(), 3, ".*"), adapter("b", base.config(), 2, ".*")));
        int[] ids = ids(9);
        for (int adapter = 0; adapter < 3; adapter++) {
            float[] whole = logits(reference, model, Tokens.sequence(0, ids).withAdapter(adapter));
            try (var session = new Generator(model, reference, DType.F32, adapter).open(9)) {
                session.feed(Arrays.copyOf(ids, 4));
                for (int i = 4; i < 9; i++)
                    assertThat(session.feed(ids[i])).isEqualTo(Arrays.copyOfRange(whole, 29 * i, 29 * (i + 1)));
            }
        }
    }

    /** Through a base that does not learn, packed too; recomputed too. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt2", "experts"})
    void gradientsAreThoseOfFiniteDifferences(String form) {
        Transformer base = model(form);
        Adapter a = adapter("a", base.config(), 2, ".*"), b = adapter("b", base.config(), 3, ".*");
        Transformer model = base.withAdapters(List.of(a, b));
        int[] ids = ids(12);
        int[] targets = new Random(8).ints(12, 0, 29).toArray();
        Tokens tokens = new Tokens(ids, Tokens.rows(3, ids).positions(), new int[] {0, 4, 8, 12}, new int[] {1, 2, 1});
        Map<Tensor, float[]> gradients = gradients(model, List.of(a, b), tokens, targets, false);
        gradients(model, List.of(a, b), tokens, targets, true)
                .forEach((t, g) -> assertThat(g).isEqualTo(gradients.get(t)));
        var random = new Random(1);
        for (Adapter adapter : List.of(a, b))
            adapter.weights().forEach((name, pair) -> {
                if (random.nextInt(3) > 0) return;
                for (Tensor t : List.of(pair.a(), pair.b())) {
                    int i = random.nextInt((int) t.shape().size());
                    float old = t.get(i);
                    t.set(i, old + 4e-3f);
                    double up = loss(model, tokens, targets);
                    t.set(i, old - 4e-3f);
                    double down = loss(model, tokens, targets);
                    t.set(i, old);
                    double expected = (up - down) / 8e-3;
                    assertThat((double) Objects.requireNonNull(gradients.get(t))[i])
                            .as(adapter.name() + " " + name + "[" + i + "]")
                            .isCloseTo(expected, within(2e-2 * (1 + Math.abs(expected))));
                }
            });
    }

    private double loss(Transformer model, Tokens tokens, int[] targets) {
        slab.reset();
        var ops = new Ops(reference, slab);
        double sum = 0;
        for (float l : ops.crossEntropy(model.forward(ops, tokens, KvCache.NONE), targets)
                .toFloats()) sum += l;
        return sum;
    }

    private Map<Tensor, float[]> gradients(
            Transformer model, List<Adapter> adapters, Tokens tokens, int[] targets, boolean recompute) {
        slab.reset();
        Map<Tensor, Tensor> trainable = new HashMap<>();
        for (Adapter adapter : adapters)
            adapter.weights().values().forEach(pair -> {
                trainable.put(pair.a(), Tensor.zeros(arena, pair.a().shape()));
                trainable.put(pair.b(), Tensor.zeros(arena, pair.b().shape()));
            });
        var tape = new Tape(reference, slab, trainable, recompute);
        tape.backward(tape.crossEntropy(model.forward(tape, tokens, KvCache.NONE), targets), 1);
        Map<Tensor, float[]> gradients = new HashMap<>();
        trainable.forEach((t, g) -> gradients.put(t, g.toFloats()));
        return gradients;
    }

    // ---- memory ------------------------------------------------------------------------------------------------

    private static long quarter(Shape s) {
        return DType.Q4_0.bytes(s.size());
    }

    /** Llama 3.2 1B in Q4_0, and twelve adapters of rank 16 on all projections. */
    @Test
    void twelveAdaptersTakeAFifthOfTheirBase() {
        TransformerConfig config = TransformerConfig.llama(128256, 8192, 16, 2048, 32, 8, 8192, true);
        long table = quarter(Shape.of(128256, 2048));
        long base = table; // the head's packed copy of it
        for (Shape s : config.parameterShapes().values())
            base += s.rank() == 1 ? DType.F32.bytes(s.size()) : quarter(s);
        long adapter = 0;
        for (Shape s : config.projections().values())
            adapter += DType.Q8_0.bytes(16L * s.dim(0)) + DType.Q8_0.bytes(16L * s.dim(1));
        assertThat(adapter).isEqualTo(11_976_704);
        assertThat((base + 12.0 * adapter) / base).isLessThan(1.2);
    }

    /** The same in what is allocated, on a model of a similar form. */
    @ParameterizedTest
    @ValueSource(strings = {"Q4_0", "Q8_0", "BF16"})
    void whatIsAllocatedIsAFifthToo(String type) {
        TransformerConfig config = TransformerConfig.llama(8192, 64, 2, 512, 8, 2, 2048, true);
        var weights = new LinkedHashMap<String, Tensor>();
        Transformer.initialise(config, arena, 1).parameters().forEach((name, t) -> {
            Tensor narrow = Tensor.zeros(arena, t.shape().rank() == 1 ? DType.F32 : DType.valueOf(type), t.shape());
            reference.cast(narrow, t);
            weights.put(name, narrow);
        });
        try (Device device = Devices.probe().usable().getFirst().provider().open(2)) {
            var base = new Transformer(config, weights, Linear.Maker.packing(device.kernels(), arena));
            var adapters = new ArrayList<Adapter>();
            for (int i = 0; i < 12; i++)
                adapters.add(adapter("a" + i, config, 4, ".*").beside(base, device.kernels(), arena)); // 16 of 2048
            Transformer model = base.withAdapters(adapters);
            assertThat(model.bytes() - base.bytes())
                    .isEqualTo(12 * adapters.getFirst().bytes());
            assertThat((double) model.bytes() / base.bytes()).isBetween(1.01, 1.2);
        }
    }

    @Test
    void numbersAreNoWiderThanTheBase() {
        Transformer base = model("llama");
        Adapter wide = adapter("a", base.config(), 3, ".*");
        wide.beside(base, reference, arena).weights().values().forEach(pair -> {
            assertThat(pair.a().type()).isEqualTo(DType.F32);
            assertThat(pair.scale()).isEqualTo(0.7f);
        });
        TransformerConfig config = TransformerConfig.llama(29, 40, 2, 64, 4, 2, 96, true);
        var weights = new LinkedHashMap<String, Tensor>();
        Transformer.initialise(config, arena, 1).parameters().forEach((name, t) -> {
            DType type = t.shape().rank() == 1 ? DType.F32 : name.contains("attention") ? DType.Q4_0 : DType.BF16;
            Tensor narrow = Tensor.zeros(arena, type, t.shape());
            reference.cast(narrow, t);
            weights.put(name, narrow);
        });
        var packed = new Transformer(config, weights, Linear.Maker.packing(reference, arena));
        Adapter exact = adapter("a", config, 3, ".*");
        Adapter narrow = exact.beside(packed, reference, arena);
        narrow.weights()
                .forEach((name, pair) -> assertThat(
                                List.of(pair.a().type(), pair.b().type()))
                        .as(name)
                        .containsOnly(name.contains("attention") ? DType.Q8_0 : DType.F16));
        float[] expected = logits(
                reference,
                packed.withAdapters(List.of(exact)),
                Tokens.sequence(0, ids(5)).withAdapter(1));
        float[] found = logits(
                reference,
                packed.withAdapters(List.of(narrow)),
                Tokens.sequence(0, ids(5)).withAdapter(1));
        float[] without = logits(reference, packed, Tokens.sequence(0, ids(5)));
        assertThat(worst(found, expected)).isGreaterThan(0).isLessThan(0.05 * worst(without, expected));
    }

    // ---- mistakes ----------------------------------------------------------------------------------------------

    @Test
    void whatDoesNotBelongToTheModelIsSaid() {
        Transformer base = model("llama");
        Adapter fits = adapter("fits", base.config(), 2, ".*");
        Transformer model = base.withAdapters(List.of(fits));
        assertThat(model.adapters()).containsExactly(fits);
        assertThatThrownBy(
                        () -> logits(reference, model, Tokens.sequence(0, 1, 2).withAdapter(2)))
                .hasMessage("transformer: a sequence is run with adapter 2, there are 1; see withAdapters");
        assertThatThrownBy(() -> new Generator(model, reference, DType.F32, 2))
                .hasMessage("generator: adapter 2, there are 1");
        assertThatThrownBy(() -> new Tokens(new int[1], new int[1], new int[] {0, 1}, new int[] {-1}))
                .hasMessage("tokens: adapter -1, must be 0 or more");
        assertThatThrownBy(() -> new Tokens(new int[1], new int[1], new int[] {0, 1}, new int[2]))
                .hasMessage("tokens: 1 sequences but 2 adapters");
        var thin = new LowRank(Tensor.zeros(arena, Shape.of(2, 16)), Tensor.zeros(arena, Shape.of(2, 3)), 1);
        assertThatThrownBy(() -> base.withAdapters(List.of(new Adapter("x", Map.of("head.weight", thin)))))
                .hasMessage("adapter: x changes head.weight, which is no projection");
        assertThatThrownBy(
                        () -> base.withAdapters(List.of(new Adapter("x", Map.of("layers.0.attention.q.weight", thin)))))
                .hasMessage("adapter: x has a(2, 16) and b(2, 3) for layers.0.attention.q.weight(16, 16), must be"
                        + " a(2, 16) and b(2, 16)");
    }

    private static double worst(float[] a, float[] b) {
        double worst = 0;
        for (int i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
        return worst;
    }

    private static void close(float[] found, float[] expected, double tolerance) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++)
            assertThat((double) found[i])
                    .as("[%d]", i)
                    .isCloseTo(expected[i], within(tolerance * (1 + Math.abs(expected[i]))));
    }
}
