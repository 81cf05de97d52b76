package dev.prairie.model.transformer;

/**
 * What keeps numbers in scale.
 *
 * @param kind    which normalization
 * @param epsilon inside of it
 * @param order   where it stands in a layer
 */
public record NormForm(Kind kind, float epsilon, Order order) {
    /** Which normalization. */
    public enum Kind {
        RMS,
        LAYER
    }

    /** Where a layer's norms stand; after the last layer comes one more, unless a layer ends in one: {@link #AFTER}. */
    public enum Order {
        BEFORE,
        BOTH,
        AFTER
    }

    public NormForm {
        if (!(epsilon >= 0)) throw new IllegalArgumentException("config: epsilon " + epsilon + " must not be negative");
    }
}
