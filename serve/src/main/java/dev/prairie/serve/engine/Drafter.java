package dev.prairie.serve.engine;

/**
 * Guesses what a sequence says next, so that one step checks several tokens. A guess is right if it is what the sequence's own
 * sampler picks, with its own dice: so guessing changes no answer and no distribution, only how many steps it takes (compare
 * Leviathan et al. 2023, arXiv 2211.17192, whose acceptance by chance takes more guesses but needs two dice).
 */
interface Drafter {
    /** At most {@code most} guesses; none if {@code most} is 0 or less, or nothing comes to mind. */
    int[] draft(Sequence sequence, int most);

    /** The sequence is over, or begins anew. */
    default void forget(Sequence sequence) {}

    /** Guesses nothing. */
    Drafter NONE = (sequence, most) -> new int[0];
}
