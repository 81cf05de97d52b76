package dev.prairie.serve.engine;

import dev.prairie.model.generate.Sampling;

/** One choice of a request on its way to its answer. */
final class Sequence {
    private final Request request;
    private final int seed;
    private final int index;
    private final Event.Listener listener;
    private volatile boolean cancelled;

    /**
     * @param seed  what is added to the request's: the number of the choice among those of one prompt
     * @param index the number of the choice that the listener hears
     */
    Sequence(Request request, int seed, int index, Event.Listener listener) {
        this.request = request;
        this.seed = seed;
        this.index = index;
        this.listener = listener;
    }

    void cancel() {
        cancelled = true;
    }

    boolean cancelled() {
        return cancelled;
    }

    Request request() {
        return request;
    }

    Sampling sampling() {
        return request.sampling().withSeed(request.sampling().seed() + seed);
    }

    void emit(Event event) {
        listener.on(index, event);
    }
}
