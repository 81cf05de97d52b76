package dev.prairie.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static float[] logits() {
        return new float[] {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.15), (float) Math.log(0.05)
        };
    }

    private static int[] counts(Sampling sampling) {
        var sampler = new Sampler(sampling);
        int[] counts = new int[4];
        for (int i = 0; i < 4000; i++) counts[sampler.next(logits())]++;
        return counts;
    }

    @Test
    void drawsFromTheDistribution() {
        int[] counts = counts(Sampling.DEFAULT);
        double[] expected = {0.5, 0.3, 0.15, 0.05};
        for (int i = 0; i < 4; i++) assertThat(counts[i] / 4000.0).isBetween(expected[i] - 0.03, expected[i] + 0.03);
    }

    @Test
    void keepsOnlyWhatTheLimitsLeave() {
        assertThat(counts(Sampling.DEFAULT.withLimits(2, 1, 0, 1).withSeed(1))[2])
                .isZero();
        assertThat(counts(Sampling.DEFAULT.withLimits(0, 0.75f, 0, 1).withSeed(1)))
                .endsWith(0, 0)
                .doesNotContain(4000);
        assertThat(counts(Sampling.DEFAULT.withLimits(0, 1, 0.5f, 1).withSeed(1)))
                .endsWith(0, 0);
        assertThat(counts(Sampling.DEFAULT.withLimits(1, 1, 0, 1).withSeed(1))[0])
                .isEqualTo(4000);
        assertThat(counts(Sampling.GREEDY)[0]).isEqualTo(4000);
        assertThat(counts(Sampling.DEFAULT.withTemperature(0.05f).withSeed(1))[0])
                .isEqualTo(4000);
    }

    @Test
    void theSameSeedGivesTheSameTokens() {
        assertThat(counts(Sampling.DEFAULT.withSeed(3))).isEqualTo(counts(Sampling.DEFAULT.withSeed(3)));
        assertThat(counts(Sampling.DEFAULT.withSeed(3))).isNotEqualTo(counts(Sampling.DEFAULT.withSeed(4)));
    }

    @Test
    void aTokenSeenBeforeIsPenalised() {
        var sampler = new Sampler(Sampling.GREEDY.withPenalties(4, 0, 0), 0);
        assertThat(IntStream.range(0, 3).map(i -> sampler.next(logits()))).containsExactly(1, 2, 0);
    }

    @Test
    void brokenLogitsAndSettingsAreNamed() {
        assertThatThrownBy(() -> new Sampler(Sampling.GREEDY).next(new float[] {Float.NaN, 1}))
                .hasMessageContaining("not numbers");
        assertThatThrownBy(() -> Sampling.DEFAULT.withTemperature(-1))
                .hasMessage("sampling: temperature is -1.0, must be from 0 to 100");
    }

    @Test
    void generatesToTheEndOfTheContextAndPrefillsInPieces() {
        try (Arena arena = Arena.ofShared()) {
            var model = Transformer.initialise(TransformerConfig.llama(11, 300, 1, 8, 2, 1, 12, true), arena, 1);
            var generator = new Generator(model, new ReferenceKernels());
            int[] prompt = IntStream.range(0, 290).map(i -> i % 11).toArray();
            int[] made = generator.generate(prompt, 100, Sampling.GREEDY, id -> true);
            assertThat(made).hasSize(10);
            assertThat(generator.generate(prompt, 3, Sampling.GREEDY, id -> true))
                    .containsExactly(made[0], made[1], made[2]);
            assertThat(generator.generate(prompt, 3, Sampling.GREEDY, id -> false))
                    .containsExactly(made[0]);
            assertThatThrownBy(() -> generator.generate(new int[301], 1, Sampling.GREEDY, id -> true))
                    .hasMessageContaining("the prompt has 301 tokens, the context holds 300");
        }
    }
}
