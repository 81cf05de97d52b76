package dev.prairie.model.generate;

import java.util.Map;

/**
 * How the next token is picked: what {@link Sampler} does to the logits, in the order that it names.
 *
 * @param temperature       divides the logits; 0 always takes the most likely token
 * @param topK              keep only the k most likely; 0 keeps all
 * @param topP              keep the smallest set of the most likely whose probability reaches p (Holtzman et al. 2019,
 *                          arXiv 1904.09751); 1 keeps all
 * @param minP              keep what is at least this share of the most likely one's probability (arXiv 2407.01082); 0
 *                          keeps all
 * @param typicalP          keep the smallest set of probability p whose surprise is nearest to the expected one (Meister
 *                          et al. 2022, arXiv 2202.00666); 1 keeps all
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens in the prompt or generated before
 *                          (Keskar et al. 2019, arXiv 1909.05858); 1 is none
 * @param presencePenalty   subtracted from the logits of tokens generated before; −2 to 2, 0 is none (with the next two
 *                          from OpenAI's API reference, "Create chat completion")
 * @param frequencyPenalty  subtracted from the logit of a token for each time it was generated; −2 to 2, 0 is none
 * @param bias              added to the logits of these ids; −100 to 100, where −100 is as good as forbidden
 * @param seed              of the dice: the same seed and logits give the same tokens
 */
public record Sampling(
        float temperature,
        int topK,
        float topP,
        float minP,
        float typicalP,
        float repetitionPenalty,
        float presencePenalty,
        float frequencyPenalty,
        Map<Integer, Float> bias,
        long seed) {
    /** Plain sampling from the model's own distribution. */
    public static final Sampling DEFAULT = new Sampling(1, 0, 1, 0, 1, 1, 0, 0, Map.of(), 0);

    /** Always the most likely token. */
    public static final Sampling GREEDY = DEFAULT.withTemperature(0);

    public Sampling {
        check("temperature", temperature, temperature >= 0 && temperature <= 100, "from 0 to 100");
        check("topK", topK, topK >= 0, "0 (off) or more");
        check("topP", topP, topP > 0 && topP <= 1, "above 0 and at most 1");
        check("minP", minP, minP >= 0 && minP <= 1, "from 0 to 1");
        check("typicalP", typicalP, typicalP > 0 && typicalP <= 1, "above 0 and at most 1");
        check("repetitionPenalty", repetitionPenalty, repetitionPenalty > 0 && repetitionPenalty <= 100, "above 0");
        check("presencePenalty", presencePenalty, Math.abs(presencePenalty) <= 2, "from -2 to 2");
        check("frequencyPenalty", frequencyPenalty, Math.abs(frequencyPenalty) <= 2, "from -2 to 2");
        bias = Map.copyOf(bias);
        bias.forEach((id, value) -> {
            check("a token id of bias", id, id >= 0, "0 or more");
            check("bias of token " + id, value, Math.abs(value) <= 100, "from -100 to 100");
        });
    }

    private static void check(String name, Number value, boolean good, String must) {
        if (!good) throw new IllegalArgumentException("sampling: " + name + " is " + value + ", must be " + must);
    }

    /**
     * That it can be used with a vocabulary of this many ids.
     *
     * @throws IllegalArgumentException if a bias is for none of them
     */
    public void checkIds(int vocabulary) {
        for (int id : bias.keySet())
            if (id >= vocabulary)
                throw new IllegalArgumentException(
                        "sampling: bias for token " + id + ", but the model's ids are 0 to " + (vocabulary - 1));
    }

    /** Whether what was generated or prompted before has an influence. */
    boolean remembers() {
        return repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0;
    }

    /** Whether every token with a probability may be drawn. */
    boolean unlimited() {
        return topK == 0 && topP == 1 && minP == 0 && typicalP == 1;
    }

    public Sampling withTemperature(float value) {
        return new Sampling(
                value, topK, topP, minP, typicalP, repetitionPenalty, presencePenalty, frequencyPenalty, bias, seed);
    }

    public Sampling withSeed(long value) {
        return new Sampling(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                presencePenalty,
                frequencyPenalty,
                bias,
                value);
    }

    /** With the four limits on what may be drawn; 0, 1, 0, 1 are none. */
    public Sampling withLimits(int topK, float topP, float minP, float typicalP) {
        return new Sampling(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                presencePenalty,
                frequencyPenalty,
                bias,
                seed);
    }

    /** With the three penalties on what was there before; 1, 0, 0 are none. */
    public Sampling withPenalties(float repetition, float presence, float frequency) {
        return new Sampling(temperature, topK, topP, minP, typicalP, repetition, presence, frequency, bias, seed);
    }

    public Sampling withBias(Map<Integer, Float> value) {
        return new Sampling(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                presencePenalty,
                frequencyPenalty,
                value,
                seed);
    }
}
