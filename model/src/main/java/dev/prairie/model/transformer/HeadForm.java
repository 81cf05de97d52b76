package dev.prairie.model.transformer;

/**
 * What is made of the last hidden states.
 *
 * @param kind    where the weights that make logits of them are
 * @param cap     c in {@code c · tanh(logit / c)} (Gemma 2); 0 for none
 * @param pooling how an encoder makes one vector of a text
 */
public record HeadForm(Kind kind, float cap, Pooling pooling) {
    /** The head's weights: those of the token table, their own, or none in an encoder. */
    public enum Kind {
        TIED,
        OWN,
        NONE
    }

    /** One vector of many: their mean, that of the first token, or that of the last. */
    public enum Pooling {
        NONE,
        MEAN,
        FIRST,
        LAST
    }

    /** A head without a cap. */
    public static HeadForm tied(boolean tied) {
        return new HeadForm(tied ? Kind.TIED : Kind.OWN, 0, Pooling.NONE);
    }

    /** An encoder's: no logits, one vector. */
    public static HeadForm pooling(Pooling pooling) {
        return new HeadForm(Kind.NONE, 0, pooling);
    }

    public HeadForm {
        if (!(cap >= 0) || cap == Float.POSITIVE_INFINITY)
            throw new IllegalArgumentException("config: cap of the logits is " + cap + ", must be 0 (none) or more");
    }
}
