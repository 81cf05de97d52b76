package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.splat;
import static dev.prairie.cpu.vector.Memory.store;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import jdk.incubator.vector.FloatVector;

/** Sums and multiples, element by element. Arguments are addresses. */
final class Elementwise {
    private Elementwise() {}

    static void add(WorkerPool pool, long out, long a, long b, long size) {
        Split.elements(pool, size, Split.LIGHT, (at, n, worker) -> addRange(out + at, a + at, b + at, n));
    }

    /** {@code out = a + b}. */
    static void addRange(long out, long a, long b, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) store(out + 4L * i, load(a + 4L * i).add(load(b + 4L * i)));
        for (; i < n; i++) set(out + 4L * i, get(a + 4L * i) + get(b + 4L * i));
    }

    /** {@code out = a * b}, on top of what is there or over it. */
    static void multiply(WorkerPool pool, long out, boolean add, long a, long b, long size) {
        Split.elements(pool, size, Split.LIGHT, (at, n, worker) -> multiplyRange(out + at, add, a + at, b + at, n));
    }

    private static void multiplyRange(long out, boolean add, long a, long b, int n) {
        int i = 0;
        if (add)
            for (; i <= n - LANES; i += LANES)
                store(out + 4L * i, load(a + 4L * i).fma(load(b + 4L * i), load(out + 4L * i)));
        else
            for (; i <= n - LANES; i += LANES)
                store(out + 4L * i, load(a + 4L * i).mul(load(b + 4L * i)));
        for (; i < n; i++) {
            float product = get(a + 4L * i) * get(b + 4L * i);
            set(out + 4L * i, add ? get(out + 4L * i) + product : product);
        }
    }

    static void scale(WorkerPool pool, long out, long x, float factor, long size) {
        Split.elements(pool, size, Split.LIGHT, (at, n, worker) -> scaleRange(out + at, x + at, factor, n));
    }

    /** {@code out = factor * x}. */
    static void scaleRange(long out, long x, float factor, int n) {
        FloatVector f = splat(factor);
        int i = 0;
        for (; i <= n - LANES; i += LANES) store(out + 4L * i, load(x + 4L * i).mul(f));
        for (; i < n; i++) set(out + 4L * i, get(x + 4L * i) * factor);
    }

    /** {@code dst = factor * src}, on top of what is there or over it. */
    static void accumulate(WorkerPool pool, long dst, boolean add, long src, float factor, long size) {
        if (!add) scale(pool, dst, src, factor, size);
        else Split.elements(pool, size, Split.LIGHT, (at, n, worker) -> accumulateRange(dst + at, src + at, factor, n));
    }

    /** {@code dst += factor * src}. */
    static void accumulateRange(long dst, long src, float factor, int n) {
        FloatVector f = splat(factor);
        int i = 0;
        for (; i <= n - LANES; i += LANES)
            store(dst + 4L * i, load(src + 4L * i).fma(f, load(dst + 4L * i)));
        for (; i < n; i++) set(dst + 4L * i, Math.fma(get(src + 4L * i), factor, get(dst + 4L * i)));
    }
}
