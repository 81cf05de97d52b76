package dev.prairie.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    private static final Sampling PLAIN = Sampling.DEFAULT;

    private static float[] logs(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) logits[i] = (float) Math.log(probabilities[i]);
        return logits;
    }

    private static float[] logits() {
        return logs(0.5, 0.3, 0.15, 0.05);
    }

    private static int[] counts(Sampling sampling, float[] logits, int draws) {
        var sampler = new Sampler(sampling);
        int[] counts = new int[logits.length];
        for (int i = 0; i < draws; i++) counts[sampler.next(logits)]++;
        return counts;
    }

    /** Which ids are ever drawn. */
    private static int[] drawn(Sampling sampling, float[] logits) {
        int[] counts = counts(sampling, logits, 2000);
        return IntStream.range(0, counts.length).filter(i -> counts[i] > 0).toArray();
    }

    @Test
    void drawsFromTheDistribution() {
        // Chi-square with 3 degrees of freedom: above 16.3 once in a thousand.
        assertThat(chiSquare(counts(PLAIN, logits(), 20_000), 0.5, 0.3, 0.15, 0.05))
                .isLessThan(16.3);
        double[] squares = {0.25, 0.09, 0.0225, 0.0025}; // temperature 1/2 squares the probabilities
        for (int i = 0; i < 4; i++) squares[i] /= 0.365;
        assertThat(chiSquare(counts(PLAIN.withTemperature(0.5f), logits(), 20_000), squares))
                .isLessThan(16.3);
        double[] two = {0.625, 0.375, 0, 0};
        assertThat(chiSquare(counts(PLAIN.withLimits(2, 1, 0, 1), logits(), 20_000), two))
                .isLessThan(10.8);
        assertThat(chiSquare(counts(PLAIN, logits(), 20_000), 0.48, 0.32, 0.15, 0.05))
                .isGreaterThan(16.3);
    }

    private static double chiSquare(int[] counts, double... expected) {
        int draws = IntStream.of(counts).sum();
        double sum = 0;
        for (int i = 0; i < counts.length; i++) {
            double mean = expected[i] * draws;
            if (mean == 0) assertThat(counts[i]).isZero();
            else sum += (counts[i] - mean) * (counts[i] - mean) / mean;
        }
        return sum;
    }

    @Test
    void eachLimitKeepsWhatItsDefinitionKeeps() {
        assertThat(drawn(PLAIN, logits())).containsExactly(0, 1, 2, 3);
        assertThat(drawn(PLAIN.withLimits(2, 1, 0, 1), logits())).containsExactly(0, 1);
        assertThat(drawn(PLAIN.withLimits(0, 0.75f, 0, 1), logits())).containsExactly(0, 1);
        assertThat(drawn(PLAIN.withLimits(0, 0.81f, 0, 1), logits())).containsExactly(0, 1, 2);
        assertThat(drawn(PLAIN.withLimits(0, 1, 0.25f, 1), logits())).containsExactly(0, 1, 2);
        assertThat(drawn(PLAIN.withLimits(0, 1, 0.5f, 1), logits())).containsExactly(0, 1);
        // After top-k, 0.5 of 0.95 is more than half: top-p counts in what top-k left.
        assertThat(drawn(PLAIN.withLimits(3, 0.52f, 0, 1), logits())).containsExactly(0);
        assertThat(drawn(PLAIN.withLimits(0, 0.52f, 0, 1), logits())).containsExactly(0, 1);
        assertThat(drawn(PLAIN.withTemperature(0.01f), logits())).containsExactly(0);
        assertThat(drawn(PLAIN.withTemperature(Float.MIN_VALUE), logits())).containsExactly(0);
        assertThat(drawn(Sampling.GREEDY, logits())).containsExactly(0);
    }

    /** Entropy 1.142 nats; the surprises are 0.693, 1.204, 1.897 and 2.996, so that 1 is nearest, then 0, 2, 3. */
    @Test
    void typicalKeepsWhatIsAboutAsSurprisingAsExpected() {
        assertThat(drawn(PLAIN.withLimits(0, 1, 0, 0.2f), logits())).containsExactly(1);
        assertThat(drawn(PLAIN.withLimits(0, 1, 0, 0.31f), logits())).containsExactly(0, 1);
        assertThat(drawn(PLAIN.withLimits(0, 1, 0, 0.85f), logits())).containsExactly(0, 1, 2);
        // The most likely token is gone, so that min-p measures by the one that is left.
        assertThat(drawn(PLAIN.withLimits(0, 1, 1, 0.2f), logits())).containsExactly(1);
    }

    @Test
    void ofEqualsTheSmallerIdsStay() {
        float[] equal = new float[1500];
        assertThat(new Sampler(Sampling.GREEDY).next(equal)).isZero();
        assertThat(drawn(PLAIN.withLimits(3, 1, 0, 1), equal)).containsExactly(0, 1, 2);
        assertThat(drawn(PLAIN.withLimits(0, 0.0017f, 0, 1), equal)).containsExactly(0, 1, 2);
        assertThat(drawn(PLAIN.withLimits(0, 1, 0, 0.0017f), equal)).containsExactly(0, 1, 2);
        float[] zeros = {-1, -0f, 0, -0f};
        assertThat(drawn(PLAIN.withLimits(2, 1, 0, 1), zeros)).containsExactly(1, 2);
    }

    /** The whole definition, token by token and with the same dice: also says that a token takes one number of them. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 64, 300, 1025, 5000})
    void drawsTheTokensOfThePlainDefinition(int vocabulary) {
        var random = new Random(vocabulary);
        int trials = vocabulary > 1000 ? 15 : 60;
        for (int trial = 0; trial < trials; trial++) {
            Sampling sampling = new Sampling(
                    random.nextInt(5) == 0 ? 0 : 0.1f + 2 * random.nextFloat(),
                    random.nextBoolean() ? 0 : 1 + random.nextInt(vocabulary),
                    random.nextBoolean() ? 1 : 1 - random.nextFloat(),
                    random.nextBoolean() ? 0 : random.nextFloat() * random.nextFloat(),
                    random.nextBoolean() ? 1 : 1 - random.nextFloat(),
                    random.nextBoolean() ? 1 : 0.5f + random.nextFloat(),
                    random.nextBoolean() ? 0 : 4 * random.nextFloat() - 2,
                    random.nextBoolean() ? 0 : 4 * random.nextFloat() - 2,
                    Map.of(random.nextInt(vocabulary), 10 * random.nextFloat()),
                    trial);
            int[] prompt = random.ints(random.nextInt(9), 0, vocabulary).toArray();
            var sampler = new Sampler(sampling, prompt);
            var plain = new PlainSampler(sampling, prompt);
            float spread = random.nextInt(4);
            for (int i = 0; i < 8; i++) {
                float[] logits = new float[vocabulary];
                for (int id = 0; id < vocabulary; id++)
                    logits[id] = (float) random.nextGaussian() * spread + id * 1e-5f;
                long @Nullable [] allowed = random.nextBoolean() ? null : mask(vocabulary, random);
                assertThat(sampler.next(logits, allowed))
                        .describedAs("token %s of %s", i, sampling)
                        .isEqualTo(plain.next(logits, allowed));
            }
        }
    }

    private static long[] mask(int vocabulary, Random random) {
        long[] allowed = new long[(vocabulary + 63) / 64];
        int density = random.nextInt(3);
        for (int i = 0; i < allowed.length; i++) allowed[i] = density == 0 ? 0 : density == 1 ? -1 : random.nextLong();
        int one = random.nextInt(vocabulary);
        allowed[one / 64] |= 1L << (one % 64);
        return allowed;
    }

    @Test
    void oneCandidateIsTheGreedyToken() {
        var random = new SplittableRandom(5);
        for (int i = 0; i < 50; i++) {
            float[] logits = new float[3000];
            for (int id = 0; id < logits.length; id++) logits[id] = Math.round(random.nextDouble() * 2000);
            assertThat(new Sampler(PLAIN.withLimits(1, 1, 0, 1)).next(logits))
                    .isEqualTo(new Sampler(Sampling.GREEDY).next(logits));
        }
    }

    @Test
    void aMaskIsRespected() {
        var random = new Random(6);
        float[] logits = new float[1000];
        for (int id = 0; id < logits.length; id++) logits[id] = random.nextFloat();
        long[] allowed = new long[10]; // shorter than the vocabulary: what is beyond is not allowed
        for (int i = 0; i < allowed.length; i++) allowed[i] = random.nextLong();
        for (Sampling sampling : new Sampling[] {PLAIN, PLAIN.withLimits(50, 0.9f, 0.01f, 0.95f), Sampling.GREEDY}) {
            var sampler = new Sampler(sampling);
            for (int i = 0; i < 5_000; i++) {
                int id = sampler.next(logits, allowed);
                assertThat(id).isLessThan(640);
                assertThat(allowed[id / 64] >> (id % 64) & 1).isOne();
            }
        }
        assertThatThrownBy(() -> new Sampler(PLAIN).next(logits, new long[16]))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("of 1000 tokens the mask allows 0");
        float[] one = {1, Float.NEGATIVE_INFINITY};
        assertThatThrownBy(() -> new Sampler(Sampling.GREEDY).next(one, new long[] {2}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("of 2 tokens the mask allows 1, none with a probability above 0");
        assertThat(new Sampler(PLAIN).next(one, new long[] {-1})).isZero();
    }

    @Test
    void biasForbidsAndForces() {
        var forbidden = PLAIN.withBias(Map.of(0, -100f, 2, -100f));
        assertThat(drawn(forbidden, logits())).containsExactly(1, 3);
        assertThat(drawn(PLAIN.withBias(Map.of(3, 100f)), logits())).containsExactly(3);
        assertThat(drawn(Sampling.GREEDY.withBias(Map.of(2, 1.3f)), logits())).containsExactly(2);
        assertThatThrownBy(() -> new Sampler(PLAIN.withBias(Map.of(4, 1f))).next(logits()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("sampling: bias for token 4, but the model's ids are 0 to 3");
    }

    @Test
    void penaltiesCountWhatTheyShould() {
        // The prompt counts for repetition, each token once.
        var repeating = new Sampler(Sampling.GREEDY.withPenalties(4, 0, 0), 0, 0);
        assertThat(IntStream.range(0, 3).map(i -> repeating.next(logits()))).containsExactly(1, 2, 0);
        // The prompt does not count for the others. log 0.5 - log 0.3 = 0.51, log 0.5 - log 0.15 = 1.2.
        var presence = new Sampler(Sampling.GREEDY.withPenalties(1, 0.6f, 0), 0);
        assertThat(IntStream.range(0, 5).map(i -> presence.next(logits()))).containsExactly(0, 1, 0, 0, 0);
        // Twice 0.4 is more than 0.51, once is not; then they take turns until both have lost more than 1.2.
        var frequency = new Sampler(Sampling.GREEDY.withPenalties(1, 0, 0.4f));
        assertThat(IntStream.range(0, 7).map(i -> frequency.next(logits()))).containsExactly(0, 0, 1, 0, 1, 0, 2);
        var forAll = new Sampler(
                Sampling.GREEDY.withPenalties(1, 0.6f, 0.4f),
                IntStream.range(0, 900).toArray()); // a long prompt: the table of what was there has grown
        assertThat(IntStream.range(0, 4).map(i -> forAll.next(logits()))).containsExactly(0, 1, 0, 2);
    }

    @Test
    void theSameSeedGivesTheSameTokens() {
        assertThat(counts(PLAIN.withSeed(3), logits(), 4000)).isEqualTo(counts(PLAIN.withSeed(3), logits(), 4000));
        assertThat(counts(PLAIN.withSeed(3), logits(), 4000)).isNotEqualTo(counts(PLAIN.withSeed(4), logits(), 4000));
    }

    @Test
    void logitsStayAsTheyAreAndSamplersShareTheirScratch() {
        var scratch = new Scratch();
        Sampling sampling = PLAIN.withLimits(3, 0.9f, 0, 1).withPenalties(1.1f, 1, 1);
        var first = new Sampler(sampling.withSeed(1), scratch);
        var second = new Sampler(sampling.withSeed(2), scratch);
        var aloneFirst = new Sampler(sampling.withSeed(1));
        var aloneSecond = new Sampler(sampling.withSeed(2));
        float[] logits = logits();
        for (int i = 0; i < 100; i++) {
            assertThat(first.next(logits)).isEqualTo(aloneFirst.next(logits));
            assertThat(second.next(logits, new long[] {7})).isEqualTo(aloneSecond.next(logits, new long[] {7}));
        }
        assertThat(logits).isEqualTo(logits());
    }

    @Test
    void aTokenMakesNextToNoGarbage() {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        float[] logits = SamplerSpeed.logits(3, 1);
        Sampling sampling = PLAIN.withLimits(100, 0.9f, 0.01f, 0.95f).withPenalties(1.1f, 0, 0);
        var sampler = new Sampler(sampling.withBias(Map.of(7, 1f)));
        for (int i = 0; i < 20; i++) sampler.next(logits);
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 100; i++) sampler.next(logits);
        assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 100).isLessThan(500);
    }

    @Test
    void brokenLogitsAndSettingsAreNamed() {
        float[] late = new float[3000];
        late[2999] = Float.NaN;
        float none = Float.NEGATIVE_INFINITY;
        for (float[] broken : new float[][] {late, {Float.NaN, 1}, {1, Float.POSITIVE_INFINITY}, {none, none}})
            for (Sampling sampling : new Sampling[] {Sampling.GREEDY, PLAIN, PLAIN.withLimits(2, 0.5f, 0, 1)})
                assertThatThrownBy(() -> new Sampler(sampling).next(broken))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("not numbers");
        assertThatThrownBy(() -> new Sampler(PLAIN).next(late, new long[] {1})).hasMessageContaining("not numbers");
        assertThatThrownBy(() -> PLAIN.withTemperature(-1))
                .hasMessage("sampling: temperature is -1.0, must be from 0 to 100");
        assertThatThrownBy(() -> PLAIN.withLimits(0, 1, 0, 0)).hasMessageContaining("typicalP is 0.0");
        assertThatThrownBy(() -> PLAIN.withPenalties(1, 2.5f, 0)).hasMessageContaining("presencePenalty is 2.5");
        assertThatThrownBy(() -> PLAIN.withPenalties(1, 0, Float.NaN)).hasMessageContaining("frequencyPenalty is NaN");
        assertThatThrownBy(() -> PLAIN.withBias(Map.of(5, -101f)))
                .hasMessage("sampling: bias of token 5 is -101.0, must be from -100 to 100");
        assertThatThrownBy(() -> PLAIN.withBias(Map.of(-5, 1f))).hasMessageContaining("a token id of bias is -5");
    }

    /** Prints what a token costs; the bar is far above it, for machines with other work. */
    @Test
    @Tag("soak")
    void aVocabularyOf128ThousandIsFast() {
        SamplerSpeed.medians().forEach((kind, micros) -> {
            System.out.printf("sampler: %-22s %4.0f µs a token%n", kind, micros);
            assertThat(micros).isLessThan(10_000);
        });
    }
}
