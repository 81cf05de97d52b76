package dev.prairie.serve.resident;

import dev.prairie.model.generate.Embedder;
import dev.prairie.model.transformer.HeadForm.Pooling;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.device.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Makes vectors with a model that several callers share: one at a time, first come, first served, and those with many texts
 * let others in between. See {@link Embedder} for what the vectors are.
 *
 * <p>The work is done on a thread of its own, which begins with the first call: a caller's may be virtual, and one that
 * computes would hold up all others.
 */
public final class Encoder implements AutoCloseable {
    /** How many may wait for their turn, unless said otherwise. */
    public static final int DEFAULT_QUEUE = 64;

    /** Tokens of one turn, unless a single text has more. */
    private static final int TURN = 2048;

    private final Transformer model;
    private final Kernels kernels;
    private final Pooling pooling;
    private final int queue;
    private final AtomicInteger callers = new AtomicInteger();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("prairie-encoder").daemon().factory());
    private volatile boolean closed;

    public Encoder(Transformer model, Kernels kernels) {
        this(model, kernels, DEFAULT_QUEUE);
    }

    /** @param queue how many may wait, beside the one whose turn it is */
    public Encoder(Transformer model, Kernels kernels, int queue) {
        this.model = model;
        this.kernels = kernels;
        this.queue = queue;
        Pooling named = model.config().head().pooling();
        // A language model was never taught to put a text into its last token; all its tokens say more.
        pooling = named == Pooling.NONE ? Pooling.MEAN : named;
    }

    /** C, the width of a vector. */
    public int width() {
        return model.config().width();
    }

    /** The most tokens of a text. */
    public int context() {
        return model.config().context();
    }

    /** The pooling that the model's files name; the mean if they name none. */
    public Pooling pooling() {
        return pooling;
    }

    /**
     * A vector {@code (C)} of each text, given as ids, special tokens included.
     *
     * @throws ModelUnavailableException if too many wait, or the model is closed
     */
    public List<float[]> embed(List<int[]> texts, Pooling how) {
        return inTurns(texts, new Embedder(model, kernels, how)::embed);
    }

    /** A vector {@code (C)} of each token of each text; otherwise as {@link #embed}. */
    public List<List<float[]>> embedTokens(List<int[]> texts) {
        return inTurns(texts, new Embedder(model, kernels, pooling)::embedTokens);
    }

    /** How many are at work or wait. */
    int callers() {
        return callers.get();
    }

    boolean closed() {
        return closed;
    }

    private <V> List<V> inTurns(List<int[]> texts, Function<List<int[]>, List<V>> work) {
        int others = callers.getAndIncrement();
        try {
            if (others > queue) {
                throw ModelUnavailableException.busy(others - 1, queue);
            }
            List<V> vectors = new ArrayList<>(texts.size());
            for (int from = 0; from < texts.size(); ) {
                int end = from;
                int tokens = 0;
                while (end < texts.size() && (end == from || tokens + texts.get(end).length <= TURN)) {
                    tokens += texts.get(end++).length;
                }
                vectors.addAll(turn(texts.subList(from, end), work));
                from = end;
            }
            return vectors;
        } finally {
            callers.decrementAndGet();
        }
    }

    private <V> List<V> turn(List<int[]> texts, Function<List<int[]>, List<V>> work) {
        Future<List<V>> turn;
        try {
            turn = thread.submit(() -> {
                if (closed) {
                    throw ModelUnavailableException.closed();
                }
                return work.apply(texts);
            });
        } catch (RejectedExecutionException e) {
            throw ModelUnavailableException.closed();
        }
        try {
            return turn.get();
        } catch (InterruptedException e) {
            turn.cancel(false);
            Thread.currentThread().interrupt();
            throw ModelUnavailableException.closed();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    /** Waits for the turn that is under way; all others are refused. The model belongs to whoever opened it. */
    @Override
    public void close() {
        closed = true;
        thread.close();
    }
}
