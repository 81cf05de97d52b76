package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.set;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.Rotary;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The cosines and sines of rotary positions. Those of a batch are computed once and kept: all layers, queries and keys,
 * forward and backward, ask for the same ones.
 */
public final class RopeTable implements AutoCloseable {
    private final WorkerPool pool;
    private final Scratch table = new Scratch(1);
    private int[] positions = {};
    private @Nullable Rotary rotary;

    /** A table that is computed by the threads of {@code pool}. */
    public RopeTable(WorkerPool pool) {
        this.pool = pool;
    }

    /**
     * The address of one cosine and one sine for each of the frequencies (first all cosines) of each of the positions,
     * F32. They stay there until the next call.
     */
    public synchronized long of(int[] at, Rotary turning) {
        int d = turning.width();
        long to = table.take(0, 4L * at.length * d);
        if (turning.equals(rotary) && Arrays.equals(at, positions)) return to;
        rotary = null; // equal to nothing until the table is complete
        int chunk = Split.rows(d, 512);
        if (at.length <= chunk) fill(to, at, turning, 0, at.length); // at once, without an object
        else Split.parts(pool, at.length, chunk, (from, end, worker) -> fill(to, at, turning, from, end));
        if (positions.length == at.length) System.arraycopy(at, 0, positions, 0, at.length);
        else positions = at.clone();
        rotary = turning;
        return to;
    }

    private static void fill(long to, int[] at, Rotary turning, int from, int end) {
        double[] speed = turning.frequencies();
        int half = speed.length;
        for (int n = from; n < end; n++)
            for (int i = 0; i < half; i++) {
                double angle = at[n] * speed[i];
                set(to + 8L * ((long) n * half) + 4L * i, (float) (turning.magnitude() * Math.cos(angle)));
                set(to + 8L * ((long) n * half) + 4L * (half + i), (float) (turning.magnitude() * Math.sin(angle)));
            }
    }

    @Override
    public void close() {
        table.close();
    }
}
