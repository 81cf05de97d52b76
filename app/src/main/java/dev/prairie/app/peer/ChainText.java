package dev.prairie.app.peer;

import dev.prairie.tensor.Tokens;
import dev.prairie.text.batch.Batch;
import java.util.Arrays;
import java.util.Random;

/**
 * Text without a file that can be learnt: a seeded Markov chain in which each token has four followers, and low ids
 * follow more often than high ones. Frequencies are learnt in tens of steps, who follows whom in hundreds.
 */
public final class ChainText {
    private static final int FOLLOWERS = 4;

    private final int vocabulary;
    private final int rows;
    private final int length;
    private final int[] followers; // (V, 4)
    private final Random random;
    private int last;

    /** Batches of {@code rows} rows of {@code length} tokens; the same seed gives the same tokens. */
    public ChainText(int vocabulary, int rows, int length, long seed) {
        this.vocabulary = vocabulary;
        this.rows = rows;
        this.length = length;
        random = new Random(seed);
        followers = new int[Math.multiplyExact(FOLLOWERS, vocabulary)];
        Arrays.setAll(followers, i -> skewed());
    }

    // The cube of a uniform number: half of all followers are among the first eighth of the ids.
    private int skewed() {
        double u = random.nextDouble();
        return (int) (vocabulary * u * u * u);
    }

    /** The next tokens. */
    public Batch next() {
        int n = rows * length;
        int[] ids = new int[n];
        int[] targets = new int[n];
        for (int i = 0; i < n; i++) {
            ids[i] = last;
            // 1/2, 1/4, 1/8, 1/8.
            int which = Math.min(Integer.numberOfTrailingZeros(random.nextInt() | 1 << 31), FOLLOWERS - 1);
            last = followers[FOLLOWERS * last + which];
            targets[i] = last;
        }
        Tokens tokens = Tokens.rows(rows, ids);
        return new Batch(ids, targets, tokens.positions(), tokens.starts());
    }
}
