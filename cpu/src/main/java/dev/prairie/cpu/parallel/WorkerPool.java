package dev.prairie.cpu.parallel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The one pool of threads: {@code threads - 1} that live as long as the pool, and the caller. A {@link #run} costs a
 * microsecond or two when the workers are awake, and makes no object.
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
    private final Job job = new Job();
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
            else share(tasks, body);
        } finally {
            turn.unlock();
        }
    }

    private static void inline(int tasks, Body body, int worker) {
        for (int t = 0; t < tasks; t++) body.run(t, worker);
    }

    private void share(int tasks, Body body) {
        job.publish(tasks, body);
        int helpers = Math.min(workers.length, tasks - 1);
        for (int i = 0; i < helpers; i++) workers[i].wake();
        job.work(0);
        job.await();
        job.rethrow();
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

    /**
     * Work that several threads do at once: one object for all runs, the next being published when all tasks of the last are
     * done. A worker that wakes up late finds no task left, and no harm done.
     *
     * <p>The ticket holds the number of the run above the number of tasks that nobody has taken. Who takes one reads body
     * and tasks first: they belong to the run of his ticket, because they change only when no task is left.
     */
    private static final class Job {
        private static final VarHandle TICKET;
        private static final VarHandle LEFT;
        private static final VarHandle FAILURE;

        static {
            try {
                MethodHandles.Lookup here = MethodHandles.lookup();
                TICKET = here.findVarHandle(Job.class, "ticket", long.class);
                LEFT = here.findVarHandle(Job.class, "left", int.class);
                FAILURE = here.findVarHandle(Job.class, "failure", Throwable.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private static final Body NOTHING = (task, worker) -> {};

        private Body body = NOTHING;
        private int tasks;
        private @Nullable Thread caller;
        private volatile long ticket;
        private volatile int left;
        private volatile @Nullable Throwable failure;

        void publish(int count, Body what) {
            body = what;
            tasks = count;
            caller = Thread.currentThread();
            failure = null;
            left = count;
            ticket = ((ticket >>> 32) + 1) << 32 | count;
        }

        /** Whether there is a task that nobody has taken. */
        boolean open() {
            return (int) ticket != 0;
        }

        void work(int worker) {
            for (long t; (int) (t = ticket) != 0; ) {
                Body b = body;
                int task = tasks - (int) t;
                Thread waiting = caller;
                if (!TICKET.compareAndSet(this, t, t - 1)) continue;
                try {
                    if (failure == null) b.run(task, worker);
                } catch (RuntimeException | Error e) { // errors too: the caller must hear of them, not this thread
                    FAILURE.compareAndSet(this, null, e);
                }
                if ((int) LEFT.getAndAdd(this, -1) == 1 && worker != 0) LockSupport.unpark(waiting);
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
            body = NOTHING; // no task is left
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
            while (await()) job.work(id);
        }

        /** Waits for a task; false when the pool is closed. */
        private boolean await() {
            long until = System.nanoTime() + SPIN_NANOS;
            while (true) {
                if (job.open()) return true;
                if (closed) return false;
                if (System.nanoTime() < until) {
                    Thread.onSpinWait();
                    continue;
                }
                asleep = true; // first say so, then look again: whoever publishes does it the other way round
                if (!job.open() && !closed) LockSupport.park(this);
                asleep = false;
            }
        }
    }
}
