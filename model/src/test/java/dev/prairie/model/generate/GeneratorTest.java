package dev.prairie.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GeneratorTest {
    private final Arena arena = Arena.ofShared();
    private final Slab slab = new Slab();
    private final ReferenceKernels kernels = new ReferenceKernels();
    private final int[] ids = new Random(7).ints(30, 0, 29).toArray();

    @AfterEach
    void close() {
        slab.close();
        arena.close();
    }

    private Transformer model(String form) {
        TransformerConfig config = form.equals("gpt2")
                ? TransformerConfig.gpt2(29, 30, 2, 16, 4)
                : TransformerConfig.llama(29, 30, 2, 64, 2, 1, 24, form.equals("tied"));
        var model = Transformer.initialise(config, arena, 3);
        model.parameters().values().forEach(t -> {
            if (Transformer.decays(t)) kernels.scale(t, t, 12);
        });
        return model;
    }

    private float[] whole(Transformer model, int length) {
        slab.reset();
        var tokens = Tokens.sequence(0, Arrays.copyOf(ids, length));
        return model.forward(new Ops(kernels, slab), tokens, KvCache.NONE)
                .slice(length - 1, length)
                .toFloats();
    }

    /** The first single token records, the others are replayed; a prompt in between changes nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "tied"})
    void tokenByTokenGivesTheBitsOfTheWholeForward(String form) {
        Transformer model = model(form);
        try (var session = new Generator(model, kernels).open(30)) {
            int at = 0;
            for (int piece : new int[] {5, 1, 1, 1, 9, 1, 1, 2, 1}) {
                float[] logits = session.feed(Arrays.copyOfRange(ids, at, at + piece));
                at += piece;
                assertThat(logits).isEqualTo(whole(model, at));
            }
            session.rewind(7);
            assertThat(session.feed(ids[7])).isEqualTo(whole(model, 8));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "Q8_0"})
    void aSmallerCacheIsCloseToTheWholeForward(String type) {
        Transformer model = model("llama");
        float[] exact = whole(model, 20);
        try (var session = new Generator(model, kernels, DType.valueOf(type)).open(30)) {
            session.feed(Arrays.copyOf(ids, 12));
            float[] logits = {};
            for (int i = 12; i < 20; i++) logits = session.feed(ids[i]);
            double worst = 0, largest = 0;
            for (int i = 0; i < exact.length; i++) {
                worst = Math.max(worst, Math.abs(logits[i] - exact[i]));
                largest = Math.max(largest, Math.abs(exact[i]));
            }
            assertThat(worst / largest).isBetween(1e-9, type.equals("F16") ? 2e-3 : 8e-2);
        }
    }

    @Test
    void whatDoesNotFitIsSaid() {
        try (var session = new Generator(model("llama"), kernels).open(3)) {
            session.feed(1, 2);
            assertThatThrownBy(() -> session.feed(1, 2)).hasMessageContaining("2 tokens are in, 2 more exceed");
            assertThatThrownBy(() -> session.feed(29)).hasMessageContaining("id 29, must be from 0 to 28");
            assertThatThrownBy(() -> session.feed()).hasMessageContaining("no tokens to feed");
            assertThatThrownBy(() -> session.rewind(3)).hasMessageContaining("cannot go back to 3");
            assertThat(session.length()).isEqualTo(2);
        }
    }

    @Test
    void generatesToTheEndOfTheContextAndPrefillsInPieces() {
        var model = Transformer.initialise(TransformerConfig.llama(11, 300, 1, 8, 2, 1, 12, true), arena, 1);
        var generator = new Generator(model, kernels);
        int[] prompt = IntStream.range(0, 290).map(i -> i % 11).toArray();
        int[] made = generator.generate(prompt, 100, Sampling.GREEDY, id -> true);
        assertThat(made).hasSize(10);
        assertThat(generator.generate(prompt, 3, Sampling.GREEDY, id -> true))
                .containsExactly(made[0], made[1], made[2]);
        assertThat(generator.generate(prompt, 3, Sampling.GREEDY, id -> false)).containsExactly(made[0]);
        assertThatThrownBy(() -> generator.generate(new int[301], 1, Sampling.GREEDY, id -> true))
                .hasMessageContaining("the prompt has 301 tokens, the context holds 300");
        assertThatThrownBy(() -> generator.generate(prompt, 1, Sampling.GREEDY.withBias(Map.of(11, 1f)), id -> true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bias for token 11");
    }
}
