package dev.prairie.model.transformer;

import dev.prairie.tensor.Rotary;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/**
 * How the angles of rotary positions were stretched, so that a model reads more than it was first trained on. Names and
 * formulas are those of Hugging Face transformers ({@code modeling_rope_utils.py}) and of the papers.
 *
 * <p>Two of them depend on how long texts become. Turned keys stand in a cache and cannot be turned again, so that what
 * counts is the context that the model is run with ({@link TransformerConfig#withContext}), not how much of it is filled.
 */
public sealed interface RopeScaling {
    RopeScaling NONE = new None();

    /** Angles of a head of which {@code width} numbers turn. */
    Rotary rotary(int width, float theta, int context);

    /** Refuses what does not fit to {@code width} numbers that turn. */
    default void check(int width) {}

    private static Rotary turned(int width, float magnitude, IntToDoubleFunction frequency) {
        double[] frequencies = new double[width / 2];
        for (int i = 0; i < frequencies.length; i++) frequencies[i] = frequency.applyAsDouble(i);
        return new Rotary(frequencies, magnitude);
    }

    private static double plain(int width, double theta, int i) {
        return Math.pow(theta, -2.0 * i / width);
    }

    private static void positive(String what, double value) {
        if (!(value > 0) || Double.isInfinite(value))
            throw new IllegalArgumentException(
                    "config: " + what + " of the rotary scaling is " + value + ", must be positive");
    }

    /** Not at all. */
    record None() implements RopeScaling {
        @Override
        public Rotary rotary(int width, float theta, int context) {
            return Rotary.of(width, theta);
        }
    }

    /** All angles divided by {@code factor} (Chen et al. 2023, arXiv 2306.15595). */
    record Linear(float factor) implements RopeScaling {
        public Linear {
            positive("factor", factor);
        }

        @Override
        public Rotary rotary(int width, float theta, int context) {
            return turned(width, 1, i -> plain(width, theta, i) / factor);
        }
    }

    /** A larger base where the context is longer than {@code original}: "NTK-aware", as it grows ({@code dynamic}). */
    record Dynamic(float factor, int original) implements RopeScaling {
        public Dynamic {
            positive("factor", factor);
            positive("original context", original);
        }

        @Override
        public void check(int width) {
            if (width < 4)
                throw new IllegalArgumentException(
                        "config: rotary width " + width + " is too small for dynamic scaling");
        }

        @Override
        public Rotary rotary(int width, float theta, int context) {
            double longer = (double) factor * Math.max(context, original) / original - (factor - 1);
            double base = theta * Math.pow(longer, (double) width / (width - 2));
            return turned(width, 1, i -> plain(width, base, i));
        }
    }

    /** Slow pairs divided by {@code factor}, fast ones left alone, a ramp between them (Llama 3.1, arXiv 2407.21783). */
    record Llama3(float factor, float low, float high, int original) implements RopeScaling {
        public Llama3 {
            positive("factor", factor);
            positive("low_freq_factor", low);
            positive("original context", original);
            if (!(high > low) || high == Float.POSITIVE_INFINITY)
                throw new IllegalArgumentException(
                        "config: high_freq_factor " + high + " of the rotary scaling must be above " + low);
        }

        @Override
        public Rotary rotary(int width, float theta, int context) {
            return turned(width, 1, i -> plain(width, theta, i) / divisor(plain(width, theta, i)));
        }

        /** What the plain {@code frequency} is divided by. */
        public double divisor(double frequency) {
            double turns = original * frequency / (2 * Math.PI); // over the first context
            if (turns > high) return 1;
            if (turns < low) return factor;
            double kept = (turns - low) / (high - low);
            return 1 / ((1 - kept) / factor + kept);
        }
    }

    /**
     * Like {@link Llama3} with the ramp over the pairs, and larger scores (Peng et al. 2023, arXiv 2309.00071).
     *
     * @param fast      pairs with more turns than this over the original context are left alone
     * @param slow      those with fewer are divided
     * @param magnitude of cosines and sines
     */
    record Yarn(float factor, int original, float fast, float slow, float magnitude) implements RopeScaling {
        public Yarn {
            positive("factor", factor);
            positive("original context", original);
            positive("beta_fast", fast);
            positive("beta_slow", slow);
            positive("attention factor", magnitude);
        }

        /** The magnitude that the paper found best, its section 3.4. */
        public static float magnitude(double factor) {
            return (float) (factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1);
        }

        @Override
        public Rotary rotary(int width, float theta, int context) {
            double low = Math.max(0, Math.floor(pair(fast, width, theta)));
            double high = Math.min(width - 1, Math.ceil(pair(slow, width, theta)));
            double ramp = high == low ? 1e-3 : high - low;
            return turned(width, magnitude, i -> {
                double divided = Math.clamp((i - low) / ramp, 0, 1);
                return plain(width, theta, i) * (divided / factor + 1 - divided);
            });
        }

        /** The pair, as a fraction, that turns so often over the original context. */
        private double pair(double turns, int width, double theta) {
            return width * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }
    }

    /**
     * Each pair divided by a number of its own, found by search: some for texts that fit into {@code original} positions,
     * others for a longer context (Ding et al. 2024, arXiv 2402.13753; {@code longrope}).
     */
    record Divisors(List<Float> shorter, List<Float> longer, int original, float magnitude) implements RopeScaling {
        public Divisors {
            shorter = List.copyOf(shorter);
            longer = List.copyOf(longer);
            for (float f : shorter) positive("factor", f);
            for (float f : longer) positive("factor", f);
            positive("original context", original);
            positive("attention factor", magnitude);
        }

        /** The magnitude for a context of {@code factor} times the original one, as in the paper's code. */
        public static float magnitude(double factor, int original) {
            return (float) (factor <= 1 || original <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original)));
        }

        @Override
        public void check(int width) {
            for (List<Float> factors : List.of(shorter, longer))
                if (factors.size() != width / 2)
                    throw new IllegalArgumentException("config: " + factors.size()
                            + " factors of the rotary scaling for " + width / 2 + " pairs that turn");
        }

        @Override
        public Rotary rotary(int width, float theta, int context) {
            List<Float> factors = context > original ? longer : shorter;
            return turned(width, magnitude, i -> plain(width, theta, i) / factors.get(i));
        }
    }
}
