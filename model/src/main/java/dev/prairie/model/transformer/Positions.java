package dev.prairie.model.transformer;

import dev.prairie.tensor.Rotary;
import java.util.Optional;

/** How a token knows its place. */
public sealed interface Positions {
    /** By a learned table {@code (T, C)}. */
    record Learned() implements Positions {}

    /**
     * By turning queries and keys.
     *
     * @param width      how many numbers of a head turn: all of them, or the first so many (Phi-4-mini)
     * @param theta      base of the angles
     * @param scaling    how they were stretched to a longer context
     * @param localTheta base in local layers, which are not stretched then (Gemma 3); 0: they turn as the others do
     * @param skipEvery  in every n-th layer nothing turns (SmolLM3, arXiv 2501.18795); 0: in all it does
     */
    record Rope(int width, float theta, RopeScaling scaling, float localTheta, int skipEvery) implements Positions {
        public Rope {
            TransformerConfig.positive("rotary width", width);
            if (width % 2 != 0)
                throw new IllegalArgumentException("config: rotary width " + width + " must be even to be rotated");
            if (!(theta > 0) || theta == Float.POSITIVE_INFINITY)
                throw new IllegalArgumentException("config: theta " + theta + " must be positive");
            if (!(localTheta >= 0) || localTheta == Float.POSITIVE_INFINITY)
                throw new IllegalArgumentException(
                        "config: localTheta " + localTheta + " must be positive, 0 for none");
            if (skipEvery < 0)
                throw new IllegalArgumentException("config: skipEvery is " + skipEvery + ", must be 0 (never) or more");
            scaling.check(width);
        }

        /** The plain form. */
        public Rope(int width, float theta) {
            this(width, theta, RopeScaling.NONE, 0, 0);
        }

        /** Whether layer {@code l} turns anything. */
        public boolean turns(int l) {
            return skipEvery == 0 || (l + 1) % skipEvery != 0;
        }

        /** How queries and keys turn in a model that is run with {@code context} positions. */
        public Rotary rotary(int context) {
            return scaling.rotary(width, theta, context);
        }

        /** How they turn in local layers, where that is another way. */
        public Optional<Rotary> localRotary() {
            return localTheta == 0 ? Optional.empty() : Optional.of(Rotary.of(width, localTheta));
        }

        /** The same with another base. */
        public Rope withTheta(float theta) {
            return new Rope(width, theta, scaling, localTheta, skipEvery);
        }
    }
}
