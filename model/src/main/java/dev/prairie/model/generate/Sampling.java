package dev.prairie.model.generate;

/**
 * How the next token is picked.
 *
 * @param temperature       divides the logits; 0 always takes the most likely token
 * @param topK              keep only the k most likely; 0 keeps all
 * @param topP              keep the smallest set whose probability reaches p (Holtzman et al. 2019, arXiv 1904.09751);
 *                          1 keeps all
 * @param minP              keep what is at least this share of the most likely one's probability (arXiv 2407.01082); 0
 *                          keeps all
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens seen before (Keskar et al. 2019,
 *                          arXiv 1909.05858); 1 is none
 * @param seed              of the dice: the same seed and logits give the same tokens
 */
public record Sampling(float temperature, int topK, float topP, float minP, float repetitionPenalty, long seed) {
    /** Plain sampling from the model's own distribution. */
    public static final Sampling DEFAULT = new Sampling(1, 0, 1, 0, 1, 0);

    /** Always the most likely token. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0, 1, 0);

    public Sampling {
        check("temperature", temperature, temperature >= 0 && temperature <= 100, "from 0 to 100");
        check("topK", topK, topK >= 0, "0 (off) or more");
        check("topP", topP, topP > 0 && topP <= 1, "above 0 and at most 1");
        check("minP", minP, minP >= 0 && minP <= 1, "from 0 to 1");
        check("repetitionPenalty", repetitionPenalty, repetitionPenalty > 0 && repetitionPenalty <= 100, "above 0");
    }

    private static void check(String name, Number value, boolean good, String must) {
        if (!good) throw new IllegalArgumentException("sampling: " + name + " is " + value + ", must be " + must);
    }

    public Sampling withTemperature(float value) {
        return new Sampling(value, topK, topP, minP, repetitionPenalty, seed);
    }

    public Sampling withSeed(long value) {
        return new Sampling(temperature, topK, topP, minP, repetitionPenalty, value);
    }
}
