package dev.prairie.text.batch;

/**
 * Packed tokens: sequences of any lengths one after the other, N tokens together.
 *
 * @param ids token ids, (N)
 * @param targets the id to predict at each token, (N); −1 where there is none
 * @param positions place of each token in its sequence, (N), from 0
 * @param starts where each sequence begins, and N at the end, (sequences + 1)
 * @param bytes bytes of text that the targets stand for, special tokens counting none; 0 if not known
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, not copied: a batch is made anew and read once
public record Batch(int[] ids, int[] targets, int[] positions, int[] starts, long bytes) {
    /** The target of a token that predicts nothing. */
    public static final int NO_TARGET = -1;

    /** Checks that the parts fit together. */
    public Batch {
        int n = ids.length;
        if (targets.length != n || positions.length != n) {
            throw new IllegalArgumentException("Batch: " + n + " ids, " + targets.length + " targets and "
                    + positions.length + " positions; there must be one of each a token");
        }
        if (starts.length < 1 || starts[0] != 0 || starts[starts.length - 1] != n) {
            throw new IllegalArgumentException("Batch: starts must run from 0 to " + n + " tokens");
        }
        for (int s = 0; s + 1 < starts.length; s++) {
            if (starts[s] >= starts[s + 1]) {
                throw new IllegalArgumentException("Batch: sequence " + s + " runs from " + starts[s] + " to "
                        + starts[s + 1] + "; starts must ascend");
            }
        }
    }

    /** A batch whose bytes are not known. */
    public Batch(int[] ids, int[] targets, int[] positions, int[] starts) {
        this(ids, targets, positions, starts, 0);
    }

    /** Number of tokens, N. */
    public int tokens() {
        return ids.length;
    }

    /** Number of sequences. */
    public int sequences() {
        return starts.length - 1;
    }

    /** Number of tokens that have a target. */
    public int predictions() {
        int count = 0;
        for (int target : targets) {
            count += target == NO_TARGET ? 0 : 1;
        }
        return count;
    }
}
