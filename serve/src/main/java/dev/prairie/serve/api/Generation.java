package dev.prairie.serve.api;

import dev.prairie.serve.engine.Request;
import dev.prairie.serve.resident.Lease;
import dev.prairie.text.reply.ReplyParser;
import java.util.List;
import java.util.function.Supplier;

/**
 * Text to be generated, whatever form it was asked for in.
 *
 * @param lease    the model; closed with the answer
 * @param requests one for each prompt
 * @param replies  a reader for each choice's reply
 */
public record Generation(Lease lease, List<Request> requests, Supplier<ReplyParser> replies) {
    public Generation {
        requests = List.copyOf(requests);
    }

    /** The same with every token told, for a trace. */
    Generation traced() {
        return new Generation(
                lease,
                requests.stream()
                        .map(request -> request.withScores(Math.max(0, request.scores())))
                        .toList(),
                replies);
    }

    /** How many choices the answer has, of all prompts together. */
    public int choices() {
        return requests.stream().mapToInt(Request::choices).sum();
    }

    /** The request that a choice belongs to. */
    Request request(int choice) {
        int left = choice;
        for (Request request : requests) {
            if (left < request.choices()) {
                return request;
            }
            left -= request.choices();
        }
        throw new IllegalArgumentException("choice " + choice + " of " + choices());
    }

    /** Tokens in all prompts. */
    public long promptTokens() {
        return requests.stream().mapToLong(r -> r.prompt().length).sum();
    }

    /** The most tokens that it can take, prompts and answers together. */
    public long mostTokens() {
        return promptTokens()
                + requests.stream()
                        .mapToLong(r -> (long) r.choices() * r.maxTokens())
                        .sum();
    }
}
