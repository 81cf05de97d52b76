package dev.prairie.serve.engine;

import dev.prairie.model.generate.Sampler;
import dev.prairie.serve.engine.Event.Failed;
import dev.prairie.serve.engine.Event.Finished;
import dev.prairie.serve.engine.Event.Reason;
import dev.prairie.serve.engine.Event.Started;
import dev.prairie.serve.engine.Event.Text;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One resident model, one thread that generates, and a queue before it: first come, first served. A sequence that fails
 * takes nothing with it; the next one is served. Not here: several sequences in one step.
 */
public final class Engine implements AutoCloseable {
    /** How many sequences may wait, unless said otherwise. */
    public static final int DEFAULT_CAPACITY = 256;

    private final LanguageModel model;
    private final int capacity;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
    private @Nullable Sequence running;
    private boolean closed;

    /** An engine with the default queue. */
    public Engine(LanguageModel model) {
        this(model, DEFAULT_CAPACITY);
    }

    /**
     * Starts the generating thread.
     *
     * @param capacity how many sequences may wait, beside the one that runs; at least 1
     */
    public Engine(LanguageModel model, int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("queue capacity: " + capacity + ", give at least 1");
        }
        this.model = model;
        this.capacity = capacity;
        this.thread = Thread.ofPlatform().name("prairie-engine").daemon().unstarted(this::serve);
        thread.start();
    }

    public LanguageModel model() {
        return model;
    }

    /** How many sequences may wait. */
    public int capacity() {
        return capacity;
    }

    /** How many sequences wait now. */
    public int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** True until {@link #close()}, or until the thread died of an error that no sequence can be blamed for. */
    public boolean alive() {
        lock.lock();
        try {
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Queues all of {@code requests}, or none. The listener hears of all their choices, counted through.
     *
     * @throws IllegalArgumentException if one does not fit the model's context or vocabulary
     * @throws QueueFullException if they do not fit the queue now
     * @throws EngineClosedException if the engine is closed
     */
    public Submission submit(List<Request> requests, Event.Listener listener) {
        requests.forEach(this::check);
        List<Sequence> sequences = new ArrayList<>();
        for (Request request : requests) {
            for (int i = 0; i < request.choices(); i++) {
                sequences.add(new Sequence(request, i, sequences.size(), listener));
            }
        }
        lock.lock();
        try {
            if (closed) {
                throw new EngineClosedException();
            }
            waiting.removeIf(Engine::dropped);
            if (waiting.size() + sequences.size() > capacity) {
                throw new QueueFullException(waiting.size(), sequences.size(), capacity);
            }
            waiting.addAll(sequences);
            changed.signal();
        } finally {
            lock.unlock();
        }
        return new Submission(sequences);
    }

    /** Ends the running sequence after its current step, fails those that wait, and waits for the thread. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (running != null) {
                running.cancel();
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void check(Request request) {
        long wanted = (long) request.prompt().length + request.maxTokens();
        if (wanted > model.contextLength()) {
            throw new IllegalArgumentException("context: the prompt has " + request.prompt().length + " tokens and "
                    + request.maxTokens() + " more are asked for, but " + model.contextLength()
                    + " fit; shorten one of them");
        }
        for (int id : request.prompt()) {
            if (id < 0 || id >= model.vocabularySize()) {
                throw new IllegalArgumentException(
                        "prompt: token " + id + ", but ids are 0 to " + (model.vocabularySize() - 1));
            }
        }
    }

    private static boolean dropped(Sequence sequence) {
        if (sequence.cancelled()) {
            sequence.emit(new Finished(Reason.CANCELLED, 0, 0, null));
        }
        return sequence.cancelled();
    }

    private void serve() {
        try {
            for (Sequence sequence = next(); sequence != null; sequence = next()) {
                sequence.emit(outcome(sequence));
            }
        } finally {
            failAll();
        }
    }

    private @Nullable Sequence next() {
        lock.lock();
        try {
            running = null;
            while (!closed && waiting.isEmpty()) {
                changed.awaitUninterruptibly();
            }
            running = closed ? null : waiting.remove();
            return running;
        } finally {
            lock.unlock();
        }
    }

    /** Whatever ended the loop: nobody is left waiting for an answer. */
    private void failAll() {
        List<Sequence> left;
        lock.lock();
        try {
            closed = true;
            if (running != null) {
                waiting.addFirst(running);
            }
            left = List.copyOf(waiting);
            waiting.clear();
        } finally {
            lock.unlock();
        }
        left.forEach(sequence -> sequence.emit(new Failed(new EngineClosedException())));
    }

    private Event outcome(Sequence sequence) {
        try {
            return generate(sequence);
        } catch (RuntimeException | VirtualMachineError e) {
            // Of the errors, those that a request or a device can bring about: no memory left for its cache, a model
            // file that was cut off under its mapping. They end this sequence, not the service.
            return new Failed(e);
        }
    }

    private Finished generate(Sequence sequence) {
        if (sequence.cancelled()) {
            return new Finished(Reason.CANCELLED, 0, 0, null);
        }
        Request request = sequence.request();
        int[] prompt = request.prompt();
        Sampler sampler = new Sampler(sequence.sampling(), prompt);
        LanguageModel.TextStream text = request.marked() ? model.markedStream(prompt) : model.textStream(prompt);
        StopStrings stops = new StopStrings(request.stop());
        try (LanguageModel.Session session = model.open(prompt.length + request.maxTokens())) {
            sequence.emit(new Started(0));
            float[] logits = session.feed(prompt);
            for (int tokens = 1; ; tokens++) {
                if (sequence.cancelled()) {
                    return new Finished(Reason.CANCELLED, tokens - 1, 0, null);
                }
                int id = sampler.next(logits);
                boolean ended = model.endsText(id);
                String shown = ended ? "" : stops.add(text.add(id));
                boolean last = ended || tokens == request.maxTokens();
                if (last && !stops.found()) {
                    shown += stops.add(text.end());
                    shown += stops.end();
                }
                if (!shown.isEmpty()) {
                    sequence.emit(new Text(shown, tokens, List.of()));
                }
                if (ended || stops.found()) {
                    return new Finished(Reason.STOP, tokens, 0, null);
                }
                if (last) {
                    return new Finished(Reason.LENGTH, tokens, 0, null);
                }
                logits = session.feed(id);
            }
        }
    }
}
