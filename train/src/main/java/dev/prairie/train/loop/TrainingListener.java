package dev.prairie.train.loop;

/** Hears how a run goes; called on the training thread, and should be quick. Every method may be left as it is. */
public interface TrainingListener {
    /** Nobody listens. */
    TrainingListener NONE = new TrainingListener() {};

    /** Something that takes a while begins: reading the corpus, training the tokenizer. */
    default void stage(String what) {}

    /** Something worth knowing once. */
    default void note(String text) {}

    /** A step is done. {@code secondsLeft} is of training alone. */
    default void step(Metrics.Line line, int steps, double secondsLeft) {}

    /** A validation is done: nats a token, and bits a byte of text. */
    default void validated(int step, double loss, double bitsPerByte) {}

    /** What the model writes at this point of its training. */
    default void sample(int step, String text) {}

    /** A checkpoint stands on disk. */
    default void saved(int step) {}
}
