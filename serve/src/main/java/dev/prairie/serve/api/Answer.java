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
            int tokens,
            double logProbability,
            @Nullable String stop) implements Part {}

    /** Why a choice ended. */
    public enum Finish {
        STOP,
        LENGTH,
        TOOL_CALLS
    }

    private record Arrival(int choice, Event event, long nanos) {
        Arrival(int choice, Event event) {
            this(choice, event, System.nanoTime());
        }
    }

    private final Generation generation;
    private final Calls calls;
    private final Caller.Reserved reserved;
    private final Submission submission;
    private final BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
    private final List<ReplyParser> parsers = new ArrayList<>();
    private final BitSet calling = new BitSet();
    private final int[] tokens;
    private final int[] cached;
    private final int[] unsettled; // tokens of which it is not known whether they are thought or said
    private long reasoning;
    private final long[] first; // when each choice's first text arrived, and its last; 0 while it has not
    private final long[] last;
    private final Meter meter;
    private final @Nullable Trace trace;
    private @Nullable Arrival postponed;
    private int open;
    private boolean closed;

    /** Use {@link Call#answer}. */
    Answer(Calls calls, Caller caller, Generation generation, Meter meter, boolean traced) {
        this.calls = calls;
        this.meter = meter;
        this.trace = traced ? new Trace(meter, generation) : null;
        this.generation = generation;
        this.open = generation.choices();
        this.tokens = new int[open];
        this.cached = new int[open];
        this.unsettled = new int[open];
        this.first = new long[open];
        this.last = new long[open];
        for (int i = 0; i < open; i++) {
            parsers.add(generation.replies().get());
        }
        reserved = caller.reserve(generation.mostTokens());
        Generation told = traced ? generation.traced() : generation;
        try {
            submission = told.lease()
                    .engine()
                    .submit(told.requests(), (choice, event) -> arrivals.add(new Arrival(choice, event)));
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
        if (arrival == null) {
            return null;
        }
        if (trace != null) {
            trace.add(arrival.choice(), arrival.event(), arrival.nanos());
        }
        clock(arrival);
        return part(arrival.choice(), arrival.event());
    }

    private void clock(Arrival arrival) {
        if (arrival.event() instanceof Event.Text) {
            if (first[arrival.choice()] == 0) {
                first[arrival.choice()] = arrival.nanos();
            }
            last[arrival.choice()] = arrival.nanos();
        }
    }

    private Part part(int choice, Event event) {
        return switch (event) {
            case Event.Started started -> {
                cached[choice] = started.cached();
                yield new Begun(choice, started.cached());
            }
            case Event.Scored scored -> new Scored(choice, scored.prompt());
            case Event.Text text -> {
                unsettled[choice] += text.tokens() - tokens[choice];
                tokens[choice] = text.tokens();
                yield said(choice, parsers.get(choice).add(text.text()), scores(choice, text));
            }
            case Event.Failed failed -> {
                ApiException error = ApiException.failed(failed.cause());
                meter.failed(error.code());
                throw error;
            }
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

    /** What the call asked for: a trace wants the scores of every token, the client perhaps none. */
    private List<TokenScore> scores(int choice, Event.Text text) {
        return generation.request(choice).scores() < 0 ? List.of() : text.scores();
    }

    private Said said(int choice, List<ReplyEvent> events, List<TokenScore> scores) {
        boolean thought = !events.isEmpty();
        for (ReplyEvent event : events) {
            thought &= event instanceof ReplyEvent.Reasoning;
            if (event instanceof ReplyEvent.CallBegin) {
                calling.set(choice);
            }
        }
        if (!events.isEmpty()) { // until then it is open what the tokens are part of
            reasoning += thought ? unsettled[choice] : 0;
            unsettled[choice] = 0;
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
        return new Ended(choice, finish, finished.tokens(), finished.logProbability(), finished.stop());
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
        return new Usage(generation.promptTokens(), found, completion, reasoning);
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
        for (int i = 0; i < first.length; i++) {
            if (first[i] != 0) {
                meter.answered(new Outcome.Pace(
                        Duration.ofNanos(first[i] - meter.beganNanos()),
                        Duration.ofNanos(last[i] - first[i]),
                        tokens[i]));
            }
        }
        if (trace != null) {
            calls.traces().add(meter.id(), trace.json());
        }
        calls.closed(this);
        reserved.settle(usage());
        generation.lease().close();
    }
}
