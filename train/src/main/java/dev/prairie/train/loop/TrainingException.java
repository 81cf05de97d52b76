package dev.prairie.train.loop;

/** Training cannot go on; what was saved before stands. */
public final class TrainingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TrainingException(String message) {
        super(message);
    }
}
