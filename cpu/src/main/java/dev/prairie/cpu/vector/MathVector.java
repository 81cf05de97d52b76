package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.splat;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * What the Vector API has not, or not the same in every run.
 *
 * <p>The compiler stops compiling calls into a method that has grown too large, and then every vector is allocated on
 * the heap. So methods here and in the kernels are short loops over memory, each with one job; last partial vectors are
 * dealt with elsewhere; constants are vectors from the start.
 */
final class MathVector {
    /** Adding 1.5·2²³ rounds a small float to an integer and leaves that integer in its low bits. */
    private static final FloatVector ROUND = splat(0x1.8p23f);

    private static final FloatVector LOG2_E = splat((float) (1 / Math.log(2)));
    private static final float LN_2_HIGH = 0x1.62e4p-1f;
    private static final FloatVector MINUS_LN_2_HIGH = splat(-LN_2_HIGH);
    private static final FloatVector MINUS_LN_2_LOW = splat((float) (LN_2_HIGH - Math.log(2)));

    // e^r = 1 + r + r² (C2 + C3 r + ...), |r| <= ln(2)/2: least relative error, 3e-9, by reweighted least squares
    private static final FloatVector C2 = splat((float) 0.49999993432);
    private static final FloatVector C3 = splat((float) 0.16666520398);
    private static final FloatVector C4 = splat((float) 0.04166839080);
    private static final FloatVector C5 = splat((float) 0.00836874528);
    private static final FloatVector C6 = splat((float) 0.00138145399);

    /** Where {@code 2 * exp} leaves the normal numbers; everything below becomes 0. */
    private static final FloatVector LOWEST = splat(-86.9f);

    private static final FloatVector HIGHEST = splat(89f);
    static final FloatVector ZERO = splat(0f);
    static final FloatVector ONE = splat(1f);
    private static final IntVector EXPONENT = splat(0f).reinterpretAsInts().add(126);

    /** 0, 1, 2, ... */
    static final FloatVector INDEX = Memory.zero().addIndex(1);

    private static final VectorShuffle<Float> TURN_16 = turn(16);
    private static final VectorShuffle<Float> TURN_8 = turn(8);
    private static final VectorShuffle<Float> TURN_4 = turn(4);
    private static final VectorShuffle<Float> TURN_2 = turn(2);
    private static final VectorShuffle<Float> TURN_1 = turn(1);

    private MathVector() {}

    /**
     * {@code x = e^x} in place, for {@code n} floats rounded up to whole vectors. Within 2 units in the last place:
     * {@code 2^n e^r} with |r| ≤ ln(2)/2 and e^r a polynomial of degree 6. Below -86.9 the result is 0, above 88.72
     * infinity; NaN stays NaN.
     *
     * <p>A loop over memory, not a function of one vector: once such a function has been compiled by itself to more than
     * {@code InlineSmallCode} bytes, it is not compiled into its callers any more, and speed is a matter of luck.
     */
    static void exp(long x, int n) {
        for (int i = 0; i < n; i += Memory.LANES) {
            FloatVector v = Memory.load(x + 4L * i);
            VectorMask<Float> tiny = v.compare(VectorOperators.LT, LOWEST);
            FloatVector c = v.blend(HIGHEST, v.compare(VectorOperators.GT, HIGHEST));
            FloatVector shifted = c.fma(LOG2_E, ROUND);
            FloatVector whole = shifted.sub(ROUND);
            FloatVector r = whole.fma(MINUS_LN_2_LOW, whole.fma(MINUS_LN_2_HIGH, c));
            FloatVector p = r.fma(C6, C5);
            p = p.fma(r, C4);
            p = p.fma(r, C3);
            p = p.fma(r, C2);
            p = p.fma(r.mul(r), r.add(ONE));
            // 2^n in two factors, since 2^128 is no float: 2^(n-1), whose exponent field is n - 1 + 127, and 2
            IntVector half = shifted.reinterpretAsInts().add(EXPONENT).lanewise(VectorOperators.LSHL, 23);
            p = p.mul(half.reinterpretAsFloats());
            Memory.store(x + 4L * i, p.add(p).blend(ZERO, tiny));
        }
    }

    /** The larger of each pair of lanes; unlike {@link FloatVector#max} a NaN in {@code x} is passed over, for speed. */
    static FloatVector max(FloatVector max, FloatVector x) {
        return max.blend(x, x.compare(VectorOperators.GT, max));
    }

    /**
     * The sum of all lanes, added in halves. Never {@code reduceLanes(ADD)}: its order is the compiler's in compiled code
     * and another in the interpreter, so that the same call gives other bits once it is hot.
     */
    static float sum(FloatVector v) {
        if (Memory.LANES > 32) throw new IllegalStateException("vectors of " + Memory.LANES + " lanes");
        FloatVector s = v;
        if (Memory.LANES > 16) s = s.add(s.rearrange(TURN_16));
        if (Memory.LANES > 8) s = s.add(s.rearrange(TURN_8));
        if (Memory.LANES > 4) s = s.add(s.rearrange(TURN_4));
        if (Memory.LANES > 2) s = s.add(s.rearrange(TURN_2));
        return s.add(s.rearrange(TURN_1)).lane(0);
    }

    private static VectorShuffle<Float> turn(int by) {
        return VectorShuffle.fromOp(Memory.F, i -> (i + by) % Memory.LANES);
    }
}
