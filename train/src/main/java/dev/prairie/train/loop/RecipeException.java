package dev.prairie.train.loop;

/** A recipe that cannot be used: which key or file, what is wrong, and what would be right. */
public final class RecipeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public RecipeException(String message) {
        super(message);
    }
}
