package dev.prairie.serve.engine;

import java.util.List;

/**
 * Guesses what sequences say next, so that one step checks several tokens of each. A guess is right if it is what the
 * sequence's own sampler picks, with its own dice: so guessing changes no answer and no distribution, only how many steps it
 * takes (compare Leviathan et al. 2023, arXiv 2211.17192, whose acceptance by chance takes more guesses but needs two dice).
 */
interface Drafter extends AutoCloseable {
    /**
     * Guesses for each of {@code sequences}, at most {@code most[i]} for the i-th: none if that is 0 or less, or nothing comes
     * to mind.
     */
    int[][] draft(List<Sequence> sequences, int[] most);

    /** The sequence is over, or begins anew. */
    default void forget(Sequence sequence) {}

    @Override
    default void close() {}

    /** Guesses nothing. */
    Drafter NONE = (sequences, most) -> new int[sequences.size()][0];
}
