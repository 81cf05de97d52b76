package dev.prairie.text.batch;

import java.util.Iterator;
import java.util.stream.IntStream;

/**
 * A shard in order, each token predicted once: the same batches at every evaluation. In mode PACKED a sequence ends with
 * its document; in mode RANDOM rows cross documents, as in training. The last row and the last batch may be short.
 */
public final class Validation implements Iterable<Batch> {
    private final Shard shard;
    private final LoaderConfig config;
    /** {@code before[d]}: predictions in the segments before d. A segment is a document, or the whole stream. */
    private final long[] before;

    /**
     * The batches of a shard; the seed of the settings is not used.
     *
     * @throws IllegalArgumentException if there is nothing to predict
     */
    public Validation(Shard shard, LoaderConfig config) {
        this.shard = shard;
        this.config = config;
        int segments = config.mode() == LoaderConfig.Mode.PACKED ? shard.documents() : 1;
        before = new long[segments + 1];
        for (int s = 0; s < segments; s++) {
            before[s + 1] = before[s] + Math.max(0, end(s) - start(s) - 1);
        }
        if (predictions() == 0) {
            throw new IllegalArgumentException("Validation: " + shard.file() + " has " + shard.tokens()
                    + " tokens and so nothing to predict; give more text or a larger validation share");
        }
    }

    /** Tokens to predict in all. */
    public long predictions() {
        return before[before.length - 1];
    }

    /** Number of batches. */
    public int batches() {
        return Math.toIntExact(Math.ceilDiv(predictions(), (long) config.rows() * config.length()));
    }

    /** Batch {@code k}, from 0. */
    public Batch batch(int k) {
        if (k < 0 || k >= batches()) {
            throw new IllegalArgumentException("Validation: batch " + k + " is outside 0 .. " + (batches() - 1));
        }
        int size = config.rows() * config.length();
        BatchBuilder batch = new BatchBuilder(shard, size);
        long at = (long) k * size;
        long end = Math.min(predictions(), at + size);
        int segment = segmentOf(at);
        while (at < end) {
            long row = Math.min(end, (at / config.length() + 1) * config.length());
            int take = (int) (Math.min(row, before[segment + 1]) - at);
            if (take > 0) {
                batch.add(start(segment) + at - before[segment], take);
                at += take;
            }
            if (at == before[segment + 1]) {
                segment++;
            }
        }
        return batch.build();
    }

    @Override
    public Iterator<Batch> iterator() {
        return IntStream.range(0, batches()).mapToObj(this::batch).iterator();
    }

    /** The last segment that begins at or before this prediction. */
    private int segmentOf(long prediction) {
        int low = 0;
        int high = before.length - 2;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (before[middle] <= prediction) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private long start(int segment) {
        return config.mode() == LoaderConfig.Mode.PACKED ? shard.start(segment) : 0;
    }

    private long end(int segment) {
        return config.mode() == LoaderConfig.Mode.PACKED ? shard.end(segment) : shard.tokens();
    }
}
