package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.set;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import java.util.Arrays;

/**
 * The cosines and sines of rotary positions. Those of a batch are computed once and kept: all layers, queries and keys,
 * forward and backward, ask for the same ones.
 */
public final class RopeTable implements AutoCloseable {
    private final WorkerPool pool;
    private final Scratch table = new Scratch(1);
    private int[] positions = {};
    private float theta = Float.NaN;
    private int width;

    /** A table that is computed by the threads of {@code pool}. */
    public RopeTable(WorkerPool pool) {
        this.pool = pool;
    }

    /**
     * The address of {@code d / 2} cosines and {@code d / 2} sines for each of the positions, F32: of
     * {@code position * base^(-2i/d)}. They stay there until the next call.
     */
    public synchronized long of(int[] at, float base, int d) {
        long to = table.take(0, 4L * at.length * d);
        if (base == theta && d == width && Arrays.equals(at, positions)) return to;
        theta = Float.NaN; // equal to nothing until the table is complete
        int half = d / 2;
        double[] speed = new double[half];
        for (int i = 0; i < half; i++) speed[i] = Math.pow(base, -2.0 * i / d);
        Split.parts(pool, at.length, Split.rows(d, 512), (from, end, worker) -> {
            for (int n = from; n < end; n++)
                for (int i = 0; i < half; i++) {
                    double angle = at[n] * speed[i];
                    set(to + 4L * ((long) n * d + i), (float) Math.cos(angle));
                    set(to + 4L * ((long) n * d + half + i), (float) Math.sin(angle));
                }
        });
        positions = at.clone();
        theta = base;
        width = d;
        return to;
    }

    @Override
    public void close() {
        table.close();
    }
}
