package dev.prairie.text.batch;

/**
 * How batches are drawn.
 *
 * @param mode windows at random, or whole documents packed
 * @param rows rows of a batch, B
 * @param length tokens of a row, T
 * @param seed of all random choices
 */
public record LoaderConfig(Mode mode, int rows, int length, long seed) {
    /** Where rows come from. */
    public enum Mode {
        /** Each row is a window at a random place of the one long stream, whatever documents it crosses. */
        RANDOM,
        /**
         * The documents, one after the other, cut into rows, and the rows in an order shuffled anew each epoch: neighbours
         * in a batch are strangers. A document that begins within a row begins a new sequence, so attention never crosses
         * documents.
         */
        PACKED
    }

    /** Checks the sizes. */
    public LoaderConfig {
        if (rows < 1 || length < 1 || (long) rows * length > 1 << 30) {
            throw new IllegalArgumentException("LoaderConfig: " + rows + " rows of " + length
                    + " tokens; both must be at least 1 and together at most " + (1 << 30));
        }
    }
}
