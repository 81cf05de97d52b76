package dev.prairie.cpu.parallel;

/**
 * How work is cut into tasks: by fixed sizes that do not depend on the number of threads, so that neither do results.
 */
public final class Split {
    /** Elements of a task that costs little more than reading and writing them. */
    public static final int LIGHT = 32 * 1024;

    /** Elements of a task with an exponential or two for each. */
    public static final int HEAVY = 8 * 1024;

    /** Part of a flat tensor. */
    @FunctionalInterface
    public interface Range {
        /**
         * Does {@code count} elements, the first being {@code offset} bytes from the start of each F32 tensor, with
         * the scratch memory of {@code worker}.
         */
        void run(long offset, int count, int worker);
    }

    /** Some of the rows, or of the columns, of a matrix. */
    @FunctionalInterface
    public interface Part {
        /** Does {@code from} (inclusive) to {@code to} (exclusive), with the scratch memory of {@code worker}. */
        void run(int from, int to, int worker);
    }

    private Split() {}

    /** All {@code size} elements, {@code chunk} at a time. */
    public static void elements(WorkerPool pool, long size, int chunk, Range body) {
        pool.run(Math.toIntExact(Math.ceilDiv(size, chunk)), (task, worker) -> {
            long first = (long) task * chunk;
            body.run(first * Float.BYTES, (int) Math.min(chunk, size - first), worker);
        });
    }

    /** All {@code count} rows or columns, {@code chunk} at a time. */
    public static void parts(WorkerPool pool, int count, int chunk, Part body) {
        pool.run(Math.ceilDiv(count, chunk), (task, worker) -> {
            int from = task * chunk;
            body.run(from, Math.min(from + chunk, count), worker);
        });
    }

    /** Rows in a task, given what each of them costs in elements. */
    public static int rows(long width, int chunk) {
        return (int) Math.max(1, chunk / Math.max(width, 1));
    }
}
