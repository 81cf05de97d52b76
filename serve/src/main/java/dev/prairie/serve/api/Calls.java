package dev.prairie.serve.api;

import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.resident.Models;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** What all calls of a server share: the models, and the answers that are being given. */
public final class Calls {
    private final Models models;
    private final Duration patience;
    private final Set<Answer> open = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;

    /** @param patience a stream that has nothing to say for this long says so */
    public Calls(Models models, Duration patience) {
        this.models = models;
        this.patience = patience;
    }

    public Models models() {
        return models;
    }

    public Duration patience() {
        return patience;
    }

    /** True once the server takes nothing new. */
    public boolean stopping() {
        return stopping;
    }

    /** How many answers are being given. */
    public int open() {
        return open.size();
    }

    /** Takes nothing new from here on; what is open goes on. */
    public void drain() {
        stopping = true;
    }

    /** Ends what is still open. */
    public void abort() {
        stopping = true;
        open.forEach(Answer::abort);
    }

    /** The model of that name, or a 404 that names those that are here. */
    Lease lease(String id) {
        return models.lease(id).orElseThrow(() -> {
            String names =
                    models.cards().stream().map(card -> "\"" + card.id() + "\"").collect(Collectors.joining(", "));
            return new ApiException(
                    404,
                    "invalid_request_error",
                    "model: \"" + id + "\" is not here, " + names
                            + (models.cards().size() == 1 ? " is" : " are"),
                    "model",
                    "model_not_found");
        });
    }

    void opened(Answer answer) {
        open.add(answer);
        if (stopping) {
            answer.abort();
        }
    }

    void closed(Answer answer) {
        open.remove(answer);
    }
}
