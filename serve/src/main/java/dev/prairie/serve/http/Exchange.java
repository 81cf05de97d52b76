package dev.prairie.serve.http;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.Sequence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The sequences of one request while the engine works on them: what happens to any of them arrives here, in order, on
 * the request's own thread. Closing it cancels what is not finished.
 */
final class Exchange implements AutoCloseable {
    /** An event of the choice with this index. */
    record Arrival(int index, Sequence.Event event) {}

    private final BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
    private final List<Sequence> sequences = new ArrayList<>();

    /** Queues all sequences of {@code request}. */
    Exchange(Engine engine, GenerationRequest request) {
        for (GenerationRequest.Prompt prompt : request.prompts()) {
            for (int i = 0; i < request.n(); i++) {
                int index = sequences.size();
                sequences.add(new Sequence(
                        prompt.ids(),
                        request.sampling().withSeed(request.seed() + i),
                        prompt.maxTokens(),
                        request.stop(),
                        request.marked(),
                        event -> arrivals.add(new Arrival(index, event))));
            }
        }
        engine.submit(sequences);
    }

    /** How many choices the answer has. */
    int choices() {
        return sequences.size();
    }

    /** What arrives next; null if nothing does for {@code patience}. */
    @Nullable
    Arrival next(Duration patience) {
        try {
            return arrivals.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Arrival(0, new Sequence.Finished(Sequence.Reason.CANCELLED, 0));
        }
    }

    /** Makes whoever waits in {@link #next} give up: the server is closing. */
    void abort() {
        arrivals.add(new Arrival(0, new Sequence.Finished(Sequence.Reason.CANCELLED, 0)));
    }

    @Override
    public void close() {
        sequences.forEach(Sequence::cancel);
    }
}
