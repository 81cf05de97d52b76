package dev.prairie.serve.engine;

/** A request that this model cannot serve, however long it waits: it is longer than the context, or than all blocks. */
public final class DoesNotFitException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    DoesNotFitException(String message) {
        super(message);
    }
}
