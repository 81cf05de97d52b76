package dev.prairie.tensor.reference;

/** The standard normal distribution, in double. */
final class Normal {
    private Normal() {}

    /** {@code e^(-x²/2) / √(2π)}. */
    static double density(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /**
     * Φ(x), the chance of less than x: near 0 the series {@code 1/2 + density(x) (x + x³/3 + x⁵/(3·5) + …)} (Marsaglia
     * 2004, Journal of Statistical Software 11/4), further out the continued fraction of Laplace for the tail,
     * {@code density(x) / (x + 1/(x + 2/(x + 3/(x + …))))}; both to 1e-14.
     */
    static double below(double x) {
        double a = Math.abs(x);
        if (Double.isNaN(x)) return x;
        if (a > 40) return x > 0 ? 1 : 0;
        if (a < 4) {
            double term = x;
            double sum = x;
            for (int i = 3; Math.abs(term) > 1e-17; i += 2) {
                term *= x * x / i;
                sum += term;
            }
            return 0.5 + density(x) * sum;
        }
        double fraction = a;
        for (int i = 60; i >= 1; i--) fraction = a + i / fraction;
        double tail = density(a) / fraction;
        return x > 0 ? 1 - tail : tail;
    }
}
