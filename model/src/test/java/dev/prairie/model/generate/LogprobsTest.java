package dev.prairie.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogprobsTest {
    private static float[] logits(int n, float spread) {
        var random = new Random(n);
        float[] logits = new float[n];
        for (int i = 0; i < n; i++) logits[i] = (float) random.nextGaussian() * spread + 3;
        return logits;
    }

    @Test
    void ofAFewByHand() {
        float[] logits = {(float) Math.log(1), (float) Math.log(2), (float) Math.log(5)};
        TokenScore score = Logprobs.of(logits, 1, 2);
        assertThat(score.id()).isEqualTo(1);
        assertThat(score.logprob()).isCloseTo((float) Math.log(0.25), within(1e-7f));
        assertThat(score.top()).containsExactly(2, 1);
        assertThat(score.topLogprobs()[0]).isCloseTo((float) Math.log(0.625), within(1e-7f));
        assertThat(score.topLogprobs()[1]).isEqualTo(score.logprob());
        assertThat(Logprobs.of(logits, 1, 0).top()).isEmpty();
        assertThat(Logprobs.of(logits, 1, 20).top()).containsExactly(2, 1, 0);
        assertThat(Logprobs.of(new float[] {7}, 0, 1).logprob()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 100, 255, 256, 257, 1024, 1025, 5000, 128_256})
    void agreesWithDoublesOverSortedIds(int vocabulary) {
        for (float spread : new float[] {0, 0.1f, 3, 60}) {
            float[] logits = logits(vocabulary, spread);
            if (vocabulary > 2) logits[1] = Float.NEGATIVE_INFINITY;
            double largest = IntStream.range(0, vocabulary)
                    .mapToDouble(i -> logits[i])
                    .max()
                    .orElseThrow();
            double sum = largest
                    + Math.log(IntStream.range(0, vocabulary)
                            .mapToDouble(i -> Math.exp(logits[i] - largest))
                            .sum());
            int[] sorted = IntStream.range(0, vocabulary)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer i) -> -logits[i])
                            .thenComparingInt(i -> i))
                    .limit(20)
                    .mapToInt(i -> i)
                    .toArray();
            int id = vocabulary / 2;
            TokenScore score = Logprobs.of(logits, id, 20);
            assertThat(score.top()).isEqualTo(sorted);
            for (int i = 0; i < sorted.length; i++)
                assertThat((double) score.topLogprobs()[i]).isCloseTo(logits[sorted[i]] - sum, error(sum));
            assertThat((double) score.logprob()).isCloseTo(logits[id] - sum, error(sum));
            if (vocabulary > 2) assertThat(Logprobs.of(logits, 1, 1).logprob()).isEqualTo(Float.NEGATIVE_INFINITY);
        }
    }

    /** One rounding to float, of numbers up to some hundred. */
    private static Offset<Double> error(double sum) {
        return within(1e-8 + Math.ulp((float) (Math.abs(sum) + 300)) / 2.0);
    }

    @Test
    void theGreedyTokenIsToldByEquality() {
        float[] logits = logits(40_000, 2);
        int best = new Sampler(Sampling.GREEDY).next(logits);
        TokenScore greedy = Logprobs.of(logits, best, 1);
        assertThat(greedy.logprob()).isEqualTo(greedy.topLogprobs()[0]);
        logits[39_999] = logits[best]; // an equal logit has an equal log-probability, whichever comes first
        TokenScore equal = Logprobs.of(logits, 39_999, 3);
        assertThat(equal.logprob()).isEqualTo(equal.topLogprobs()[0]).isEqualTo(equal.topLogprobs()[1]);
        assertThat(equal.top()).startsWith(best, 39_999);
        assertThat(Logprobs.of(new float[3000], 7, 4).top()).containsExactly(0, 1, 2, 3);
    }

    @Test
    void aRowOfManyIsScoredWhereItLies() {
        float[] logits = logits(3 * 1500, 2);
        float[] second = Arrays.copyOfRange(logits, 1500, 3000);
        var scratch = new Scratch();
        TokenScore alone = Logprobs.of(second, 77, 5);
        assertThat(Logprobs.of(logits, 1500, 1500, 77, 5, scratch)).isEqualTo(alone);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rows = arena.allocateFrom(ValueLayout.JAVA_FLOAT, logits);
            assertThat(Logprobs.of(rows.asSlice(6000, 6000), 77, 5, scratch)).isEqualTo(alone);
        }
    }

    @Test
    void whatCannotBeScoredIsNamed() {
        float[] logits = {0, 1};
        assertThatThrownBy(() -> Logprobs.of(logits, 2, 1)).hasMessage("logprobs: token 2, but ids are 0 to 1");
        assertThatThrownBy(() -> Logprobs.of(logits, -1, 1)).hasMessageContaining("token -1");
        assertThatThrownBy(() -> Logprobs.of(logits, 0, -1)).hasMessageContaining("the -1 best");
        assertThatThrownBy(() -> Logprobs.of(new float[] {0, Float.NaN}, 0, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("not numbers");
    }

    @Test
    void weightsAreCloseToTheExponential() {
        float[] logits = new float[9000];
        for (int i = 0; i < logits.length; i++) logits[i] = -i * 0.01f;
        logits[8999] = Float.NEGATIVE_INFINITY;
        float[] weights = new float[logits.length];
        Rows.weights(logits, logits.length, 0, 1, weights);
        for (int i = 0; i < 7900; i++)
            assertThat(weights[i] / Math.exp(logits[i])).isCloseTo(1, within(1e-7 + Math.exp(-80 - logits[i])));
        for (int i = 8001; i < weights.length; i++) assertThat(weights[i]).isZero();
    }
}
