package dev.prairie.text.grammar;

/**
 * Where one sequence stands in a grammar. Before each token ask {@link #allowed}, after it say {@link #accept}. Not
 * thread-safe; the {@link TokenMasks} behind it may be shared.
 */
public interface Constraint {

    /**
     * Writes which tokens may come next: bit {@code id % 64} of word {@code id / 64}. The ids that end a text are among
     * them when it may end here. No bit is set where the vocabulary cannot spell what has to come, and after an end.
     *
     * @param mask (V + 63) / 64 words, overwritten
     * @throws GrammarException if the grammar proves too ambiguous to be followed
     */
    void allowed(long[] mask);

    /** Takes a token; if it is not allowed the answer is false and nothing has changed. */
    boolean accept(int id);

    /** Whether the text may end here. */
    boolean mayEnd();

    /** Whether nothing but an end can come, or not even that. */
    boolean mustEnd();

    /** The bytes that have to come next, as far as there is no choice: possibly none, at most 256. */
    byte[] forced();

    /** An independent one at the same place. */
    Constraint copy();
}
