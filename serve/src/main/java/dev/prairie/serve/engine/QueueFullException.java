package dev.prairie.serve.engine;

/** More requests are waiting than the engine keeps. Nothing was queued; try again when some have been answered. */
public final class QueueFullException extends RuntimeException {
    private static final long serialVersionUID = 1;

    QueueFullException(int waiting, int added, int capacity) {
        super("the queue is full: " + waiting + " waiting and " + added + " more, but " + capacity
                + " fit; try again in a moment");
    }
}
