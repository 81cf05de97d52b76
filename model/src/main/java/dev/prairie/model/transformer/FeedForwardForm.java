package dev.prairie.model.transformer;

import dev.prairie.model.layer.Activation;
import dev.prairie.tensor.Routing;

/**
 * What a token makes of itself.
 *
 * @param width      F, inner width; of each expert where there are some
 * @param activation what bends it
 * @param gated      whether a second projection is multiplied onto it
 * @param biases     whether its projections have biases
 * @param experts    how many of it there are
 */
public record FeedForwardForm(int width, Activation activation, boolean gated, boolean biases, Experts experts) {
    /**
     * Several feed-forward parts of which a token visits a few.
     *
     * @param count   E; 0: there is one part, and every token visits it
     * @param active  how many a token visits
     * @param routing how the router's scores become weights
     * @param shared  inner width of one more that every token visits behind a gate (Qwen1.5-MoE); 0 for none
     */
    public record Experts(int count, int active, Routing routing, int shared) {
        /** No choice. */
        public static final Experts NONE = new Experts(0, 0, Routing.CHOSEN, 0);

        public Experts {
            if (count < 0 || active < (count > 0 ? 1 : 0) || active > count)
                throw new IllegalArgumentException(
                        "config: a token visits " + active + " of " + count + " experts; must be from 1 to all");
            if (shared < 0 || (count == 0 && shared > 0))
                throw new IllegalArgumentException("config: shared expert of width " + shared + " of " + count);
            if (routing == Routing.GATE)
                throw new IllegalArgumentException("config: experts are weighed by SHARE or CHOSEN, not by GATE");
        }
    }

    public FeedForwardForm {
        TransformerConfig.positive("feedForward", width);
        if (!gated && activation == Activation.SILU)
            throw new IllegalArgumentException("config: SILU without a gate is not supported; use GELU");
    }

    /** The Llama form. */
    public static FeedForwardForm swiGlu(int width) {
        return new FeedForwardForm(width, Activation.SILU, true, false, Experts.NONE);
    }

    /** The same with another activation. */
    public FeedForwardForm withActivation(Activation activation) {
        return new FeedForwardForm(width, activation, gated, biases, experts);
    }

    public FeedForwardForm withBiases(boolean biases) {
        return new FeedForwardForm(width, activation, gated, biases, experts);
    }

    public FeedForwardForm withExperts(Experts experts) {
        return new FeedForwardForm(width, activation, gated, biases, experts);
    }

    public FeedForwardForm withWidth(int width) {
        return new FeedForwardForm(width, activation, gated, biases, experts);
    }
}
