package dev.prairie.serve.api;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of a call: all that is written down of it. Never what was said, and never a key.
 *
 * @param began   when it came
 * @param took    how long it took, from its first line to its last
 * @param id      its name, see {@link RequestId}
 * @param caller  the name of the key; empty if nobody was let in
 * @param method  GET, POST …
 * @param route   the path as the route has it, such as {@code /v1/models/{id}}; empty if no route fits
 * @param scope   what the route needs
 * @param status  of the answer; {@link #GONE} if the client did not wait for it
 * @param error   the code of what went wrong, also within a stream
 * @param model   the model that was asked
 * @param usage   tokens of all its answers
 * @param answers how long each choice took
 */
public record Outcome(
        Instant began,
        Duration took,
        String id,
        String caller,
        String method,
        String route,
        Scope scope,
        int status,
        @Nullable String error,
        @Nullable String model,
        Usage usage,
        List<Pace> answers) {
    /** A status of nginx's own: the client closed the connection. */
    public static final int GONE = 499;

    /**
     * How fast a choice was.
     *
     * @param first  until its first token, from the call's beginning
     * @param rest   from its first token to its last
     * @param tokens sampled
     */
    public record Pace(Duration first, Duration rest, int tokens) {}

    public Outcome {
        answers = List.copyOf(answers);
    }

    /** Whether it did not come to what was asked for. */
    public boolean failed() {
        return status >= 400 || error != null;
    }

    /** Who is told. Called once for every call when it is over, from many threads. */
    @FunctionalInterface
    public interface Observer {
        void over(Outcome outcome);
    }
}
