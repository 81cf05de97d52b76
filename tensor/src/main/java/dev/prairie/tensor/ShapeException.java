package dev.prairie.tensor;

/** Shapes that do not fit together; the message names the operation and both values. */
public final class ShapeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** {@code op}: the operation as the caller wrote it; {@code why}: what disagreed, with both values. */
    public ShapeException(String op, String why) {
        super(op + ": " + why);
    }
}
