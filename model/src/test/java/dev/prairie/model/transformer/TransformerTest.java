package dev.prairie.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.cache.KvCache;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.autograd.Tape;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransformerTest {
    private final Arena arena = Arena.ofShared();
    private final Slab slab = new Slab();
    private final ReferenceKernels kernels = new ReferenceKernels();

    @AfterEach
    void close() {
        slab.close();
        arena.close();
    }

    /** Small and odd: every form that the config covers. */
    private static TransformerConfig config(String form) {
        var llama = TransformerConfig.llama(29, 20, 3, 16, 4, 2, 22, false);
        return switch (form) {
            case "gpt2" -> TransformerConfig.gpt2(29, 20, 3, 15, 3);
            case "llama" -> llama;
            case "qwen3" ->
                new TransformerConfig(
                        29,
                        20,
                        2,
                        15,
                        4,
                        2,
                        6,
                        22,
                        llama.norm(),
                        llama.positions(),
                        llama.activation(),
                        true,
                        true,
                        true,
                        1e6f,
                        1e-6f);
            default -> throw new IllegalArgumentException(form);
        };
    }

    private static int[] ids(int n) {
        return new Random(7).ints(n, 0, 29).toArray();
    }

    /** Large enough weights that attention and activations leave their linear range. */
    private Transformer model(String form) {
        var model = Transformer.initialise(config(form), arena, 3);
        model.parameters().values().forEach(t -> {
            if (Transformer.decays(t)) kernels.scale(t, t, 12);
        });
        return model;
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "qwen3"})
    void decodingWithACacheGivesTheBitsOfTheWholeForward(String form) {
        Transformer model = model(form);
        int[] ids = ids(12);
        var ops = new Ops(kernels, slab);
        Tensor whole = model.forward(ops, Tokens.sequence(0, ids), KvCache.NONE);
        TransformerConfig c = model.config();
        KvCache cache = KvCache.contiguous(arena, DType.F32, c.layers(), 1, 12, c.keyHeads(), c.headWidth());
        int at = 0;
        for (int piece : new int[] {5, 1, 1, 3, 1, 1}) {
            int[] part = java.util.Arrays.copyOfRange(ids, at, at + piece);
            Tensor logits = model.forward(ops, Tokens.sequence(at, part), cache);
            assertThat(logits.toFloats()).isEqualTo(whole.slice(at, at + piece).toFloats());
            at += piece;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "qwen3"})
    void packedSequencesDoNotSeeEachOther(String form) {
        Transformer model = model(form);
        int[] ids = ids(9);
        var ops = new Ops(kernels, slab);
        var packed = new Tokens(ids, new int[] {0, 1, 2, 3, 0, 1, 2, 3, 4}, new int[] {0, 4, 9});
        Tensor both = model.forward(ops, packed, KvCache.NONE);
        Tensor second = model.forward(ops, Tokens.sequence(0, java.util.Arrays.copyOfRange(ids, 4, 9)), KvCache.NONE);
        assertThat(both.slice(4, 9).toFloats()).isEqualTo(second.toFloats());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "qwen3"})
    void gradientsAreThoseOfTheForwardWithAndWithoutRecompute(String form) {
        Transformer model = model(form);
        int[] ids = ids(10);
        int[] targets = new Random(8).ints(10, 0, 29).toArray();
        Tokens tokens = Tokens.rows(2, ids);
        Map<String, float[]> plain = gradients(model, tokens, targets, false);
        Map<String, float[]> again = gradients(model, tokens, targets, true);
        assertThat(again.keySet()).isEqualTo(plain.keySet());
        var random = new Random(9);
        model.parameters().forEach((name, t) -> {
            assertThat(again.get(name)).as(name).isEqualTo(plain.get(name));
            int i = random.nextInt((int) t.shape().size());
            float old = t.get(i);
            t.set(i, old + 4e-3f);
            double up = loss(model, tokens, targets);
            t.set(i, old - 4e-3f);
            double down = loss(model, tokens, targets);
            t.set(i, old);
            double expected = (up - down) / 8e-3;
            assertThat((double) Objects.requireNonNull(plain.get(name))[i])
                    .as(name + "[" + i + "]")
                    .isCloseTo(expected, within(2e-2 * (1 + Math.abs(expected))));
        });
    }

    private double loss(Transformer model, Tokens tokens, int[] targets) {
        slab.reset();
        var ops = new Ops(kernels, slab);
        Tensor losses = ops.crossEntropy(model.forward(ops, tokens, KvCache.NONE), targets);
        double sum = 0;
        for (float l : losses.toFloats()) sum += l;
        return sum;
    }

    private Map<String, float[]> gradients(Transformer model, Tokens tokens, int[] targets, boolean recompute) {
        slab.reset();
        Map<Tensor, Tensor> trainable = new HashMap<>();
        model.parameters().values().forEach(t -> trainable.put(t, Tensor.zeros(arena, t.shape())));
        var tape = new Tape(kernels, slab, trainable, recompute);
        tape.backward(tape.crossEntropy(model.forward(tape, tokens, KvCache.NONE), targets), 1);
        Map<String, float[]> gradients = new HashMap<>();
        model.parameters()
                .forEach((name, t) -> gradients.put(
                        name, Objects.requireNonNull(trainable.get(t)).toFloats()));
        return gradients;
    }

    @Test
    void theSameSeedGivesTheSameWeights() {
        var config = config("gpt2");
        var a = Transformer.initialise(config, arena, 5).parameters();
        var b = Transformer.initialise(config, arena, 5).parameters();
        a.forEach((name, t) ->
                assertThat(Objects.requireNonNull(b.get(name)).toFloats()).isEqualTo(t.toFloats()));
    }

    @Test
    void countsParametersLikeGpt2() {
        assertThat(TransformerConfig.gpt2(50257, 1024, 12, 768, 12).parameters())
                .isEqualTo(124_439_808);
    }

    @Test
    void aWrongParameterIsNamed() {
        var config = config("llama");
        var given = new HashMap<>(Transformer.initialise(config, arena, 1).parameters());
        given.put("head.weight", Tensor.zeros(arena, dev.prairie.tensor.Shape.of(3, 3)));
        assertThatThrownBy(() -> new Transformer(config, given))
                .hasMessage("transformer: head.weight is (3, 3), the config says (29, 16)");
        given.remove("head.weight");
        assertThatThrownBy(() -> new Transformer(config, given)).hasMessageContaining("head.weight(29, 16) is missing");
        assertThatThrownBy(() -> TransformerConfig.gpt2(10, 10, 1, 10, 3))
                .hasMessage("config: width 10 is not a multiple of heads 3");
    }
}
