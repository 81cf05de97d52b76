package dev.prairie.serve.engine;

import dev.prairie.model.generate.Sampling;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One prompt, and what is wanted of its continuation: everything that the engine knows of a request.
 *
 * @param prompt       at least one id
 * @param sampling     how tokens are picked; choice i uses the seed plus i
 * @param choices      how many continuations, which share the prompt's keys and values; at least 1
 * @param maxTokens    how many tokens are sampled at most in each; 0 only scores the prompt
 * @param stop         strings that end a continuation and are not part of it; none empty
 * @param stopTokens   ids that end it like the model's own ends
 * @param ignoreEnd    whether the model's own ends are shown as text and do not end it
 * @param marked       whether special tokens are spelled out in the text
 * @param scores       how many alternatives are told with each token's log-probability; −1 tells none of it
 * @param promptScores whether the prompt's tokens are scored too
 * @param adapter      which of the model's adapters; null is the model itself
 * @param tenant       on whose behalf: what is cached for one is never found by another
 */
public record Request(
        int[] prompt,
        Sampling sampling,
        int choices,
        int maxTokens,
        List<String> stop,
        Set<Integer> stopTokens,
        boolean ignoreEnd,
        boolean marked,
        int scores,
        boolean promptScores,
        @Nullable String adapter,
        String tenant) {
    public Request {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("prompt: 0 tokens, give at least 1");
        }
        if (choices < 1) {
            throw new IllegalArgumentException("choices: " + choices + ", give at least 1");
        }
        if (maxTokens < 0 || (maxTokens == 0 && !promptScores)) {
            throw new IllegalArgumentException("max tokens: " + maxTokens + ", give at least 1");
        }
        if (scores < -1) {
            throw new IllegalArgumentException("scores: " + scores + ", give 0 or more, or −1 for none");
        }
        prompt = prompt.clone();
        stop = List.copyOf(stop);
        stopTokens = Set.copyOf(stopTokens);
    }

    /** One continuation of {@code prompt}, with nothing special about it; the rest by {@link #builder}. */
    public static Request of(int[] prompt, Sampling sampling, int maxTokens) {
        return builder(prompt, maxTokens).sampling(sampling).build();
    }

    /** One continuation by plain sampling, unless said otherwise. */
    public static Builder builder(int[] prompt, int maxTokens) {
        return new Builder(prompt, maxTokens);
    }

    /** Names for what {@link Request} would take by position. */
    public static final class Builder {
        private final int[] prompt;
        private final int maxTokens;
        private Sampling sampling = Sampling.DEFAULT;
        private int choices = 1;
        private List<String> stop = List.of();
        private Set<Integer> stopTokens = Set.of();
        private boolean ignoreEnd;
        private boolean marked;
        private int scores = -1;
        private boolean promptScores;
        private @Nullable String adapter;
        private String tenant = "";

        private Builder(int[] prompt, int maxTokens) {
            this.prompt = prompt;
            this.maxTokens = maxTokens;
        }

        public Builder sampling(Sampling value) {
            sampling = value;
            return this;
        }

        public Builder choices(int value) {
            choices = value;
            return this;
        }

        public Builder stop(List<String> value) {
            stop = value;
            return this;
        }

        public Builder stopTokens(Set<Integer> value) {
            stopTokens = value;
            return this;
        }

        public Builder ignoreEnd(boolean value) {
            ignoreEnd = value;
            return this;
        }

        public Builder marked(boolean value) {
            marked = value;
            return this;
        }

        public Builder scores(int alternatives) {
            scores = alternatives;
            return this;
        }

        public Builder promptScores(boolean value) {
            promptScores = value;
            return this;
        }

        public Builder adapter(@Nullable String value) {
            adapter = value;
            return this;
        }

        public Builder tenant(String value) {
            tenant = value;
            return this;
        }

        public Request build() {
            return new Request(
                    prompt,
                    sampling,
                    choices,
                    maxTokens,
                    stop,
                    stopTokens,
                    ignoreEnd,
                    marked,
                    scores,
                    promptScores,
                    adapter,
                    tenant);
        }
    }
}
