package dev.prairie.serve.engine;

import org.jspecify.annotations.Nullable;

/**
 * A model with room for the keys and values of many sequences, which takes them a step further together. Used by one thread;
 * whoever opened it closes it.
 */
public interface ModelRunner extends AutoCloseable {
    /** Blocks of keys and values. */
    int blocks();

    /** Positions in a block. */
    int block();

    /**
     * Computes the tokens of a step, all keys and values before them being in their blocks, and leaves theirs in them.
     *
     * @return the logits of the rows asked for, until the next call
     */
    Logits run(Step step);

    @Override
    void close();

    /**
     * Tokens of several sequences, one after the other.
     *
     * @param sequences B names, each a sequence's own for as long as it lives
     * @param ids       N tokens
     * @param positions N places, each in its own sequence
     * @param starts    B + 1 offsets: sequence b has the tokens {@code starts[b] .. starts[b + 1]}
     * @param blocks    for each sequence the blocks of its positions, in order
     * @param adapters  for each sequence its adapter; null is the model itself
     * @param rows      tokens whose logits are wanted, ascending
     */
    record Step(
            long[] sequences,
            int[] ids,
            int[] positions,
            int[] starts,
            int[][] blocks,
            @Nullable String[] adapters,
            int[] rows) {}

    /** Logits of some tokens. */
    interface Logits {
        /** Those of row m of those asked for, into {@code logits (V)}. */
        void copy(int m, float[] logits);
    }
}
