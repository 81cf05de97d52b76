package dev.prairie.serve.api;

import dev.prairie.model.generate.Sampling;
import dev.prairie.serve.engine.Request;
import dev.prairie.serve.resident.Lease;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What is wanted of an answer's tokens, whatever the prompt: a {@link Request} without one.
 *
 * @param maxTokens how many at most; where nothing is said, as many as fit
 * @param fewer     whether fewer will do where not all of {@code maxTokens} fit
 */
public record Decoding(
        Sampling sampling,
        int choices,
        OptionalLong maxTokens,
        boolean fewer,
        List<String> stop,
        Set<Integer> stopTokens,
        boolean ignoreEnd,
        int scores,
        boolean promptScores) {
    /** One answer by plain sampling. */
    public static final Decoding DEFAULT =
            new Decoding(Sampling.DEFAULT, 1, OptionalLong.empty(), false, List.of(), Set.of(), false, -1, false);

    public Decoding withSampling(Sampling value) {
        return new Decoding(value, choices, maxTokens, fewer, stop, stopTokens, ignoreEnd, scores, promptScores);
    }

    public Decoding withChoices(int value) {
        return new Decoding(sampling, value, maxTokens, fewer, stop, stopTokens, ignoreEnd, scores, promptScores);
    }

    public Decoding withMaxTokens(OptionalLong value) {
        return new Decoding(sampling, choices, value, fewer, stop, stopTokens, ignoreEnd, scores, promptScores);
    }

    /** As many tokens as fit, and at most {@code value}. */
    public Decoding withMaxTokensThatFit(OptionalLong value) {
        return new Decoding(sampling, choices, value, true, stop, stopTokens, ignoreEnd, scores, promptScores);
    }

    public Decoding withStop(List<String> value) {
        return new Decoding(sampling, choices, maxTokens, fewer, value, stopTokens, ignoreEnd, scores, promptScores);
    }

    /** Ids that end the answer too, and whether the model's own ends do not. */
    public Decoding withEnds(Set<Integer> tokens, boolean ignoreOwn) {
        return new Decoding(sampling, choices, maxTokens, fewer, stop, tokens, ignoreOwn, scores, promptScores);
    }

    /** Log-probabilities with so many alternatives each, or −1 for none; and whether the prompt has them too. */
    public Decoding withScores(int alternatives, boolean ofPrompt) {
        return new Decoding(sampling, choices, maxTokens, fewer, stop, stopTokens, ignoreEnd, alternatives, ofPrompt);
    }

    /**
     * The request that it makes of a prompt.
     *
     * @param field  where the prompt came from, for errors
     * @param marked whether special tokens are spelled out in the answer
     * @throws ApiException 400 if the prompt is empty, or with it the answer does not fit the model's context
     */
    public Request.Builder request(int[] prompt, String field, boolean marked, Lease lease, String tenant) {
        if (prompt.length == 0) {
            throw ApiException.invalid(field, "empty, give at least one token");
        }
        long room = (long) lease.model().contextLength() - prompt.length;
        if (room < (fewer ? 1 : maxTokens.orElse(1))) {
            throw tooLong(prompt.length, field, lease);
        }
        return Request.builder(prompt, (int) Math.min(room, maxTokens.orElse(room)))
                .sampling(sampling)
                .choices(choices)
                .stop(stop)
                .stopTokens(stopTokens)
                .ignoreEnd(ignoreEnd)
                .marked(marked)
                .scores(scores)
                .promptScores(promptScores)
                .adapter(lease.adapter())
                .tenant(tenant);
    }

    /** 400: {@code length} tokens of prompt and what is wanted after them are more than the context. */
    public ApiException tooLong(int length, String field, Lease lease) {
        String asked = maxTokens.isPresent() && !fewer
                ? maxTokens.getAsLong() + " more are asked for"
                : "at least 1 more is needed";
        return new ApiException(
                400,
                "invalid_request_error",
                "This model's maximum context length is " + lease.model().contextLength()
                        + " tokens, but the prompt has " + length + " and " + asked + "; shorten one of them.",
                field,
                "context_length_exceeded");
    }
}
