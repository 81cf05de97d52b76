package dev.prairie.serve.engine;

import dev.prairie.model.generate.Scratch;
import dev.prairie.serve.engine.ModelRunner.Logits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One resident model and one thread that takes all its sequences further together, a step at a time: the scheduler says who
 * takes part, the runner computes, and each sequence's output picks its token and tells. A step that fails is tried again with
 * each sequence alone, so that what fails takes nothing with it.
 */
public final class Engine implements AutoCloseable {
    private static final int MOST_TOGETHER = 256;

    /** Numbers that the logits of one step may have, about: a bound on its memory. */
    private static final int MOST_LOGITS = 1 << 25;

    private final LanguageModel model;
    private final EngineConfig config;
    private final ModelRunner runner;
    private final AdmissionQueue queue;
    private final BlockManager blocks;
    private final Drafter drafter;
    private final Scheduler scheduler;
    private final Thread thread;
    private final AtomicLong names = new AtomicLong();
    private final float[] logits;
    private final Scratch scratch = new Scratch();
    private final Counters counters = new Counters();
    private volatile boolean finishing;

    /** An engine with the default configuration. */
    public Engine(LanguageModel model) {
        this(model, EngineConfig.DEFAULT);
    }

    /** Guesses, where the config says so, by what a sequence has said before. */
    public Engine(LanguageModel model, EngineConfig config) {
        this(model, config, null);
    }

    /**
     * Takes the memory that the model needs for its sequences, and starts the thread.
     *
     * @param draft a smaller model with the same tokens, which guesses; null guesses by what a sequence has said before
     * @throws IllegalArgumentException if the draft has other tokens, or one of the models is an encoder
     */
    public Engine(LanguageModel model, EngineConfig config, @Nullable LanguageModel draft) {
        this.model = model;
        this.config = config;
        this.runner = model.open(config);
        this.queue = new AdmissionQueue(config.queue(), config.queueTokens());
        this.blocks = new BlockManager(runner.blocks());
        this.logits = new float[model.vocabularySize()];
        this.drafter = drafter(draft);
        int rowLimit = Math.max(1, MOST_LOGITS / model.vocabularySize());
        this.scheduler = new Scheduler(config, queue, blocks, runner.block(), drafter, rowLimit);
        this.thread = Thread.ofPlatform().name("prairie-engine").daemon().unstarted(this::serve);
        thread.start();
    }

    private Drafter drafter(@Nullable LanguageModel draft) {
        if (config.drafts() == 0) {
            return Drafter.NONE;
        }
        if (draft == null) {
            return new NgramDrafter();
        }
        try {
            return new ModelDrafter(draft, model, config);
        } catch (RuntimeException refused) {
            runner.close();
            throw refused;
        }
    }

    public LanguageModel model() {
        return model;
    }

    public EngineConfig config() {
        return config;
    }

    /** How many choices may be asked for together. */
    public int capacity() {
        return Math.max(config.queue(), MOST_TOGETHER);
    }

    /** How many sequences wait now. */
    public int waiting() {
        return queue.size();
    }

    /** True until {@link #close()}, or until the thread died of an error that no sequence can be blamed for. */
    public boolean alive() {
        return !queue.closed();
    }

    /** Whether the present step has taken longer than {@code longest}: a device or a disk that does not answer. */
    public boolean stalled(Duration longest) {
        return stats().stepNanos() > longest.toNanos();
    }

    /** What it is doing and has done. */
    public EngineStats stats() {
        return counters.stats(queue, runner);
    }

    /**
     * Queues all of {@code requests}, or none. The listener hears of all their choices, counted through.
     *
     * @throws DoesNotFitException if one is longer than the context or than all blocks
     * @throws IllegalArgumentException if one has a token that the model does not
     * @throws QueueFullException if they do not fit the queue now
     * @throws EngineClosedException if the engine is closed
     */
    public Submission submit(List<Request> requests, Event.Listener listener) {
        requests.forEach(this::check);
        List<Sequence> all = new ArrayList<>();
        List<Sequence> first = new ArrayList<>();
        for (Request request : requests) {
            List<Sequence> choices = new ArrayList<>();
            for (int i = 0; i < request.choices(); i++) {
                choices.add(new Sequence(names.incrementAndGet(), request, i, all.size() + i, listener));
            }
            choices.getFirst().followedBy(List.copyOf(choices.subList(1, choices.size())));
            first.add(choices.getFirst());
            all.addAll(choices);
        }
        queue.add(first, Math.max(0, config.sequences() - counters.running()));
        return new Submission(all);
    }

    /** Ends all sequences where they are, as if no more had been asked for. Those that come later are served as ever. */
    public void finish() {
        finishing = true;
    }

    /** Ends after the present step, fails what has not ended, and waits for the thread. */
    @Override
    public void close() {
        queue.close();
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
        int prompt = request.prompt().length;
        long wanted = (long) prompt + request.maxTokens();
        if (wanted > model.contextLength()) {
            throw new DoesNotFitException("context: the prompt has " + prompt + " tokens and " + request.maxTokens()
                    + " more are asked for, but " + model.contextLength() + " fit; shorten one of them");
        }
        long room = (long) runner.blocks() * runner.block();
        if (wanted > room) {
            throw new DoesNotFitException("memory for keys and values: the prompt has " + prompt + " tokens and "
                    + request.maxTokens() + " more are asked for, but there is room for " + room
                    + "; shorten one of them, or give the server more");
        }
        String adapter = request.adapter();
        if (adapter != null && !model.adapters().contains(adapter)) {
            throw new IllegalArgumentException(
                    "adapter: \"" + adapter + "\" is not here; there are " + model.adapters());
        }
        request.sampling().checkIds(model.vocabularySize());
        for (int id : request.prompt()) {
            if (id < 0 || id >= model.vocabularySize()) {
                throw new IllegalArgumentException(
                        "prompt: token " + id + ", but ids are 0 to " + (model.vocabularySize() - 1));
            }
        }
    }

    // ---- the engine's thread -----------------------------------------------------------------------------------

    private void serve() {
        try (runner;
                drafter) {
            while (scheduler.running().isEmpty() ? queue.await() : !queue.closed()) {
                step();
            }
        } finally {
            queue.close();
            failAll();
        }
    }

    /** Whatever ended the loop: nobody is left waiting for an answer. */
    private void failAll() {
        List<Sequence> left = new ArrayList<>(scheduler.running());
        left.addAll(queue.removeAll());
        for (Sequence sequence : left) {
            scheduler.end(sequence);
        }
        left.addAll(queue.removeAll()); // those that followed
        left.forEach(sequence -> sequence.emit(new Event.Failed(new EngineClosedException())));
        counters.look(scheduler, blocks);
    }

    private void step() {
        counters.begin();
        endEarly();
        List<Sequence> batch = scheduler.next();
        for (Sequence sequence : batch) {
            begin(sequence);
        }
        counters.look(scheduler, blocks); // who runs is known before the step, which may take long
        if (!batch.isEmpty()) {
            compute(batch);
        }
        counters.look(scheduler, blocks);
        counters.end();
    }

    /** Those that nobody waits for any more, and those that are to stop where they are. */
    private void endEarly() {
        boolean all = finishing;
        finishing = false;
        List<Sequence> over = new ArrayList<>(all ? queue.removeAll() : queue.removeCancelled());
        for (Sequence sequence : scheduler.running()) {
            if (all || sequence.cancelled()) {
                over.add(sequence);
            }
        }
        for (Sequence sequence : over) {
            begin(sequence);
            if (sequence.cancelled()) {
                sequence.started().end(Event.Reason.CANCELLED);
            } else {
                sequence.started().cutShort();
            }
            scheduler.end(sequence);
        }
    }

    private void begin(Sequence sequence) {
        if (sequence.output() == null) {
            sequence.begin(new Output(sequence, model, scratch));
            sequence.emit(new Event.Started(sequence.computed()));
        }
    }

    private void compute(List<Sequence> batch) {
        Batch step = Batch.of(batch);
        Logits computed;
        try {
            computed = run(step);
        } catch (RuntimeException | VirtualMachineError e) {
            // Of the errors, those that a request or a device can bring about: no memory left for its work, a model
            // file
            // that was cut off under its mapping. They end sequences, not the service.
            counters.failed();
            if (batch.size() == 1) {
                fail(batch.getFirst(), e);
            } else {
                batch.forEach(sequence -> compute(List.of(sequence))); // who is to blame fails alone
            }
            return;
        }
        tell(batch, step, computed);
    }

    private Logits run(Batch step) {
        counters.model(true);
        try {
            return runner.run(step.step());
        } finally {
            counters.model(false);
        }
    }

    private void tell(List<Sequence> batch, Batch step, Logits computed) {
        counters.sampling(true);
        for (int b = 0; b < batch.size(); b++) {
            Sequence sequence = batch.get(b);
            try {
                tell(sequence, step.firstRow(b), computed);
            } catch (RuntimeException e) { // logits that are no numbers, a listener that throws
                fail(sequence, e);
            }
        }
        counters.sampling(false);
    }

    private void fail(Sequence sequence, Throwable cause) {
        sequence.started().fail(cause);
        scheduler.end(sequence);
    }

    /** What the step means for one of its sequences, whose logits begin with row {@code row}. */
    private void tell(Sequence sequence, int row, Logits computed) {
        Output output = sequence.started();
        if (sequence.cancelled()) {
            output.end(Event.Reason.CANCELLED);
            scheduler.end(sequence);
            return;
        }
        int from = sequence.computed();
        int count = sequence.scheduled();
        int prompt = sequence.request().prompt().length;
        boolean completes = sequence.completes();
        int[] draft = sequence.draft();
        if (output.scoresPrompt()) {
            for (int at = from; at < from + count && at + 1 < prompt; at++, row++) {
                computed.copy(row, logits);
                output.scorePrompt(at + 1, logits);
            }
        }
        counters.prompt(Math.max(0, Math.min(from + count, prompt) - from));
        scheduler.advance(sequence, count);
        if (!completes) {
            return;
        }
        if (from + count == prompt) {
            output.promptDone();
            scheduler.follow(sequence);
        }
        int right = 0;
        for (int i = 0; !output.ended(); i++) {
            computed.copy(row + i, logits);
            int id = output.next(logits);
            counters.completion();
            sequence.append(id);
            if (i == draft.length || draft[i] != id) {
                break;
            }
            right++;
        }
        counters.drafted(draft.length, right);
        if (output.ended()) {
            scheduler.advance(sequence, 0);
            scheduler.end(sequence);
        } else {
            scheduler.advance(sequence, right);
        }
    }
}
