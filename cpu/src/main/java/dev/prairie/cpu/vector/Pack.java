package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.store;
import static dev.prairie.cpu.vector.Memory.zero;
import static dev.prairie.cpu.vector.MicroKernel.ROWS;

/**
 * Copies part of a matrix into a panel: {@code to[k][j]}, k = 0..depth-1, j = 0..width-1, dense, in the order in which
 * {@link MicroKernel} reads it. Columns from {@code count} on are zero.
 */
final class Pack {
    /** Steps copied at a time when transposing: a cache line of each source row. */
    private static final int BLOCK = 16;

    private Pack() {}

    /** {@code to[k][j] = from[j][k]}: rows of the source, {@code stride} bytes apart, become columns. */
    static void transposed(long to, int width, long from, long stride, int count, int depth) {
        for (int k = 0; k < depth; k += BLOCK) {
            int steps = Math.min(BLOCK, depth - k);
            long block = to + 4L * k * width;
            for (int j = 0; j < count; j++) column(block + 4L * j, 4L * width, from + j * stride + 4L * k, steps);
            for (int j = count; j < width; j++) for (int i = 0; i < steps; i++) set(block + 4L * (i * width + j), 0f);
        }
    }

    private static void column(long to, long stride, long from, int steps) {
        for (int i = 0; i < steps; i++) set(to + i * stride, get(from + 4L * i));
    }

    /** {@code to[k][j] = from[k][j]}: rows of the source, {@code stride} bytes apart, stay rows. */
    static void straight(long to, int width, long from, long stride, int count, int depth) {
        if (count == width && width % LANES == 0)
            for (int k = 0; k < depth; k++) row(to + 4L * k * width, from + k * stride, width);
        else
            for (int k = 0; k < depth; k++)
                for (int j = 0; j < width; j++)
                    set(to + 4L * ((long) k * width + j), j < count ? get(from + k * stride + 4L * j) : 0f);
    }

    private static void row(long to, long from, int width) {
        for (int j = 0; j < width; j += LANES) store(to + 4L * j, load(from + 4L * j));
    }

    /**
     * {@code panels} panels of {@link MicroKernel#ROWS} columns at once, {@code bytes} apart: a narrow panel alone would
     * read every cache line of the source again for each of its neighbours.
     */
    static void narrow(long to, long bytes, int panels, long from, long stride, int depth) {
        long step = 4L * ROWS;
        for (int k = 0; k < depth; k++)
            for (int p = 0; p < panels; p++) Memory.copyFour(to + p * bytes + k * step, from + k * stride + p * step);
    }

    /** Zeroes {@code floats} floats, a multiple of a vector. */
    static void clear(long at, long floats) {
        for (long i = 0; i < floats; i += LANES) store(at + 4 * i, zero());
    }
}
