package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.VECTOR;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;

import jdk.incubator.vector.FloatVector;

/**
 * The inner loop of every matrix product: a block of {@link #ROWS} x {@link #COLUMNS} results held in registers.
 *
 * <p>Written out by hand because vectors in an array do not stay in registers, and no larger because the compiler gives
 * up on longer methods and then allocates every vector on the heap: 4 x 2 vectors reach nine tenths of the machine's
 * peak, 12 x 2 a tenth.
 */
final class MicroKernel {
    /** Rows of a block. */
    static final int ROWS = 4;

    /** Columns of a block: two vectors. */
    static final int COLUMNS = 2 * Memory.LANES;

    /** Bytes of one step of a packed panel of {@code b}: {@link #COLUMNS} floats. */
    static final long STEP = 2 * VECTOR;

    private MicroKernel() {}

    /**
     * {@code c[r][j] = base[r][j] + Σ_k a[r][k] * b[k][j]}. Strides are in bytes; {@code b} is packed, its rows
     * {@link #STEP} apart; {@code base} may be {@code c}.
     */
    static void run(int depth, long a, long aRow, long aStep, long b, long c, long cRow, long base, long baseRow) {
        FloatVector c00 = load(base), c01 = load(base + VECTOR);
        FloatVector c10 = load(base + baseRow), c11 = load(base + baseRow + VECTOR);
        FloatVector c20 = load(base + 2 * baseRow), c21 = load(base + 2 * baseRow + VECTOR);
        FloatVector c30 = load(base + 3 * baseRow), c31 = load(base + 3 * baseRow + VECTOR);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = load(b), b1 = load(b + VECTOR);
            FloatVector a0 = splat(a);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = splat(a + aRow);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = splat(a + 2 * aRow);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = splat(a + 3 * aRow);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            a += aStep;
            b += STEP;
        }
        store(c, c00);
        store(c + VECTOR, c01);
        store(c + cRow, c10);
        store(c + cRow + VECTOR, c11);
        store(c + 2 * cRow, c20);
        store(c + 2 * cRow + VECTOR, c21);
        store(c + 3 * cRow, c30);
        store(c + 3 * cRow + VECTOR, c31);
    }
}
