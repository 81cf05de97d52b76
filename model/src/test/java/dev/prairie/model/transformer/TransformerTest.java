package dev.prairie.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.layer.Activation;
import dev.prairie.model.transformer.FeedForwardForm.Experts;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Routing;
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
                llama.withAttention(
                                AttentionForm.of(4, 2, 6).withBiases(true, true).withQueryKeyNorm(true))
                        .withPositions(new Positions.Rope(6, 1e6f))
                        .withFeedForward(llama.feedForward().withBiases(true))
                        .withHead(HeadForm.tied(true));
            case "gemma" ->
                llama.withAttention(
                                AttentionForm.of(4, 2, 4)
                                        .withQueryKeyNorm(true)
                                        .withScores(0.4f, 3)
                                        .withWindow(3, 2),
                                new Positions.Rope(4, 1e4f, new RopeScaling.Linear(2), 50, 0))
                        .withEmbedding(new EmbeddingForm(4, 0, false))
                        .withFeedForward(llama.feedForward().withActivation(Activation.GELU))
                        .withNorm(new NormForm(NormForm.Kind.RMS, 1e-5f, NormForm.Order.BOTH))
                        .withHead(new HeadForm(HeadForm.Kind.TIED, 4, HeadForm.Pooling.NONE));
            case "experts" ->
                llama.withFeedForward(FeedForwardForm.swiGlu(9).withExperts(new Experts(4, 2, Routing.CHOSEN, 0)));
            case "shared expert" ->
                llama.withFeedForward(FeedForwardForm.swiGlu(9).withExperts(new Experts(3, 3, Routing.SHARE, 7)));
            case "partly turned" ->
                llama.withPositions(new Positions.Rope(2, 1e4f, new RopeScaling.Yarn(4, 20, 32, 1, 1.2f), 0, 3));
            case "bert" -> TransformerConfig.bert(29, 20, 3, 15, 3, 22);
            default -> throw new IllegalArgumentException(form);
        };
    }

    /** Logits; of an encoder, which has none, its hidden states. */
    private static Tensor out(Transformer model, Ops ops, Tokens tokens) {
        return model.config().head().kind() == HeadForm.Kind.NONE
                ? model.hidden(ops, tokens, KvCache.NONE)
                : model.forward(ops, tokens, KvCache.NONE);
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
    @ValueSource(strings = {"gpt2", "llama", "qwen3", "gemma", "experts", "partly turned", "bert"})
    void packedSequencesDoNotSeeEachOther(String form) {
        Transformer model = model(form);
        int[] ids = ids(9);
        var ops = new Ops(kernels, slab);
        var packed = new Tokens(ids, new int[] {0, 1, 2, 3, 0, 1, 2, 3, 4}, new int[] {0, 4, 9});
        Tensor both = out(model, ops, packed);
        Tensor second = out(model, ops, Tokens.sequence(0, java.util.Arrays.copyOfRange(ids, 4, 9)));
        assertThat(both.slice(4, 9).toFloats()).isEqualTo(second.toFloats());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "qwen3", "gemma", "experts", "shared expert", "partly turned", "bert"})
    void gradientsAreThoseOfTheForwardWithAndWithoutRecompute(String form) {
        Transformer model = model(form);
        int[] ids = ids(10);
        int[] targets = new Random(8).ints(10, 0, 15).toArray(); // columns that an encoder has too
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
        Tensor losses = ops.crossEntropy(out(model, ops, tokens), targets);
        double sum = 0;
        for (float l : losses.toFloats()) sum += l;
        return sum;
    }

    private Map<String, float[]> gradients(Transformer model, Tokens tokens, int[] targets, boolean recompute) {
        slab.reset();
        Map<Tensor, Tensor> trainable = new HashMap<>();
        model.parameters().values().forEach(t -> trainable.put(t, Tensor.zeros(arena, t.shape())));
        var tape = new Tape(kernels, slab, trainable, recompute);
        tape.backward(tape.crossEntropy(out(model, tape, tokens), targets), 1);
        Map<String, float[]> gradients = new HashMap<>();
        model.parameters()
                .forEach((name, t) -> gradients.put(
                        name, Objects.requireNonNull(trainable.get(t)).toFloats()));
        return gradients;
    }

    @Test
    void saysWhatACacheTakes() {
        var config = TransformerConfig.llama(32000, 4096, 16, 2048, 32, 8, 8192, true); // 16 layers, 8 heads of 64
        assertThat(config.kvBytesPerPosition(DType.F32)).isEqualTo(2L * 16 * 8 * 64 * 4);
        assertThat(config.kvBytesPerPosition(DType.F16)).isEqualTo(2L * 16 * 8 * 64 * 2);
        assertThat(config.kvBytesPerPosition(DType.Q8_0)).isEqualTo(2L * 16 * 8 * 64 / 32 * 34);
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
