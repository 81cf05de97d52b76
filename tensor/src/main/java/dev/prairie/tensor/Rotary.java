package dev.prairie.tensor;

/**
 * How fast the pairs of a head turn with the position (Su et al. 2021, arXiv 2104.09864). The first
 * {@code 2 · frequencies.length} of the D numbers of a head turn, in the half-split layout: number i with number
 * i + frequencies.length. What lies behind them passes unchanged.
 *
 * <p>One object serves a whole model: devices keep the cosines and sines of the one they saw last. Its array is not to be
 * changed.
 *
 * @param frequencies radians a position, one for each pair
 * @param magnitude   what cosines and sines are multiplied by; 1 unless a way of stretching the context says otherwise
 */
public record Rotary(double[] frequencies, float magnitude) {
    public Rotary {
        for (double f : frequencies)
            if (!Double.isFinite(f)) throw new ShapeException("rotary", "frequency " + f + " must be a number");
        if (!(magnitude > 0) || magnitude == Float.POSITIVE_INFINITY)
            throw new ShapeException("rotary", "magnitude " + magnitude + " must be positive");
    }

    /** The plain form: pair i of {@code width / 2} turns by {@code theta^(-2i / width)} a position. */
    public static Rotary of(int width, double theta) {
        if (width < 2 || width % 2 != 0)
            throw new ShapeException("rotary", "width " + width + " must be even to be turned in pairs");
        if (!(theta > 0)) throw new ShapeException("rotary", "theta " + theta + " must be positive");
        double[] frequencies = new double[width / 2];
        for (int i = 0; i < frequencies.length; i++) frequencies[i] = Math.pow(theta, -2.0 * i / width);
        return new Rotary(frequencies, 1);
    }

    /** How many numbers of a head turn. */
    public int width() {
        return 2 * frequencies.length;
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return "Rotary[" + width() + " wide" + (magnitude == 1 ? "" : ", times " + magnitude) + "]";
    }
}
