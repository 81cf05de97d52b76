package dev.prairie.cpu.parallel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The one pool of threads: {@code threads - 1} that live as long as the pool, and the caller. A {@link #run} costs a
 * microsecond or two when the workers are awake.
 *
 * <p>Tasks are taken by whoever is free, in any order, so that a busy machine does not leave one thread waiting for
 * another. Results are the same bits whatever happens, as long as every number is computed by one task alone; sums over
 * tasks belong in one partial result per task, added up in the order of the tasks.
 */
public final class WorkerPool implements AutoCloseable {
    /** How long an idle worker looks for work before it sleeps; longer only takes the processor from others. */
    private static final long SPIN_NANOS = 50_000;

    /** One share of a job. */
    @FunctionalInterface
    public interface Body {
        /**
         * Does task {@code task}.
         *
         * @param task   0 to tasks - 1
         * @param worker 0 to threads - 1: who does it, for scratch memory; two tasks at a time never have the same
         */
        void run(int task, int worker);
    }

    private final Worker[] workers;
    private final ReentrantLock turn = new ReentrantLock();
    private volatile @Nullable Job job;
    private volatile boolean closed;

    /** A pool of {@code threads} threads, the caller of {@link #run} being one of them. */
    public WorkerPool(int threads) {
        if (threads < 1) throw new IllegalArgumentException("threads: " + threads + ", must be at least 1");
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) workers[i] = new Worker(i + 1);
        for (Worker w : workers) w.start();
    }

    /** Threads that share a job, with the caller. */
    public int threads() {
        return workers.length + 1;
    }

    /**
     * Does tasks 0 to {@code tasks - 1} and returns when all are done. The first exception of a task reaches the caller
     * after everybody has stopped; tasks not begun by then are left out. Called from inside a task, it does the work on
     * the spot. Callers on several threads take turns.
     */
    public void run(int tasks, Body body) {
        if (closed) throw new IllegalStateException("worker pool: closed");
        if (Thread.currentThread() instanceof Worker w && w.pool() == this) {
            inline(tasks, body, w.id);
            return;
        }
        boolean nested = turn.isHeldByCurrentThread();
        turn.lock();
        try {
            if (nested || tasks <= 1 || workers.length == 0) inline(tasks, body, 0);
            else share(new Job(body, tasks, Thread.currentThread()));
        } finally {
            turn.unlock();
        }
    }

    private static void inline(int tasks, Body body, int worker) {
        for (int t = 0; t < tasks; t++) body.run(t, worker);
    }

    private void share(Job j) {
        job = j;
        int helpers = Math.min(workers.length, j.tasks - 1);
        for (int i = 0; i < helpers; i++) workers[i].wake();
        j.work(0);
        j.await();
        job = null;
        j.rethrow();
    }

    /** Ends the threads and waits for them. A pool that is closed runs nothing any more. */
    @Override
    public void close() {
        turn.lock(); // a running job ends first
        try {
            closed = true;
        } finally {
            turn.unlock();
        }
        boolean interrupted = false;
        for (Worker w : workers) {
            LockSupport.unpark(w);
            while (w.isAlive())
                try {
                    w.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }

    /** Work that several threads do at once. A worker that wakes up late finds every task taken, and no harm done. */
    private static final class Job {
        private static final VarHandle NEXT;
        private static final VarHandle LEFT;
        private static final VarHandle FAILURE;

        static {
            try {
                MethodHandles.Lookup here = MethodHandles.lookup();
                NEXT = here.findVarHandle(Job.class, "next", int.class);
                LEFT = here.findVarHandle(Job.class, "left", int.class);
                FAILURE = here.findVarHandle(Job.class, "failure", Throwable.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        final Body body;
        final int tasks;
        final Thread caller;

        @SuppressWarnings("UnusedVariable") // through NEXT
        private volatile int next;

        private volatile int left;
        private volatile @Nullable Throwable failure;

        Job(Body body, int tasks, Thread caller) {
            this.body = body;
            this.tasks = tasks;
            this.caller = caller;
            this.left = tasks;
        }

        void work(int worker) {
            for (int t; (t = (int) NEXT.getAndAdd(this, 1)) < tasks; ) {
                try {
                    if (failure == null) body.run(t, worker);
                } catch (RuntimeException | Error e) { // errors too: the caller must hear of them, not this thread
                    FAILURE.compareAndSet(this, null, e);
                }
                if ((int) LEFT.getAndAdd(this, -1) == 1 && worker != 0) LockSupport.unpark(caller);
            }
        }

        void await() {
            boolean interrupted = false;
            long until = System.nanoTime() + SPIN_NANOS;
            while (left != 0) {
                if (System.nanoTime() < until) Thread.onSpinWait();
                else LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
            if (interrupted) Thread.currentThread().interrupt();
        }

        void rethrow() {
            switch (failure) {
                case null -> {}
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException(e);
            }
        }
    }

    private final class Worker extends Thread {
        final int id;
        private volatile boolean asleep;

        Worker(int id) {
            super("prairie-worker-" + id);
            this.id = id;
            setDaemon(true);
        }

        WorkerPool pool() {
            return WorkerPool.this;
        }

        void wake() {
            if (asleep) LockSupport.unpark(this);
        }

        @Override
        public void run() {
            Job last = null;
            while (true) {
                Job now = next(last);
                if (now == null) return;
                now.work(id);
                last = now;
            }
        }

        /** The next job that is not {@code last}; null when the pool is closed. */
        private @Nullable Job next(@Nullable Job last) {
            long until = System.nanoTime() + SPIN_NANOS;
            while (true) {
                Job now = job;
                if (now != null && now != last) return now;
                if (closed) return null;
                if (System.nanoTime() < until) {
                    Thread.onSpinWait();
                    continue;
                }
                asleep = true; // first say so, then look again: whoever publishes does it the other way round
                now = job;
                if ((now == null || now == last) && !closed) LockSupport.park(this);
                asleep = false;
            }
        }
    }
}
