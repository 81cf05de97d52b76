package dev.prairie.serve.engine;

/** The engine was closed, or its thread died: it generates nothing more. */
public final class EngineClosedException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    EngineClosedException() {
        super("the engine has stopped; start the server again");
    }
}
