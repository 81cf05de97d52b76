package dev.prairie.app;

/** A mistake in what was typed: {@code what is wrong; what to do}. */
final class UserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UserException(String message) {
        super(message);
    }
}
