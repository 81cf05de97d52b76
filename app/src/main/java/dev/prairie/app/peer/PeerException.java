package dev.prairie.app.peer;

/** A peer that is not there or did not do what was asked: what is wrong; what to do. */
public final class PeerException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    PeerException(String message) {
        super(message);
    }
}
