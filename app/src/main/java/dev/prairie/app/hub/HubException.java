package dev.prairie.app.hub;

/** A hub or a stored model that is not as it should be: what is wrong; what to do. */
public final class HubException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    HubException(String message) {
        super(message);
    }

    HubException(String message, Throwable cause) {
        super(message, cause);
    }
}
