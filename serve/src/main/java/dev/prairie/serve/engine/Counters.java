package dev.prairie.serve.engine;

import java.util.concurrent.atomic.AtomicLong;

/** What an engine counts on its thread, as other threads may look at it. */
final class Counters {
    private volatile int running;
    private volatile int used;
    private volatile int cached;
    private volatile long preemptions;
    private volatile long cachedTokens;
    private volatile long beganAt;
    private final AtomicLong steps = new AtomicLong();
    private final AtomicLong promptTokens = new AtomicLong();
    private final AtomicLong completionTokens = new AtomicLong();
    private final AtomicLong drafted = new AtomicLong();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong modelNanos = new AtomicLong();
    private final AtomicLong samplingNanos = new AtomicLong();
    private final AtomicLong stepNanos = new AtomicLong();

    void begin() {
        beganAt = System.nanoTime();
    }

    void end() {
        stepNanos.addAndGet(System.nanoTime() - beganAt);
        steps.incrementAndGet();
        beganAt = 0;
    }

    void model(boolean begins) {
        modelNanos.addAndGet(begins ? -System.nanoTime() : System.nanoTime());
    }

    void sampling(boolean begins) {
        samplingNanos.addAndGet(begins ? -System.nanoTime() : System.nanoTime());
    }

    void prompt(int tokens) {
        promptTokens.addAndGet(tokens);
    }

    void completion() {
        completionTokens.incrementAndGet();
    }

    void drafted(int guesses, int right) {
        drafted.addAndGet(guesses);
        accepted.addAndGet(right);
    }

    void failed() {
        failures.incrementAndGet();
    }

    void look(Scheduler scheduler, BlockManager blocks) {
        running = scheduler.running().size();
        used = blocks.blocks() - blocks.free();
        cached = blocks.cached();
        preemptions = scheduler.preemptions();
        cachedTokens = scheduler.cachedTokens();
    }

    int running() {
        return running;
    }

    EngineStats stats(AdmissionQueue queue, ModelRunner runner) {
        long began = beganAt;
        long model = modelNanos.get();
        long sampling = samplingNanos.get();
        return new EngineStats(
                running,
                queue.size(),
                queue.tokens(),
                runner.blocks(),
                used,
                cached,
                runner.block(),
                steps.get(),
                promptTokens.get(),
                cachedTokens,
                completionTokens.get(),
                preemptions,
                drafted.get(),
                accepted.get(),
                failures.get(),
                model,
                sampling,
                Math.max(0, stepNanos.get() - model - sampling),
                began == 0 ? 0 : System.nanoTime() - began);
    }
}
