package dev.prairie.text.batch;

import java.util.Iterator;
import java.util.stream.IntStream;

/**
 * A shard cut into rows, each token predicted once: the same batches at every evaluation. The rows of a batch lie evenly
 * spread over the text, so that a few batches stand for all of it. In mode PACKED a sequence ends with its document; in
 * mode RANDOM rows cross documents, as in training. The last row may be short.
 */
public final class Validation implements Iterable<Batch> {
    private final LoaderConfig config;
    private final Shard shard;
    private final Rows rows;

    /**
     * The batches of a shard; the seed of the settings is not used.
     *
     * @throws IllegalArgumentException if there is nothing to predict
     */
    public Validation(Shard shard, LoaderConfig config) {
        this.shard = shard;
        this.config = config;
        rows = new Rows(shard, config);
        if (predictions() == 0) {
            throw new IllegalArgumentException("Validation: " + shard.file() + " has " + shard.tokens()
                    + " tokens and so nothing to predict; give more text or a larger validation share");
        }
    }

    /** Tokens to predict in all. */
    public long predictions() {
        return rows.predictions();
    }

    /** Number of batches. */
    public int batches() {
        return Math.ceilDiv(rows.count(), config.rows());
    }

    /** Batch {@code k}, from 0. */
    public Batch batch(int k) {
        if (k < 0 || k >= batches()) {
            throw new IllegalArgumentException("Validation: batch " + k + " is outside 0 .. " + (batches() - 1));
        }
        BatchBuilder batch = new BatchBuilder(shard, config.rows() * config.length());
        for (int row = k; row < rows.count(); row += batches()) {
            rows.add(row, batch);
        }
        return batch.build();
    }

    @Override
    public Iterator<Batch> iterator() {
        return IntStream.range(0, batches()).mapToObj(this::batch).iterator();
    }
}
