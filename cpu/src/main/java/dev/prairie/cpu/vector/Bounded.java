package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The exact form of GELU and the soft cap, on whole vectors: {@code n} floats, a multiple of a vector; {@code e} is room
 * for as many. {@link Activations} cuts tensors into such pieces.
 *
 * <p>The share of the normal distribution beyond |x| is {@code e^(-x²/2) t (A1 + A2 t + A3 t² + A4 t³ + A5 t⁴) / 2} with
 * {@code t = 1 / (1 + P |x| / √2)}, to 1e-7: Abramowitz and Stegun 1964, formula 7.1.26.
 */
final class Bounded {
    private static final FloatVector ONE = splat(1f);
    private static final FloatVector ZERO = splat(0f);
    private static final FloatVector P = splat((float) (0.3275911 / Math.sqrt(2)));
    private static final FloatVector A1 = splat((float) (0.254829592 / 2));
    private static final FloatVector A2 = splat((float) (-0.284496736 / 2));
    private static final FloatVector A3 = splat((float) (1.421413741 / 2));
    private static final FloatVector A4 = splat((float) (-1.453152027 / 2));
    private static final FloatVector A5 = splat((float) (1.061405429 / 2));
    private static final FloatVector MINUS_HALF = splat(-0.5f);
    private static final FloatVector DENSITY = splat((float) (1 / Math.sqrt(2 * Math.PI)));

    private Bounded() {}

    static void geluExact(long out, long x, long e, int n) {
        exponents(e, x, n);
        MathVector.exp(e, n);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            store(out + 4L * i, v.mul(below(v, load(e + 4L * i))));
        }
    }

    static void geluExactBackward(long dX, boolean add, long dOut, long x, long e, int n) {
        exponents(e, x, n);
        MathVector.exp(e, n);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            FloatVector density = load(e + 4L * i).mul(DENSITY);
            FloatVector slope = v.fma(density, below(v, load(e + 4L * i)));
            FloatVector d = load(dOut + 4L * i);
            if (add) store(dX + 4L * i, d.fma(slope, load(dX + 4L * i)));
            else store(dX + 4L * i, d.mul(slope));
        }
    }

    /** {@code e = -x² / 2}. */
    private static void exponents(long e, long x, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            store(e + 4L * i, v.mul(v).mul(MINUS_HALF));
        }
    }

    /** Φ(x), given {@code e^(-x²/2)}. */
    private static FloatVector below(FloatVector x, FloatVector e) {
        FloatVector t = ONE.div(x.abs().fma(P, ONE));
        FloatVector tail = t.fma(A5, A4).fma(t, A3).fma(t, A2).fma(t, A1).mul(t).mul(e);
        return tail.blend(ONE.sub(tail), x.compare(VectorOperators.GT, ZERO));
    }

    /** {@code cap tanh(x / cap)}, with {@code tanh(|u|) = (1 - q) / (1 + q)}, {@code q = e^(-2|u|)}. */
    static void softCap(long out, long x, float cap, long e, int n) {
        FloatVector factor = splat(-2 / cap);
        for (int i = 0; i < n; i += LANES)
            store(e + 4L * i, load(x + 4L * i).abs().mul(factor));
        MathVector.exp(e, n);
        FloatVector c = splat(cap);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            FloatVector q = load(e + 4L * i);
            FloatVector size = ONE.sub(q).div(ONE.add(q)).mul(c);
            store(out + 4L * i, size.blend(size.neg(), v.compare(VectorOperators.LT, ZERO)));
        }
    }

    static void softCapBackward(long dX, boolean add, long dOut, long out, float cap, int n) {
        FloatVector factor = splat(1 / cap);
        for (int i = 0; i < n; i += LANES) {
            FloatVector t = load(out + 4L * i).mul(factor);
            FloatVector slope = ONE.sub(t.mul(t));
            FloatVector d = load(dOut + 4L * i);
            if (add) store(dX + 4L * i, d.fma(slope, load(dX + 4L * i)));
            else store(dX + 4L * i, d.mul(slope));
        }
    }
}
