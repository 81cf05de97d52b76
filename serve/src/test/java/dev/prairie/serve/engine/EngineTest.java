package dev.prairie.serve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.generate.Sampling;
import dev.prairie.serve.engine.Event.Failed;
import dev.prairie.serve.engine.Event.Finished;
import dev.prairie.serve.engine.Event.Reason;
import dev.prairie.serve.engine.Event.Started;
import dev.prairie.serve.engine.Event.Text;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class EngineTest {
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Map<Integer, List<Event>> byChoice = new ConcurrentHashMap<>();

    @Test
    void aSequenceIsToldItsTextAndItsEnd() throws InterruptedException {
        ScriptedModel model = new ScriptedModel("hello");
        try (Engine engine = new Engine(model)) {
            submit(engine, request(100));
            assertThat(answer()).isEqualTo("hello");
            assertThat(events.take()).isEqualTo(new Finished(Reason.STOP, 6, 0, null));
        }
        assertThat(model.open()).isZero();
    }

    @Test
    void noMoreTokensThanAskedFor() throws InterruptedException {
        try (Engine engine = new Engine(new ScriptedModel("hello"))) {
            submit(engine, request(2));
            assertThat(answer()).isEqualTo("he");
            assertThat(events.take()).isEqualTo(new Finished(Reason.LENGTH, 2, 0, null));
        }
    }

    @Test
    void aCharacterOfSeveralTokensComesWhole() throws InterruptedException {
        try (Engine engine = new Engine(new ScriptedModel("星火🔥!"))) {
            submit(engine, request(100));
            assertThat(events.take()).isEqualTo(new Text("星", 3, List.of()));
            assertThat(events.take()).isEqualTo(new Text("火", 6, List.of()));
            assertThat(events.take()).isEqualTo(new Text("🔥", 10, List.of()));
            assertThat(events.take()).isEqualTo(new Text("!", 11, List.of()));
        }
    }

    @Test
    void aStopStringEndsAndIsNotShown() throws InterruptedException {
        ScriptedModel model = new ScriptedModel("one two three");
        try (Engine engine = new Engine(model)) {
            submit(engine, request(100, " tw"));
            assertThat(answer()).isEqualTo("one");
            assertThat(events.take()).isEqualTo(new Finished(Reason.STOP, 6, 0, " tw"));
            assertThat(model.steps()).isEqualTo(6);
        }
    }

    @Test
    void aFailureEndsOneSequenceOnly() throws InterruptedException {
        int[] countdown = {2}; // in the step of both, and then in that of the first alone
        RuntimeException fault = new IllegalStateException("device: out of order");
        ScriptedModel model = new ScriptedModel("hello", 100, step -> {
            if (step == 2 && countdown[0]-- > 0) {
                throw fault;
            }
        });
        try (Engine engine = new Engine(model)) {
            submit(engine, request(50), request(50));
            assertThat(answer(1)).isEqualTo("hello");
            assertThat(answer(0)).isEqualTo("he");
            assertThat(events(0).getLast()).isEqualTo(new Failed(fault));
            assertThat(events(1).getLast()).isEqualTo(new Finished(Reason.STOP, 6, 0, null));
            assertThat(engine.alive()).isTrue();
        }
        assertThat(model.open()).isZero();
    }

    @Test
    void memoryThatRunsOutEndsOneSequenceOnly() throws InterruptedException {
        int[] countdown = {2};
        ScriptedModel model = new ScriptedModel("hello", 100, step -> {
            if (countdown[0]-- > 0) {
                throw new OutOfMemoryError("cache: 9 bytes do not fit");
            }
        });
        try (Engine engine = new Engine(model)) {
            submit(engine, request(50), request(50));
            assertThat(answer(1)).isEqualTo("hello");
            assertThat(events(0).getLast()).isInstanceOf(Failed.class);
        }
    }

    @Test
    void anErrorThatEndsTheThreadLeavesNobodyWaiting() throws InterruptedException {
        ScriptedModel model = new ScriptedModel("hello", 100, step -> {
            Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {});
            throw new LinkageError("a class is missing");
        });
        try (Engine engine = new Engine(model)) {
            submit(engine, request(50), request(50));
            assertThat(events.take()).isInstanceOf(Failed.class);
            assertThat(events.take()).isInstanceOf(Failed.class);
            assertThat(engine.alive()).isFalse();
        }
        assertThat(model.open()).isZero();
    }

    @Test
    void aFullQueueTakesNothing() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        ScriptedModel model = new ScriptedModel("x", 100, step -> {
            started.countDown();
            await(go);
        });
        try (Engine engine =
                new Engine(model, EngineConfig.DEFAULT.withSequences(1).withQueue(2, 1_000))) {
            submit(engine, request(1));
            started.await();
            submit(engine, request(1));
            assertThatThrownBy(() -> submit(engine, request(1), request(1)))
                    .isInstanceOf(QueueFullException.class)
                    .hasMessageContaining("1 waiting and 2 more, but 2 fit");
            Submission waits = submit(engine, request(1));
            assertThat(engine.waiting()).isEqualTo(2);
            waits.cancel(); // leaves its place
            submit(engine, request(1));
            go.countDown();
        }
    }

    @Test
    void cancellingStopsTheWork() throws InterruptedException {
        CountDownLatch third = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        ScriptedModel model = new ScriptedModel("hello, world", 100, step -> {
            if (step == 3) {
                third.countDown();
                await(go);
            }
        });
        try (Engine engine = new Engine(model)) {
            Submission sequence = submit(engine, request(50));
            third.await();
            assertThat(engine.stalled(Duration.ofMinutes(1))).isFalse();
            assertThat(engine.stalled(Duration.ofNanos(1))).isTrue();
            sequence.cancel();
            go.countDown();
            assertThat(answer()).isEqualTo("hel");
            assertThat(events.take()).isEqualTo(new Finished(Reason.CANCELLED, 3, 0, null));
            assertThat(model.steps()).isEqualTo(4);
        }
    }

    @Test
    void closingLeavesNobodyWaiting() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        ScriptedModel model = new ScriptedModel("a".repeat(90), 100, step -> {
            started.countDown();
            pause();
        });
        Engine engine = new Engine(model);
        submit(engine, request(90), request(90));
        started.await();
        engine.close();
        int ends = 0;
        for (Event event : events) {
            ends += event instanceof Text ? 0 : 1;
        }
        assertThat(ends).isEqualTo(2);
        assertThat(events.stream().reduce((a, b) -> b).orElseThrow()).isInstanceOf(Failed.class);
        assertThat(model.open()).isZero();
        assertThatThrownBy(() -> submit(engine, request(1))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatDoesNotFitIsRefusedWithBothNumbers() {
        try (Engine engine = new Engine(new ScriptedModel("x", 10, step -> {}))) {
            assertThatThrownBy(() -> submit(engine, request(8)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("3 tokens and 8 more are asked for, but 10 fit");
            int[] unknown = {257};
            assertThatThrownBy(() -> submit(engine, Request.of(unknown, Sampling.GREEDY, 1)))
                    .hasMessageContaining("token 257, but ids are 0 to 256");
        }
    }

    private Request request(int maxTokens, String... stop) {
        return Request.builder(new int[] {1, 2, 3}, maxTokens)
                .sampling(Sampling.GREEDY)
                .stop(List.of(stop))
                .build();
    }

    private Submission submit(Engine engine, Request... requests) {
        return engine.submit(List.of(requests), (choice, event) -> {
            if (!(event instanceof Started)) {
                events.add(event);
                byChoice.computeIfAbsent(choice, c -> new CopyOnWriteArrayList<>())
                        .add(event);
            }
        });
    }

    /** The text of a choice, waited for to its end. */
    private String answer(int choice) throws InterruptedException {
        while (events(choice).isEmpty() || events(choice).getLast() instanceof Text) {
            Thread.sleep(1);
        }
        return events(choice).stream()
                .map(event -> event instanceof Text text ? text.text() : "")
                .collect(Collectors.joining());
    }

    private List<Event> events(int choice) {
        return byChoice.getOrDefault(choice, List.of());
    }

    /** The text up to the next end, which is left in the queue. */
    private String answer() throws InterruptedException {
        StringBuilder text = new StringBuilder();
        while (true) {
            while (events.isEmpty()) {
                Thread.sleep(1);
            }
            if (!(events.peek() instanceof Text)) {
                return text.toString();
            }
            text.append(((Text) events.take()).text());
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nobody came");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
