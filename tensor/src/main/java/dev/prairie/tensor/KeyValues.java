package dev.prairie.tensor;

/**
 * Where attention finds the keys and values of every sequence: rows of {@code k(R, K, D)} and {@code v(R, K, D)} in
 * blocks named by a table, so that a paged cache is read without copying. Contiguous memory is the special case of one
 * block per sequence.
 *
 * <p>Position s of sequence b stands in row {@code table[b][s / block] * block + s % block} when paged, and in row
 * {@code table[b][0] + s} when contiguous ({@code block == 0}).
 *
 * @param k     keys
 * @param v     values
 * @param table for each sequence its blocks, or its first row when contiguous
 * @param block positions in a block, or 0 when each sequence is contiguous
 */
public record KeyValues(Tensor k, Tensor v, int[][] table, int block) {
    public KeyValues {
        if (!k.shape().equals(v.shape()))
            throw new ShapeException("keyValues", "k" + k.shape() + " and v" + v.shape() + " differ");
        if (k.shape().rank() != 3) throw new ShapeException("keyValues", "k" + k.shape() + " must be (R, K, D)");
        if (block < 0) throw new ShapeException("keyValues", "block of " + block + " positions");
    }

    /** Keys and values that lie packed like the tokens they came from: what training uses. */
    public static KeyValues packed(Tensor k, Tensor v, Tokens tokens) {
        int[][] table = new int[tokens.sequences()][];
        for (int b = 0; b < table.length; b++) table[b] = new int[] {tokens.starts()[b]};
        return new KeyValues(k, v, table, 0);
    }

    /** Whether this is what {@link #packed} makes of {@code tokens}: one row for each token, and no other rows. */
    public boolean packed(Tokens tokens) {
        if (block != 0 || k.shape().dim(0) != tokens.count()) return false;
        for (int b = 0; b < table.length; b++)
            if (table[b][0] != tokens.starts()[b] || tokens.length(b) != tokens.starts()[b + 1] - tokens.starts()[b])
                return false;
        return true;
    }

    /** The row of position {@code s} of sequence {@code b}. */
    public int row(int b, int s) {
        return block == 0 ? table[b][0] + s : table[b][s / block] * block + s % block;
    }

    /** How many positions from {@code s} on lie in consecutive rows; kernels walk in runs of this. */
    public int run(int b, int s) {
        return block == 0 ? Integer.MAX_VALUE : block - s % block;
    }

    /** Whether every position below {@code length} of sequence {@code b} has a row inside {@code k}. */
    public boolean covers(int b, int length) {
        if (length == 0) return true;
        int rows = k.shape().dim(0);
        if (block == 0) return table[b][0] >= 0 && (long) table[b][0] + length <= rows;
        int blocks = Math.ceilDiv(length, block);
        if (table[b].length < blocks) return false;
        for (int i = 0; i < blocks; i++)
            if (table[b][i] < 0 || (long) table[b][i] * block + Math.min(block, length - i * block) > rows)
                return false;
        return true;
    }
}
