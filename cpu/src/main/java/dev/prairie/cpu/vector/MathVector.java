package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.splat;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/** Functions of a whole vector. Small enough to be compiled into the loops that call them. */
final class MathVector {
    /** Adding 1.5·2²³ rounds a small float to an integer and leaves that integer in its low bits. */
    private static final float ROUND = 0x1.8p23f;

    private static final float LOG2_E = (float) (1 / Math.log(2));
    private static final float LN_2_HIGH = 0x1.62e4p-1f;
    private static final float LN_2_LOW = (float) (Math.log(2) - LN_2_HIGH);

    /** Where {@code 2 * exp} leaves the normal numbers; everything below becomes 0. */
    private static final float LOWEST = -86.9f;

    private static final float HIGHEST = 89f;

    private static final FloatVector INDEX = Memory.zero().addIndex(1);

    private static final VectorShuffle<Float> TURN_16 = turn(16);
    private static final VectorShuffle<Float> TURN_8 = turn(8);
    private static final VectorShuffle<Float> TURN_4 = turn(4);
    private static final VectorShuffle<Float> TURN_2 = turn(2);
    private static final VectorShuffle<Float> TURN_1 = turn(1);

    private MathVector() {}

    /**
     * {@code e^x} within 2 units in the last place: {@code 2^n e^r} with |r| ≤ ln(2)/2 and the Taylor series of e^r up
     * to r⁷. Below -86.9 the result is 0, above 88.72 infinity; NaN stays NaN.
     */
    static FloatVector exp(FloatVector x) {
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, LOWEST);
        FloatVector c = x.blend(HIGHEST, x.compare(VectorOperators.GT, HIGHEST));
        FloatVector shifted = c.fma(splat(LOG2_E), splat(ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(splat(-LN_2_HIGH), c);
        r = n.fma(splat(-LN_2_LOW), r);
        FloatVector p = r.fma(splat(1 / 5040f), splat(1 / 720f));
        p = p.fma(r, splat(1 / 120f));
        p = p.fma(r, splat(1 / 24f));
        p = p.fma(r, splat(1 / 6f));
        p = p.fma(r, splat(0.5f));
        p = p.fma(r, splat(1f));
        p = p.fma(r, splat(1f));
        // 2^n in two factors, since 2^128 is no float: 2^(n-1), whose exponent field is n - 1 + 127, and 2
        IntVector half = shifted.reinterpretAsInts().add(126).lanewise(VectorOperators.LSHL, 23);
        return p.mul(half.reinterpretAsFloats()).mul(2f).blend(0f, tiny);
    }

    /** {@code 1 / (1 + e^-x)}. */
    static FloatVector sigmoid(FloatVector x) {
        return splat(1f).div(exp(x.neg()).add(1f));
    }

    /** The larger of each pair of lanes; unlike {@link FloatVector#max} a NaN in {@code x} is passed over, for speed. */
    static FloatVector max(FloatVector max, FloatVector x) {
        return max.blend(x, x.compare(VectorOperators.GT, max));
    }

    /** Lanes 0 to {@code count - 1}. */
    static VectorMask<Float> lanesBelow(int count) {
        return INDEX.compare(VectorOperators.LT, (float) count);
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
