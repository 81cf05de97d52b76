package dev.prairie.serve.engine;

import java.util.List;

/** Requests on their way: what is left to do with them is to give up. */
public final class Submission {
    private final List<Sequence> sequences;

    Submission(List<Sequence> sequences) {
        this.sequences = sequences;
    }

    /** How many choices they make together. */
    public int choices() {
        return sequences.size();
    }

    /** Asks the engine to spend no further step on them. May be called from any thread, more than once. */
    public void cancel() {
        sequences.forEach(Sequence::cancel);
    }
}
