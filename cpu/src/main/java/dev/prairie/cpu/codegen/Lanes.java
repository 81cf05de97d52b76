package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Simd.*;

/**
 * Vector code that is the same for 8 and 16 lanes: what both widths do differently is in here. The address of the
 * {@link Constants} is in a register that the caller names.
 */
final class Lanes {
    private static final int FLOOR = 1 | 8; // rounding downwards, no exceptions
    private static final int NOT_LESS = 5;
    /** The lanes of {@link #tail} where vectors are wide. */
    static final Mask TAIL = Mask.k(1);

    /** Above what products use, where there are so many registers. */
    private static final int RESIDENT = 24;

    private static final int TAIL_REGISTER = 15;

    private final Assembler a;
    private final int bits;
    private final Gpr constants;
    private boolean resident;

    Lanes(Assembler a, int bits, Gpr constants) {
        this.a = a;
        this.bits = bits;
        this.constants = constants;
    }

    Vec v(int index) {
        return new Vec(index, bits);
    }

    int bytes() {
        return bits / 8;
    }

    boolean wide() {
        return bits == 512;
    }

    Mem constant(int offset) {
        return Mem.at(constants, offset);
    }

    void load(Vec to, Mem from) {
        a.emit(VMOVUPS, to, from);
    }

    void store(Mem to, Vec from) {
        a.emit(VMOVUPS_STORE, to, from);
    }

    void clear(Vec v) {
        a.emit(VXORPS, v, v, v);
    }

    /** Makes ready for {@link #loadTail} and {@link #storeTail} of {@code n} lanes; takes RAX, and register 15 of AVX2. */
    void tail(int n) {
        if (n == 0) return;
        if (wide()) {
            a.mov(Gpr.RAX, (1 << n) - 1);
            a.kmovw(TAIL, Gpr.RAX);
        } else load(v(TAIL_REGISTER), constant(Constants.LANES_END - 4 * n));
    }

    /** The lanes of {@link #tail}, the others zero. */
    void loadTail(Vec to, Mem from) {
        if (wide()) a.zeroed(TAIL, VMOVUPS, to, from);
        else a.emit(VMASKMOVPS, to, v(TAIL_REGISTER), from);
    }

    void storeTail(Mem to, Vec from) {
        if (wide()) a.masked(TAIL, VMOVUPS_STORE, to, from);
        else a.emit(VMASKMOVPS_STORE, to, v(TAIL_REGISTER), from);
    }

    /** Keeps the coefficients of {@link #exp2} in registers 24 to 29 where there are so many. */
    void keepExponential() {
        resident = wide();
        if (!resident) return;
        load(v(RESIDENT), constant(Constants.ONE));
        for (int i = 0; i < Constants.EXP_DEGREE; i++) load(v(RESIDENT + 1 + i), constant(Constants.EXP + 64 * i));
    }

    private Operand coefficient(int power) {
        if (resident) return v(RESIDENT + power);
        return constant(power == 0 ? Constants.ONE : Constants.EXP + 64 * (power - 1));
    }

    /** {@code p = 2^x}, relative error 1.5e-7; 0 below 2^-126 for AVX2. Overwrites f and t. */
    void exp2(Vec p, Vec x, Vec f, Vec t) {
        if (wide()) a.emit(VREDUCEPS, FLOOR, f, x); // x less what is whole; 0 for infinity
        else {
            load(f, constant(Constants.LOWEST));
            a.emit(VMAXPS, f, f, x);
            a.emit(VROUNDPS, FLOOR, t, f);
            a.emit(VSUBPS, f, f, t);
        }
        a.emit(VMOVUPS, p, coefficient(Constants.EXP_DEGREE));
        for (int i = Constants.EXP_DEGREE - 1; i >= 0; i--) a.emit(VFMADD213PS, p, f, coefficient(i));
        if (wide()) a.emit(VSCALEFPS, p, p, x); // by 2 to what is whole of x
        else {
            a.emit(VCVTPS2DQ, t, t);
            a.emit(VPSLLD, 23, t, t);
            a.emit(VPADDD, p, p, t);
            a.emit(VCMPPS, NOT_LESS, t, x, constant(Constants.LOWEST));
            a.emit(VANDPS, p, p, t);
        }
    }

    /**
     * {@code y = log2(x)} of normal x, absolute error 2e-7: the exponent, and the series of {@code log2((1+s)/(1-s))}
     * with {@code s = (m-1)/(m+1)} for the fraction m in [1, 2). Overwrites x, s and t.
     */
    void log2(Vec y, Vec x, Vec s, Vec t) {
        a.emit(VSUBPS, s, x, x); // zero, or not a number, which the parts of a float would hide
        a.emit(VPSRLD, 23, y, x);
        a.emit(VPSUBD, y, y, constant(Constants.BIAS));
        a.emit(VCVTDQ2PS, y, y);
        a.emit(VADDPS, y, y, s);
        a.emit(VANDPS, x, x, constant(Constants.FRACTION));
        a.emit(VORPS, x, x, constant(Constants.ONE));
        load(t, constant(Constants.ONE));
        a.emit(VSUBPS, s, x, t);
        a.emit(VADDPS, x, x, t);
        a.emit(VDIVPS, s, s, x);
        a.emit(VMULPS, x, s, s);
        load(t, constant(Constants.LOG + 64 * (Constants.LOG_TERMS - 1)));
        for (int i = Constants.LOG_TERMS - 2; i >= 0; i--) a.emit(VFMADD213PS, t, x, constant(Constants.LOG + 64 * i));
        a.emit(VFMADD231PS, y, t, s);
    }

    /** Rounds to BF16, to nearest even, kept as F32. Overwrites t. */
    void round(Vec x, Vec t) {
        a.emit(VPSRLD, 16, t, x);
        a.emit(VANDPS, t, t, constant(Constants.LAST_BIT));
        a.emit(VPADDD, x, x, t);
        a.emit(VPADDD, x, x, constant(Constants.ROUNDING));
        a.emit(VANDPS, x, x, constant(Constants.UPPER_HALF));
    }

    /** Sums the lanes into the lowest of {@code x}, in a fixed order. Overwrites t. */
    void sum(Vec x, Vec t) {
        across(VADDPS, x, t);
    }

    /** Combines the lanes into the lowest of {@code x}, in a fixed order. Overwrites t. */
    void across(Simd op, Vec x, Vec t) {
        if (wide()) {
            a.emit(VEXTRACTF64X4, 1, t.as(256), x);
            a.emit(op, x.as(256), x.as(256), t.as(256));
        }
        a.emit(VEXTRACTF128, 1, t.as(128), x.as(256));
        a.emit(op, x.as(128), x.as(128), t.as(128));
        for (int swap : new int[] {0x4E, 0xB1}) { // halves, then neighbours
            a.emit(VPERMILPS, swap, t.as(128), x.as(128));
            a.emit(op, x.as(128), x.as(128), t.as(128));
        }
    }
}
