package dev.prairie.model.generate;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntSupplier;

/** What a token costs at a vocabulary of 128 thousand, by kind of sampling: medians, for {@link SamplerTest} to print. */
final class SamplerSpeed {
    private static final int VOCABULARY = 128_256;
    private static final int ROUNDS = 2000;

    private SamplerSpeed() {}

    /** Logits as a model's: most far below the best; or all nearly alike, the worst case for what drops most at once. */
    static float[] logits(float spread, long seed) {
        var random = new SplittableRandom(seed);
        float[] logits = new float[VOCABULARY];
        for (int i = 0; i < VOCABULARY; i++) logits[i] = (float) random.nextGaussian() * spread;
        return logits;
    }

    /** Microseconds a token, by what is done. */
    static Map<String, Double> medians() {
        float[] peaked = logits(3, 1), flat = logits(0.01f, 2);
        long[] half = new long[VOCABULARY / 64];
        Arrays.setAll(half, i -> 0x5A5A_0F0F_3C3C_9669L * (i | 1));
        int[] prompt = new SplittableRandom(3).ints(2000, 0, VOCABULARY).toArray();
        Sampling plain = Sampling.DEFAULT;
        Map<String, Sampling> kinds = new LinkedHashMap<>();
        kinds.put("greedy", Sampling.GREEDY);
        kinds.put("plain", plain.withTemperature(0.8f));
        kinds.put("top-k 40", plain.withLimits(40, 1, 0, 1));
        kinds.put("top-p 0.95", plain.withLimits(0, 0.95f, 0, 1));
        kinds.put("min-p 0.05", plain.withLimits(0, 1, 0.05f, 1));
        kinds.put("typical 0.9", plain.withLimits(0, 1, 0, 0.9f));
        kinds.put("all limits", plain.withLimits(100, 0.95f, 0.01f, 0.98f));
        kinds.put("penalties", plain.withPenalties(1.1f, 0.5f, 0.5f));
        Map<String, Double> times = new LinkedHashMap<>();
        kinds.forEach((name, sampling) -> {
            var sampler = new Sampler(sampling, prompt);
            times.put(name, median(() -> sampler.next(peaked)));
            times.put(name + ", flat", median(() -> sampler.next(flat)));
        });
        var masked = new Sampler(plain);
        times.put("plain, masked", median(() -> masked.next(peaked, half)));
        var scratch = new Scratch();
        times.put(
                "logprobs, 5 best",
                median(() -> Logprobs.of(peaked, 0, VOCABULARY, 7, 5, scratch).id()));
        return times;
    }

    private static double median(IntSupplier token) {
        long[] nanos = new long[ROUNDS];
        int sum = 0;
        for (int i = 0; i < 2 * ROUNDS; i++) { // the first half warms up
            long from = System.nanoTime();
            sum += token.getAsInt();
            nanos[i % ROUNDS] = System.nanoTime() - from;
        }
        if (sum == Integer.MIN_VALUE) throw new AssertionError("unlikely");
        Arrays.sort(nanos);
        return nanos[ROUNDS / 2] / 1e3;
    }
}
