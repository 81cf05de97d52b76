package dev.prairie.cpu.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerPoolTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void doesEveryTaskOnce(int threads) {
        try (var pool = new WorkerPool(threads)) {
            for (int tasks : new int[] {0, 1, 2, 7, 1000}) {
                var done = new AtomicIntegerArray(Math.max(tasks, 1));
                pool.run(tasks, (task, worker) -> {
                    assertThat(worker).isBetween(0, threads - 1);
                    done.incrementAndGet(task);
                });
                for (int i = 0; i < tasks; i++) assertThat(done.get(i)).isEqualTo(1);
            }
        }
    }

    @Test
    void manyShortJobsInARow() {
        try (var pool = new WorkerPool(3)) {
            var sum = new AtomicInteger();
            for (int i = 0; i < 20_000; i++) pool.run(3, (task, worker) -> sum.addAndGet(task));
            assertThat(sum).hasValue(60_000);
        }
    }

    @Test
    void workersShareOneJob() {
        try (var pool = new WorkerPool(2)) {
            var both = new CountDownLatch(2);
            pool.run(2, (task, worker) -> {
                both.countDown();
                try {
                    both.await(); // would never return if one thread did both
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(both.getCount()).isZero();
        }
    }

    @Test
    void twoTasksAtATimeHaveDifferentWorkers() {
        try (var pool = new WorkerPool(3)) {
            var busy = new AtomicIntegerArray(3);
            pool.run(3000, (task, worker) -> {
                assertThat(busy.incrementAndGet(worker)).isEqualTo(1);
                busy.decrementAndGet(worker);
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anExceptionReachesTheCallerAndThePoolLivesOn(int threads) {
        try (var pool = new WorkerPool(threads)) {
            for (int i = 0; i < 50; i++) {
                int bad = i;
                assertThatThrownBy(() -> pool.run(50, (task, worker) -> {
                            if (task == bad) throw new IllegalArgumentException("task " + task);
                        }))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("task " + bad);
            }
            assertThatThrownBy(() -> pool.run(4, (task, worker) -> {
                        throw new AssertionError("an error too");
                    }))
                    .isInstanceOf(AssertionError.class);
            var count = new AtomicInteger();
            pool.run(10, (task, worker) -> count.incrementAndGet());
            assertThat(count).hasValue(10);
        }
    }

    @Test
    void nobodyWorksAfterAFailedRunHasReturned() {
        try (var pool = new WorkerPool(3)) {
            var running = new AtomicInteger();
            for (int i = 0; i < 200; i++) {
                assertThatThrownBy(() -> pool.run(30, (task, worker) -> {
                            running.incrementAndGet();
                            Thread.onSpinWait();
                            running.decrementAndGet();
                            if (task == 3) throw new IllegalStateException("stop");
                        }))
                        .hasMessage("stop");
                assertThat(running).hasValue(0);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aRunInsideARunHappensOnTheSpot(int threads) {
        try (var pool = new WorkerPool(threads)) {
            var inner = new AtomicInteger();
            pool.run(4, (task, worker) -> {
                Thread me = Thread.currentThread();
                pool.run(5, (t, w) -> {
                    assertThat(Thread.currentThread()).isSameAs(me);
                    assertThat(w).isEqualTo(worker);
                    inner.incrementAndGet();
                });
            });
            assertThat(inner).hasValue(20);
        }
    }

    @Test
    void callersOnSeveralThreadsTakeTurns() throws InterruptedException {
        try (var pool = new WorkerPool(2)) {
            var wrong = new AtomicInteger();
            var inside = new ConcurrentHashMap<Integer, Integer>();
            List<Thread> callers = new ArrayList<>();
            for (int c = 0; c < 3; c++) {
                int caller = c;
                callers.add(Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < 500; i++)
                        pool.run(1 + i % 4, (task, worker) -> {
                            Integer other = inside.put(worker, caller);
                            if (other != null) wrong.incrementAndGet();
                            inside.remove(worker);
                        });
                }));
            }
            for (Thread t : callers) t.join();
            assertThat(wrong).hasValue(0);
        }
    }

    @Test
    void anInterruptedCallerStillWaitsAndStaysInterrupted() {
        try (var pool = new WorkerPool(2)) {
            var done = new AtomicInteger();
            Thread.currentThread().interrupt();
            pool.run(8, (task, worker) -> done.incrementAndGet());
            assertThat(done).hasValue(8);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void closeEndsTheThreadsAndRefusesWork() {
        var pool = new WorkerPool(3);
        var threads = ConcurrentHashMap.<Thread>newKeySet();
        for (int i = 0; i < 100; i++) pool.run(64, (task, worker) -> threads.add(Thread.currentThread()));
        pool.close();
        pool.close();
        threads.remove(Thread.currentThread());
        assertThat(threads).allMatch(t -> !t.isAlive()).allMatch(Thread::isDaemon);
        assertThatThrownBy(() -> pool.run(1, (task, worker) -> {})).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void refusesLessThanOneThread() {
        assertThatThrownBy(() -> new WorkerPool(0)).hasMessageContaining("at least 1");
    }
}
