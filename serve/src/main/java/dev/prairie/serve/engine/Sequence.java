package dev.prairie.serve.engine;

import dev.prairie.model.generate.Sampling;
import java.util.List;

/**
 * One prompt on its way to one answer. The engine's thread calls the listener with any number of {@link Text} events and
 * then exactly one {@link Finished} or {@link Failed}; a listener must be quick and must not throw.
 */
public final class Sequence {
    /** What happens to a sequence. */
    public sealed interface Event {}

    /** New text; {@code tokens} counts the tokens sampled so far. */
    public record Text(String text, int tokens) implements Event {}

    /** The last event of a sequence that ended as asked; {@code tokens} were sampled in all. */
    public record Finished(Reason reason, int tokens) implements Event {}

    /** The last event of a sequence that the model or the device could not finish. */
    public record Failed(Throwable cause) implements Event {}

    /** Why no further token follows. */
    public enum Reason {
        /** The model ended its text, or a stop string appeared. */
        STOP,
        /** As many tokens as asked for. */
        LENGTH,
        /** {@link Sequence#cancel()} was called. */
        CANCELLED
    }

    /** Who is told. */
    @FunctionalInterface
    public interface Listener {
        void on(Event event);
    }

    private final int[] prompt;
    private final Sampling sampling;
    private final int maxTokens;
    private final List<String> stop;
    private final Listener listener;
    private final boolean marked;
    private volatile boolean cancelled;

    /** One whose text leaves out special tokens. */
    public Sequence(int[] prompt, Sampling sampling, int maxTokens, List<String> stop, Listener listener) {
        this(prompt, sampling, maxTokens, stop, false, listener);
    }

    /**
     * @param prompt at least one id
     * @param maxTokens at least 1: how many tokens are sampled at most
     * @param stop strings that end the answer and are not part of it; none empty
     * @param marked whether special tokens are spelled out in the text
     */
    public Sequence(
            int[] prompt, Sampling sampling, int maxTokens, List<String> stop, boolean marked, Listener listener) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("prompt: 0 tokens, give at least 1");
        }
        if (maxTokens < 1) {
            throw new IllegalArgumentException("max tokens: " + maxTokens + ", give at least 1");
        }
        this.prompt = prompt.clone();
        this.sampling = sampling;
        this.maxTokens = maxTokens;
        this.stop = List.copyOf(stop);
        this.marked = marked;
        this.listener = listener;
    }

    /** Asks the engine to spend no further step on this sequence. May be called from any thread, more than once. */
    public void cancel() {
        cancelled = true;
    }

    public boolean cancelled() {
        return cancelled;
    }

    int[] prompt() {
        return prompt;
    }

    Sampling sampling() {
        return sampling;
    }

    int maxTokens() {
        return maxTokens;
    }

    List<String> stop() {
        return stop;
    }

    boolean marked() {
        return marked;
    }

    void emit(Event event) {
        listener.on(event);
    }
}
