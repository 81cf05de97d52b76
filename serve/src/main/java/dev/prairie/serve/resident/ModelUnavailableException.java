package dev.prairie.serve.resident;

import org.jspecify.annotations.Nullable;

/** A model that is known cannot do what is asked of it, now or ever. */
public final class ModelUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Why not. */
    public enum Reason {
        /** It is of another kind: it makes vectors and no text, for example. */
        UNSUITABLE,
        /** Its files could not be loaded; the cause says why. The next who asks tries again. */
        NOT_LOADED,
        /** Too many wait for it. */
        BUSY,
        /** The process is about to end. */
        CLOSED
    }

    private final Reason reason;

    private ModelUnavailableException(Reason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    static ModelUnavailableException unsuitable(String message) {
        return new ModelUnavailableException(Reason.UNSUITABLE, message, null);
    }

    static ModelUnavailableException notLoaded(String id, Throwable cause) {
        return new ModelUnavailableException(
                Reason.NOT_LOADED, "the model " + id + " cannot be loaded: " + cause.getMessage(), cause);
    }

    static ModelUnavailableException busy(int waiting, int fit) {
        return new ModelUnavailableException(
                Reason.BUSY,
                "the queue is full: " + waiting + " calls for vectors wait, and " + fit + " may; try again in a moment",
                null);
    }

    static ModelUnavailableException closed() {
        return new ModelUnavailableException(Reason.CLOSED, "the models are closed; start the server again", null);
    }

    public Reason reason() {
        return reason;
    }
}
