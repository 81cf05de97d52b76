package dev.prairie.serve.resident;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import dev.prairie.serve.resident.ModelUnavailableException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When models come and go, told by a loader that counts. */
@Timeout(60)
final class ModelsOnDemandTest {
    /** Loads a scripted model, and says how often and how many of them are in memory. */
    private static final class Counted implements ModelSource.Loader {
        private final AtomicInteger loads = new AtomicInteger();
        private final AtomicInteger open = new AtomicInteger();
        private final CountDownLatch begun = new CountDownLatch(1);
        private volatile CountDownLatch gate = new CountDownLatch(0);
        private volatile boolean broken;

        @Override
        public Resident load() {
            loads.incrementAndGet();
            begun.countDown();
            pass();
            if (broken) {
                throw new IllegalArgumentException("weights: cut off");
            }
            open.incrementAndGet();
            return Resident.of(new Engine(new ScriptedModel("abc", 64, step -> {})), ChatFormat.plain(), () -> {
                open.decrementAndGet();
            });
        }

        private void pass() {
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private final Counted first = new Counted();
    private final Counted second = new Counted();
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5); // clocks may wrap around
    private final List<ModelSource> sources =
            List.of(new ModelSource("a", 1, List.of("a-poet"), first), new ModelSource("b", 2, List.of(), second));

    private ModelsOnDemand models(Duration idle) {
        return new ModelsOnDemand(sources, idle, now::get);
    }

    @Test
    void aModelIsLoadedWhenItIsAskedFor() {
        try (ModelsOnDemand models = models(ModelsOnDemand.NEVER)) {
            assertThat(models.cards())
                    .containsExactly(
                            new ModelCard("a", 1, 0, null),
                            new ModelCard("a-poet", 1, 0, "a"),
                            new ModelCard("b", 2, 0, null));
            assertThat(models.first().id()).isEqualTo("a");
            assertThat(models.lease("c")).isEmpty();
            assertThat(first.loads.get() + second.loads.get()).isZero();
            try (Lease b = models.lease("b").orElseThrow()) {
                assertThat(b.card()).isEqualTo(new ModelCard("b", 2, 64, null));
                assertThat(b.engine().alive()).isTrue();
                assertThat(models.engines()).containsExactly(b.engine());
                assertThat(models.loaded()).containsExactly(b.card());
            }
            assertThat(first.loads).hasValue(0);
            assertThat(second.open).hasValue(1);
        }
        assertThat(second.open).hasValue(0);
    }

    @Test
    void anAdapterIsItsModelUnderAnotherName() {
        try (ModelsOnDemand models = models(ModelsOnDemand.NEVER);
                Lease base = models.lease("a").orElseThrow();
                Lease poet = models.lease("a-poet").orElseThrow()) {
            assertThat(first.loads).hasValue(1);
            assertThat(poet.engine()).isSameAs(base.engine());
            assertThat(poet.adapter()).isEqualTo("a-poet");
            assertThat(base.adapter()).isNull();
            assertThat(models.loaded()).containsExactly(base.card());
            assertThat(models.engines()).hasSize(1);
            assertThatThrownBy(poet::encoder).hasMessageContaining("name a");
        }
    }

    @Test
    void manyWhoAskAtOnceLoadOnce() throws Exception {
        first.gate = new CountDownLatch(1);
        try (ModelsOnDemand models = models(ModelsOnDemand.NEVER);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Lease>> leases = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                leases.add(threads.submit(() -> models.lease("a").orElseThrow()));
            }
            first.begun.await();
            models.lease("b").orElseThrow().close(); // another model does not wait
            first.gate.countDown();
            for (Future<Lease> lease : leases) {
                lease.get().close();
            }
            assertThat(first.loads).hasValue(1);
        }
        assertThat(first.open.get() + second.open.get()).isZero();
    }

    @Test
    void aFailedLoadIsToldToAllWhoWaitAndTriedAgainByTheNext() throws Exception {
        first.gate = new CountDownLatch(1);
        first.broken = true;
        try (ModelsOnDemand models = models(ModelsOnDemand.NEVER);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Lease>> leases = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                leases.add(threads.submit(() -> models.lease("a").orElseThrow()));
            }
            first.begun.await();
            while (models.waiting() < 9) {
                Thread.sleep(1);
            }
            first.gate.countDown();
            for (Future<Lease> lease : leases) {
                assertThatThrownBy(lease::get)
                        .cause()
                        .isInstanceOfSatisfying(
                                ModelUnavailableException.class,
                                e -> assertThat(e.reason()).isEqualTo(Reason.NOT_LOADED))
                        .hasMessage("the model a cannot be loaded: weights: cut off");
            }
            assertThat(first.loads).hasValue(1);
            first.broken = false;
            models.lease("a").orElseThrow().close();
            assertThat(first.loads).hasValue(2);
        }
        assertThat(first.open).hasValue(0);
    }

    @Test
    void whatNobodyHoldsLeavesAfterTheIdleTimeAndComesBack() {
        try (ModelsOnDemand models = models(Duration.ofNanos(100))) {
            Lease one = models.lease("a").orElseThrow();
            Lease other = models.lease("a").orElseThrow();
            Engine engine = one.engine();
            one.close();
            one.close(); // counts once
            now.addAndGet(1000);
            models.sweep();
            assertThat(first.open).as("still held").hasValue(1);
            other.close();
            now.addAndGet(99);
            models.sweep();
            assertThat(first.open).as("not yet").hasValue(1);
            now.addAndGet(1);
            models.sweep();
            assertThat(first.open).hasValue(0);
            assertThat(engine.alive()).isFalse();
            assertThat(models.engines()).isEmpty();
            assertThat(models.cards().getFirst().context()).as("known since").isEqualTo(64);
            try (Lease again = models.lease("a").orElseThrow()) {
                assertThat(again.engine().alive()).isTrue();
                assertThat(first.loads).hasValue(2);
            }
        }
        assertThat(first.open).hasValue(0);
    }

    @Test
    void theThreadThatUnloadsNeedsNoCall() throws InterruptedException {
        try (ModelsOnDemand models = ModelsOnDemand.of(sources, Duration.ofMillis(20))) {
            models.lease("a").orElseThrow().close();
            models.lease("b").orElseThrow().close();
            while (first.open.get() + second.open.get() > 0) {
                Thread.sleep(5);
            }
            assertThat(models.engines()).isEmpty();
        }
    }

    @Test
    void closingWaitsForALoadAndRefusesWhoeverCame() throws Exception {
        first.gate = new CountDownLatch(1);
        ModelsOnDemand models = models(ModelsOnDemand.NEVER);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Lease> lease = threads.submit(() -> models.lease("a").orElseThrow());
            first.begun.await();
            Future<?> closing = threads.submit(models::close);
            assertThatThrownBy(() -> {
                        while (true) {
                            models.lease("b").orElseThrow().close();
                        }
                    })
                    .isInstanceOfSatisfying(
                            ModelUnavailableException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.CLOSED));
            assertThat(closing.isDone()).isFalse();
            first.gate.countDown();
            closing.get();
            assertThatThrownBy(lease::get).cause().hasMessageContaining("closed");
        }
        assertThat(first.open.get() + second.open.get()).isZero();
    }

    @Test
    void twoOfOneNameAreRefused() {
        assertThatThrownBy(() -> ModelsOnDemand.of(
                        List.of(sources.getFirst(), new ModelSource("a-poet", 1, List.of(), second)),
                        ModelsOnDemand.NEVER))
                .hasMessageContaining("two are called a-poet; give one another name");
    }
}
