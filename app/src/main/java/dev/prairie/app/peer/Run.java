package dev.prairie.app.peer;

import dev.prairie.text.batch.Batch;

/** A model being trained by somebody, step by step. */
public interface Run extends AutoCloseable {
    /**
     * What a step came to.
     *
     * @param loss    mean over the tokens in nats, before the step
     * @param seconds that forward, backward and optimizer took
     */
    record Step(double loss, double seconds) {}

    /** Who, and in which precision. */
    String name();

    /** One step on one batch of rows of one length. */
    Step step(Batch batch, float rate);

    @Override
    void close();
}
