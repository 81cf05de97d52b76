package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.store;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.Rotary;
import jdk.incubator.vector.FloatVector;

/** Rotary positions. Arguments are addresses. */
final class Rope implements AutoCloseable {
    private final WorkerPool pool;
    private final RopeTable table;

    Rope(WorkerPool pool) {
        this.pool = pool;
        this.table = new RopeTable(pool);
    }

    /** {@code out = turned x}. */
    synchronized void forward(long out, long x, int[] at, Rotary rotary, int heads, int d) {
        int r = rotary.width(), half = r / 2;
        long turns = table.of(at, rotary);
        Split.parts(pool, at.length, Split.rows((long) heads * d, Split.HEAVY), (from, to, worker) -> {
            for (int n = from; n < to; n++)
                for (int h = 0; h < heads; h++) {
                    long row = 4L * ((long) n * heads + h) * d;
                    turn(out + row, x + row, turns + 4L * n * r, half);
                    if (r < d) Memory.copy(out + row + 4L * r, x + row + 4L * r, 4L * (d - r));
                }
        });
    }

    /** {@code dX = dOut turned back}, on top of what is there or over it. */
    synchronized void backward(long dX, boolean add, long dOut, int[] at, Rotary rotary, int heads, int d) {
        int r = rotary.width(), half = r / 2;
        long turns = table.of(at, rotary);
        Split.parts(pool, at.length, Split.rows((long) heads * d, Split.HEAVY), (from, to, worker) -> {
            for (int n = from; n < to; n++)
                for (int h = 0; h < heads; h++) {
                    long row = 4L * ((long) n * heads + h) * d;
                    turnBack(dX + row, add, dOut + row, turns + 4L * n * r, half);
                    long rest = row + 4L * r;
                    if (add) Elementwise.accumulateRange(dX + rest, dOut + rest, 1, d - r);
                    else Memory.copy(dX + rest, dOut + rest, 4L * (d - r));
                }
        });
    }

    private static void turn(long out, long x, long turns, int half) {
        long far = 4L * half;
        int i = 0;
        for (; i <= half - LANES; i += LANES) {
            FloatVector cos = load(turns + 4L * i), sin = load(turns + far + 4L * i);
            FloatVector a = load(x + 4L * i), b = load(x + far + 4L * i);
            store(out + 4L * i, a.mul(cos).sub(b.mul(sin)));
            store(out + far + 4L * i, b.mul(cos).add(a.mul(sin)));
        }
        for (; i < half; i++) {
            float cos = get(turns + 4L * i), sin = get(turns + far + 4L * i);
            float a = get(x + 4L * i), b = get(x + far + 4L * i);
            set(out + 4L * i, a * cos - b * sin);
            set(out + far + 4L * i, b * cos + a * sin);
        }
    }

    private static void turnBack(long dX, boolean add, long dOut, long turns, int half) {
        long far = 4L * half;
        int i = 0;
        for (; i <= half - LANES; i += LANES) {
            FloatVector cos = load(turns + 4L * i), sin = load(turns + far + 4L * i);
            FloatVector a = load(dOut + 4L * i), b = load(dOut + far + 4L * i);
            FloatVector c = a.mul(cos).add(b.mul(sin)), d = b.mul(cos).sub(a.mul(sin));
            if (add) {
                store(dX + 4L * i, load(dX + 4L * i).add(c));
                store(dX + far + 4L * i, load(dX + far + 4L * i).add(d));
            } else {
                store(dX + 4L * i, c);
                store(dX + far + 4L * i, d);
            }
        }
        for (; i < half; i++) {
            float cos = get(turns + 4L * i), sin = get(turns + far + 4L * i);
            float a = get(dOut + 4L * i), b = get(dOut + far + 4L * i);
            float c = a * cos + b * sin, d = b * cos - a * sin;
            set(dX + 4L * i, add ? get(dX + 4L * i) + c : c);
            set(dX + far + 4L * i, add ? get(dX + far + 4L * i) + d : d);
        }
    }

    @Override
    public void close() {
        table.close();
    }
}
