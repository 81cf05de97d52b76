package dev.prairie.model.transformer;

/**
 * What goes into the first layer besides the token's row and its place.
 *
 * @param scale  the token's row is multiplied by it (Gemma: √C); 1 for none
 * @param types  rows of a table of segment types, of which the first is added (BERT); 0 for none
 * @param normed whether the sum is normalised (BERT)
 */
public record EmbeddingForm(float scale, int types, boolean normed) {
    /** The row as it is. */
    public static final EmbeddingForm PLAIN = new EmbeddingForm(1, 0, false);

    public EmbeddingForm {
        if (!(scale > 0) || scale == Float.POSITIVE_INFINITY)
            throw new IllegalArgumentException("config: embedding scale " + scale + " must be positive");
        if (types < 0) throw new IllegalArgumentException("config: types is " + types + ", must be 0 or more");
    }
}
