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

    /** How many choices the answer has, of all prompts together. */
    public int choices() {
        return requests.stream().mapToInt(Request::choices).sum();
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
