package dev.prairie.serve.engine;

/** More is waiting than the engine keeps. Nothing was queued; try again when some has been answered. */
public final class QueueFullException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private QueueFullException(String message) {
        super(message);
    }

    static QueueFullException requests(long waiting, long added, int capacity) {
        return new QueueFullException("the queue is full: " + waiting + " waiting and " + added + " more, but "
                + capacity + " fit; try again in a moment");
    }

    static QueueFullException tokens(long waiting, long added, long capacity) {
        return new QueueFullException("the queue is full: prompts of " + waiting + " tokens waiting and " + added
                + " more, but " + capacity + " fit; try again in a moment");
    }
}
