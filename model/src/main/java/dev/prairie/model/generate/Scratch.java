package dev.prairie.model.generate;

/**
 * Memory that the samplers of one thread share, so that hundreds of them cost no more than one: some 3 MB for a vocabulary
 * of 128 thousand, taken when it is first needed. Holds nothing between two calls. Not thread-safe.
 */
public final class Scratch {
    /** A number for each column when numbers are looked through in rows; see {@link Rows}. */
    final double[] columns = new double[Rows.COLUMNS];

    private Candidates candidates = new Candidates(0);
    private float[] row = new float[0];

    /** Room for {@code vocabulary} candidates, whatever is left in it. */
    Candidates candidates(int vocabulary) {
        if (candidates.capacity() < vocabulary) candidates = new Candidates(vocabulary);
        return candidates;
    }

    /** Room for {@code vocabulary} logits, whatever is left in it. */
    float[] row(int vocabulary) {
        if (row.length < vocabulary) row = new float[vocabulary];
        return row;
    }
}
