package dev.prairie.cpu.codegen;

import dev.prairie.tensor.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Numbers that generated code reads from memory: each repeated over 64 bytes, so that it is a memory operand at every
 * width. Code has their address built in, so they live as long as the code does.
 */
final class Constants implements AutoCloseable {
    static final int ONE = 0;

    /** The first of the coefficients of 2^f, f in [0, 1): {@link #EXP_DEGREE} of them, the constant one being 1. */
    static final int EXP = 64;

    /**
     * Least relative error (8e-8) for a constant coefficient of 1, by reweighted least squares; 1.4e-7 as evaluated
     * in F32.
     */
    private static final float[] EXP_COEFFICIENTS = {
        0x1.62e4bap-1f, 0x1.ebdb56p-3f, 0x1.c91ce6p-5f, 0x1.277854p-7f, 0x1.e97502p-10f
    };

    static final int EXP_DEGREE = EXP_COEFFICIENTS.length;

    /** The least exponent of a normal number. */
    static final int LOWEST = EXP + 64 * EXP_COEFFICIENTS.length;

    static final int MINUS_INFINITY = LOWEST + 64;

    /** Integers that round a float to BF16: the last bit, what is added, and what is kept. */
    static final int LAST_BIT = MINUS_INFINITY + 64;

    static final int ROUNDING = LAST_BIT + 64;
    static final int UPPER_HALF = ROUNDING + 64;

    /** Parts of a float for a logarithm: bits of the fraction, and the integer 127. */
    static final int FRACTION = UPPER_HALF + 64;

    static final int BIAS = FRACTION + 64;

    /** The first of 2/ln 2 · 1/(2k+1): the series of log2((1+s)/(1-s)). */
    static final int LOG = BIAS + 64;

    static final int LOG_TERMS = 7;
    static final int LN_2 = LOG + 64 * LOG_TERMS;

    /** Words 0, 16, 1, 17, …: puts the halves of a vector of words side by side. */
    static final int SIDE_BY_SIDE = LN_2 + 64;

    /** Words of two vectors side by side, first the lower halves, then the upper. */
    static final int LOWER_PAIRS = SIDE_BY_SIDE + 64;

    static final int UPPER_PAIRS = LOWER_PAIRS + 64;

    /** All tiles of 16 rows and 64 bytes. */
    static final int TILES = UPPER_PAIRS + 64;

    /** Bits set below, clear from here on: masks of up to 16 lanes for AVX2. */
    static final int LANES_END = TILES + 128;

    /** -infinity below, +infinity from here on, for a row of keys that the first queries of a block do not see. */
    static final int STAIRS = LANES_END + 64 + 4 * 128;

    private static final int SIZE = STAIRS + 4 * 128;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = Buffer.allocate(arena, SIZE).segment();

    Constants() {
        fill(ONE, 1f);
        for (int i = 0; i < EXP_COEFFICIENTS.length; i++) fill(EXP + 64 * i, EXP_COEFFICIENTS[i]);
        fill(LOWEST, -126f);
        fill(MINUS_INFINITY, Float.NEGATIVE_INFINITY);
        fill(LAST_BIT, Float.intBitsToFloat(1));
        fill(ROUNDING, Float.intBitsToFloat(0x7FFF));
        fill(UPPER_HALF, Float.intBitsToFloat(0xFFFF0000));
        fill(FRACTION, Float.intBitsToFloat(0x7FFFFF));
        fill(BIAS, Float.intBitsToFloat(127));
        for (int i = 0; i < LOG_TERMS; i++) fill(LOG + 64 * i, (float) (2 / Math.log(2) / (2 * i + 1)));
        fill(LN_2, (float) Math.log(2));
        for (int i = 0; i < 32; i++) {
            word(SIDE_BY_SIDE, i, i / 2 + 16 * (i % 2));
            word(LOWER_PAIRS, i, i / 2 + 32 * (i % 2));
            word(UPPER_PAIRS, i, 16 + i / 2 + 32 * (i % 2));
        }
        memory.set(ValueLayout.JAVA_BYTE, TILES, (byte) 1); // palette 1: tiles of up to 1 KiB
        for (int t = 0; t < 8; t++) {
            word(TILES + 16, t, 64);
            memory.set(ValueLayout.JAVA_BYTE, TILES + 48L + t, (byte) 16);
        }
        for (int i = 1; i <= 16; i++) set(LANES_END - 4 * i, Float.intBitsToFloat(-1));
        for (int i = 0; i < 128; i++) {
            set(STAIRS - 4 * (i + 1), Float.NEGATIVE_INFINITY);
            set(STAIRS + 4 * i, Float.POSITIVE_INFINITY);
        }
    }

    long address() {
        return memory.address();
    }

    private void fill(int at, float x) {
        for (int i = 0; i < 16; i++) set(at + 4 * i, x);
    }

    private void set(int at, float x) {
        memory.set(ValueLayout.JAVA_FLOAT, at, x);
    }

    private void word(int at, int index, int x) {
        memory.set(ValueLayout.JAVA_SHORT, at + 2L * index, (short) x);
    }

    @Override
    public void close() {
        arena.close();
    }
}
