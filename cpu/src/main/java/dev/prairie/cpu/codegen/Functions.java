package dev.prairie.cpu.codegen;

/**
 * Exponentials as formulas. {@code e^x = 2^n e^r} with n the whole number next to {@code x / ln 2} and
 * {@code |r| <= ln(2)/2}, where e^r is a polynomial of degree 6. Its coefficients were found by reweighted least squares
 * on the relative error, which stays below 3e-9; ln 2 is subtracted in two parts (Cody and Waite 1980), so that r is
 * exact enough. All results are within 2 units in the last place, but for what is said.
 */
final class Functions {
    /** Adding 1.5·2²³ rounds a small float to a whole number, which then is in its low bits. */
    private static final float ROUND = 0x1.8p23f;

    private static final float LN_2_HIGH = 0x1.62e4p-1f;
    private static final float LN_2_LOW = (float) (Math.log(2) - LN_2_HIGH);
    private static final double[] POLYNOMIAL = {
        0.00138145399, 0.00836874528, 0.04166839080, 0.16666520398, 0.49999993432, 1, 1
    };

    /** The least number whose exponential is normal, and some. */
    private static final float LOWEST = -87f;

    private Functions() {}

    /** {@code e^x} for x between -87 and 87, and NaN for NaN. */
    static Value expWithin(Formula f, Value x) {
        Value shifted = f.fma(x, f.constant((float) (1 / Math.log(2))), f.constant(ROUND));
        Value n = f.sub(shifted, f.constant(ROUND));
        Value r = f.fnma(n, f.constant(LN_2_LOW), f.fnma(n, f.constant(LN_2_HIGH), x));
        Value p = f.constant((float) POLYNOMIAL[0]);
        for (int i = 1; i < POLYNOMIAL.length; i++) p = f.fma(p, r, f.constant((float) POLYNOMIAL[i]));
        return f.isa.bits() == 512
                ? f.apply(Simd.VSCALEFPS, p, n)
                : f.addInts(p, f.shift(Simd.VPSLLD, shifted, 23)); // n added to the exponent
    }

    /** {@code e^x} for x up to 87; below -87 it is e^-87, 1.6e-38, which no sum notices. */
    static Value expAtLeast(Formula f, Value x) {
        return expWithin(f, f.max(f.constant(LOWEST), x));
    }

    /** {@code e^x} for x up to 87; 0 below -87. */
    static Value exp(Formula f, Value x) {
        return f.choose(Formula.NOT_LESS, x, f.constant(LOWEST), expAtLeast(f, x), null);
    }

    /** {@code 1 / x} for x between 1 and 2^126. */
    static Value reciprocal(Formula f, Value x) {
        if (f.isa.bits() != 512) return f.div(f.constant(1), x);
        // 14 bits, doubled by one step of Newton's: y + y (1 - x y)
        Value y = f.apply(Simd.VRCP14PS, x, null);
        return f.fma(f.fnma(x, y, f.constant(1)), y, y);
    }

    /** Between {@code -bound} and {@code bound}; NaN stays NaN. */
    static Value within(Formula f, Value x, float bound) {
        return f.min(f.constant(bound), f.max(f.constant(-bound), x));
    }

    /** {@code sigmoid(x) = e^x / (1 + e^x)} and {@code 1 - sigmoid(x)}, each without cancellation. */
    record Sigmoid(Value s, Value rest) {
        /** For x between -87 and 87. */
        static Sigmoid of(Formula f, Value x) {
            Value e = expWithin(f, x);
            Value rest = reciprocal(f, f.add(f.constant(1), e));
            return new Sigmoid(f.mul(e, rest), rest);
        }
    }
}
