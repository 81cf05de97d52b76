package dev.prairie.serve.engine;

import dev.prairie.model.generate.TokenScore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What happens to one choice of a request, in this order: {@link Started}, {@link Scored} where the prompt's scores are
 * wanted, any number of {@link Text}, and then {@link Finished}. {@link Failed} may come instead of any of them and is the
 * last.
 */
public sealed interface Event {
    /** The first step is about to run; {@code cached} tokens of the prompt were found computed. */
    record Started(int cached) implements Event {}

    /** The prompt's tokens, one score each; nothing comes before the first, so its log-probability is NaN. */
    record Scored(List<TokenScore> prompt) implements Event {}

    /**
     * New text. It may be empty where only scores become known.
     *
     * @param tokens sampled so far
     * @param scores of the tokens that this text is made of; none unless they are wanted
     */
    record Text(String text, int tokens, List<TokenScore> scores) implements Event {}

    /**
     * The end as asked for.
     *
     * @param tokens         sampled in all
     * @param logProbability of all of them together; 0 unless scores are wanted
     * @param stop           the stop string that ended it, if one did
     */
    record Finished(
            Reason reason,
            int tokens,
            double logProbability,
            @Nullable String stop) implements Event {}

    /** The model or the device could not finish it. */
    record Failed(Throwable cause) implements Event {}

    /** Why no further token follows. */
    enum Reason {
        /** The model ended its text, or a stop string or stop token appeared. */
        STOP,
        /** As many tokens as asked for, or the server ends before there are as many. */
        LENGTH,
        /** {@link Submission#cancel()} was called. */
        CANCELLED
    }

    /**
     * Who is told. Called from the engine's thread: it must be quick and must not throw.
     */
    @FunctionalInterface
    interface Listener {
        /** {@code choice} counts through all choices of all requests that were submitted together. */
        void on(int choice, Event event);
    }
}
