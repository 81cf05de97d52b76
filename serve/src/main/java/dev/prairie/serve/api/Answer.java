package dev.prairie.serve.api;

import dev.prairie.model.generate.TokenScore;
import dev.prairie.serve.engine.Event;
import dev.prairie.serve.engine.Submission;
import dev.prairie.text.reply.ReplyEvent;
import dev.prairie.text.reply.ReplyParser;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A generation while the engine works on it: its parts in order, read on the call's own thread. Whoever streams sends them
 * as they come, whoever does not collects them, so both say the same. Closing it cancels what is not finished and settles
 * what was used.
 */
public final class Answer implements AutoCloseable {
    /** More of a choice; choices of all prompts are counted through. */
    public sealed interface Part {
        int choice();
    }

    /** The choice has begun; {@code cached} tokens of its prompt were found computed. */
    public record Begun(int choice, int cached) implements Part {}

    /** What the prompt's tokens scored. */
    public record Scored(int choice, List<TokenScore> prompt) implements Part {}

    /** Something was said, thought or called; {@code scores} of the tokens that it was said with, where wanted. */
    public record Said(int choice, List<ReplyEvent> events, List<TokenScore> scores) implements Part {}

    /** The last part of a choice; {@code stop} is the stop string that ended it, if one did. */
    public record Ended(
            int choice,
            Finish finish,
            double logProbability,
            @Nullable String stop) implements Part {}

    /** Why a choice ended. */
    public enum Finish {
        STOP,
        LENGTH,
        TOOL_CALLS
    }

    private record Arrival(int choice, Event event) {}

    private final Generation generation;
    private final Calls calls;
    private final Caller.Reserved reserved;
    private final Submission submission;
    private final BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
    private final List<ReplyParser> parsers = new ArrayList<>();
    private final BitSet calling = new BitSet();
    private final int[] tokens;
    private final int[] cached;
    private @Nullable Arrival postponed;
    private int open;
    private boolean closed;

    /** Use {@link Call#answer}. */
    Answer(Calls calls, Caller caller, Generation generation) {
        this.calls = calls;
        this.generation = generation;
        this.open = generation.choices();
        this.tokens = new int[open];
        this.cached = new int[open];
        for (int i = 0; i < open; i++) {
            parsers.add(generation.replies().get());
        }
        reserved = caller.reserve(generation.mostTokens());
        try {
            submission = generation
                    .lease()
                    .engine()
                    .submit(generation.requests(), (choice, event) -> arrivals.add(new Arrival(choice, event)));
        } catch (RuntimeException refused) {
            reserved.settle(new Usage(0, 0, 0, 0));
            throw refused;
        }
        calls.opened(this);
    }

    /** How many choices have not ended. */
    public int open() {
        return open;
    }

    /**
     * What comes next; null if nothing does for {@code patience}.
     *
     * @throws ApiException if a choice failed or the server is stopping
     */
    public @Nullable Part next(Duration patience) {
        Arrival arrival = postponed;
        postponed = null;
        if (arrival != null) {
            return ended(arrival.choice(), (Event.Finished) arrival.event());
        }
        try {
            arrival = arrivals.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.stopping();
        }
        return arrival == null ? null : part(arrival.choice(), arrival.event());
    }

    private Part part(int choice, Event event) {
        return switch (event) {
            case Event.Started started -> {
                cached[choice] = started.cached();
                yield new Begun(choice, started.cached());
            }
            case Event.Scored scored -> new Scored(choice, scored.prompt());
            case Event.Text text -> {
                tokens[choice] = text.tokens();
                yield said(choice, parsers.get(choice).add(text.text()), text.scores());
            }
            case Event.Failed failed -> throw ApiException.failed(failed.cause());
            case Event.Finished finished -> {
                // What the parser held back is said first; the end comes with the next call.
                List<ReplyEvent> last = parsers.get(choice).end();
                if (last.isEmpty()) {
                    yield ended(choice, finished);
                }
                postponed = new Arrival(choice, finished);
                yield said(choice, last, List.of());
            }
        };
    }

    private Said said(int choice, List<ReplyEvent> events, List<TokenScore> scores) {
        for (ReplyEvent event : events) {
            if (event instanceof ReplyEvent.CallBegin) {
                calling.set(choice);
            }
        }
        return new Said(choice, events, scores);
    }

    private Part ended(int choice, Event.Finished finished) {
        if (finished.reason() == Event.Reason.CANCELLED) {
            // The client is still there, so it was not the one that gave up.
            throw ApiException.stopping();
        }
        tokens[choice] = finished.tokens();
        open--;
        boolean stopped = finished.reason() == Event.Reason.STOP;
        Finish finish = !stopped ? Finish.LENGTH : calling.get(choice) ? Finish.TOOL_CALLS : Finish.STOP;
        return new Ended(choice, finish, finished.logProbability(), finished.stop());
    }

    /** What has been used so far. */
    public Usage usage() {
        long completion = 0;
        long found = 0;
        for (int t : tokens) {
            completion += t;
        }
        int choice = 0;
        for (var request : generation.requests()) { // a prompt counts once, and so does what was found of it
            found += cached[choice];
            choice += request.choices();
        }
        return new Usage(generation.promptTokens(), found, completion, 0);
    }

    /** Makes whoever waits in {@link #next} give up: the server is closing. */
    void abort() {
        arrivals.add(new Arrival(0, new Event.Failed(ApiException.stopping())));
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        submission.cancel();
        calls.closed(this);
        reserved.settle(usage());
        generation.lease().close();
    }
}
