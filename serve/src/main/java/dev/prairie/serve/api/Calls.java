package dev.prairie.serve.api;

import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.resident.ModelCard;
import dev.prairie.serve.resident.Models;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/** What all calls of a server share: the models, and the answers that are being given. */
public final class Calls {
    private final Models models;
    private final Duration patience;
    private final Outcome.Observer observer;
    private final Traces traces = new Traces();
    private final Set<Answer> open = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition left = lock.newCondition();
    private int working;
    private volatile boolean stopping;
    private volatile boolean aborted;

    /**
     * @param patience a stream that has nothing to say for this long says so
     * @param observer is told what came of each call
     */
    public Calls(Models models, Duration patience, Outcome.Observer observer) {
        this.models = models;
        this.patience = patience;
        this.observer = observer;
    }

    public Models models() {
        return models;
    }

    public Duration patience() {
        return patience;
    }

    /** What was traced on demand. */
    public Traces traces() {
        return traces;
    }

    /** A request has come: from here on it has an id, and so has its answer. */
    public void begin(Context context) {
        Meter.begin(context);
    }

    /** The request has been answered, one way or another. */
    public void end(Context context) {
        observer.over(Meter.of(context).outcome(context));
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
        lock.lock();
        try {
            stopping = true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until no call works any more, or {@code patience} is over; whether none does. */
    public boolean awaitIdle(Duration patience) throws InterruptedException {
        lock.lock();
        try {
            long nanos = patience.toNanos();
            while (working > 0 && nanos > 0) {
                nanos = left.awaitNanos(nanos);
            }
            return working == 0;
        } finally {
            lock.unlock();
        }
    }

    /** A call begins to work, unless the server takes nothing new. */
    void enter() {
        lock.lock();
        try {
            if (stopping) {
                throw ApiException.stopping();
            }
            working++;
        } finally {
            lock.unlock();
        }
    }

    void leave() {
        lock.lock();
        try {
            working--;
            left.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends what is still open. */
    public void abort() {
        drain();
        aborted = true;
        open.forEach(Answer::abort);
    }

    /** What is told of the model of that name, which is not loaded for it; or a 404 that names those that are here. */
    public ModelCard card(String id) {
        return models.cards().stream()
                .filter(card -> card.id().equals(id))
                .findFirst()
                .orElseThrow(() -> unknown(id));
    }

    /** The model of that name, or a 404 that names those that are here. */
    Lease lease(String id) {
        return models.lease(id).orElseThrow(() -> unknown(id));
    }

    private ApiException unknown(String id) {
        String names =
                models.cards().stream().map(card -> "\"" + card.id() + "\"").collect(Collectors.joining(", "));
        return new ApiException(
                404,
                "invalid_request_error",
                "model: \"" + id + "\" is not here, " + names + (models.cards().size() == 1 ? " is" : " are"),
                "model",
                "model_not_found");
    }

    void opened(Answer answer) {
        open.add(answer);
        if (aborted) {
            answer.abort();
        }
    }

    void closed(Answer answer) {
        open.remove(answer);
    }
}
