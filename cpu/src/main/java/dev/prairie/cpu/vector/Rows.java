package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.VECTOR;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.store;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import jdk.incubator.vector.FloatVector;

/** Rows picked out of a matrix, and added back; sums over rows. Arguments are addresses. */
final class Rows {
    /** Columns of a task that walks over all rows: whole vectors and cache lines, whatever the species. */
    private static final int COLUMNS = 64;

    private Rows() {}

    /** {@code out[m] = from[rows[m]]}. */
    static void gather(WorkerPool pool, long out, long from, int[] rows, int width) {
        int chunk = Split.rows(width, Split.LIGHT);
        if (rows.length <= chunk) gather(out, from, rows, width, 0, rows.length); // at once, without an object
        else Split.parts(pool, rows.length, chunk, (first, end, worker) -> gather(out, from, rows, width, first, end));
    }

    private static void gather(long out, long from, int[] rows, int width, int first, int end) {
        for (int m = first; m < end; m++)
            Memory.copy(out + 4L * m * width, from + 4L * rows[m] * width, 4L * width);
    }

    /** {@code to[rows[m]] += d[m]}, in the order of m: a task owns columns, so that no two write the same number. */
    static void scatterAdd(WorkerPool pool, long to, long d, int[] rows, int width) {
        Split.parts(pool, width, columns(width, rows.length), (first, end, worker) -> {
            for (int m = 0; m < rows.length; m++)
                Elementwise.accumulateRange(
                        to + 4L * ((long) rows[m] * width + first),
                        d + 4L * ((long) m * width + first),
                        1f,
                        end - first);
        });
    }

    /** {@code to[j] = Σ_n d[n][j]}, in the order of n, on top of what is there or over it. */
    static void sum(WorkerPool pool, long to, boolean add, long d, int n, int width) {
        if (n == 0) {
            if (!add) Memory.clear(to, 4L * width);
            return;
        }
        Split.parts(pool, width, columns(width, n), (first, end, worker) -> {
            int j = first;
            for (; j + 4 * LANES <= end; j += 4 * LANES) sumFour(to + 4L * j, add, d + 4L * j, n, 4L * width);
            for (; j + LANES <= end; j += LANES) sumOne(to + 4L * j, add, d + 4L * j, n, 4L * width);
            for (; j < end; j++) {
                float s = 0;
                for (int i = 0; i < n; i++) s += get(d + 4L * ((long) i * width + j));
                set(to + 4L * j, add ? get(to + 4L * j) + s : s);
            }
        });
    }

    private static void sumFour(long to, boolean add, long d, int n, long row) {
        FloatVector s0 = load(d), s1 = load(d + VECTOR), s2 = load(d + 2 * VECTOR), s3 = load(d + 3 * VECTOR);
        for (int i = 1; i < n; i++) {
            d += row;
            s0 = s0.add(load(d));
            s1 = s1.add(load(d + VECTOR));
            s2 = s2.add(load(d + 2 * VECTOR));
            s3 = s3.add(load(d + 3 * VECTOR));
        }
        if (add) {
            store(to, load(to).add(s0));
            store(to + VECTOR, load(to + VECTOR).add(s1));
            store(to + 2 * VECTOR, load(to + 2 * VECTOR).add(s2));
            store(to + 3 * VECTOR, load(to + 3 * VECTOR).add(s3));
        } else {
            store(to, s0);
            store(to + VECTOR, s1);
            store(to + 2 * VECTOR, s2);
            store(to + 3 * VECTOR, s3);
        }
    }

    private static void sumOne(long to, boolean add, long d, int n, long row) {
        FloatVector s = load(d);
        for (int i = 1; i < n; i++) s = s.add(load(d + i * row));
        if (add) store(to, load(to).add(s));
        else store(to, s);
    }

    /** Columns in a task: at least {@link #COLUMNS}, more where rows are few. */
    private static int columns(int width, int rows) {
        int wanted = Split.rows(rows, Split.LIGHT / 2);
        return Math.min(Math.ceilDiv(Math.max(wanted, 1), COLUMNS) * COLUMNS, Math.max(width, 1));
    }
}
