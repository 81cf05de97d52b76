package dev.prairie.app;

import dev.prairie.model.generate.Sampling;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the next token is picked; see {@link Sampling}. */
final class SamplingOptions {
    @Option(names = "--temperature", paramLabel = "T", description = "0 takes the most likely token. Default: 0.8.")
    private float temperature = 0.8f;

    @Option(names = "--top-k", paramLabel = "K", description = "Only the K most likely tokens; 0 is off, the default.")
    private int topK;

    @Option(names = "--top-p", paramLabel = "P", description = "Only the smallest set of probability P. Default: 0.95.")
    private float topP = 0.95f;

    @Option(names = "--min-p", paramLabel = "P", description = "Only tokens of this share of the best one. Default: 0.")
    private float minP;

    @Option(
            names = "--typical-p",
            paramLabel = "P",
            description = "Only tokens about as surprising as expected, of probability P. Default: 1, off.")
    private float typicalP = 1;

    @Option(names = "--repetition-penalty", paramLabel = "R", description = "Above 1 repeats less. Default: 1.")
    private float repetitionPenalty = 1;

    @Option(
            names = "--presence-penalty",
            paramLabel = "R",
            description = "Subtracted from logits of tokens written before, -2 to 2. Default: 0.")
    private float presencePenalty;

    @Option(
            names = "--frequency-penalty",
            paramLabel = "R",
            description = "Subtracted for each time that a token was written, -2 to 2. Default: 0.")
    private float frequencyPenalty;

    @Option(names = "--seed", paramLabel = "S", description = "The same seed gives the same text. Default: a new one.")
    @Nullable
    private Long seed;

    Sampling sampling() {
        long dice = seed != null ? seed : ThreadLocalRandom.current().nextLong();
        return Sampling.DEFAULT
                .withTemperature(temperature)
                .withLimits(topK, topP, minP, typicalP)
                .withPenalties(repetitionPenalty, presencePenalty, frequencyPenalty)
                .withSeed(dice);
    }
}
