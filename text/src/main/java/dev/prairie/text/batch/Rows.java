package dev.prairie.text.batch;

/**
 * A shard cut into rows of equal length, each token predicted by exactly one row: what validation reads in order and
 * packed training in an order shuffled anew each epoch. In mode PACKED a sequence ends with its document and a row may hold
 * several; in mode RANDOM rows cross documents, as training does there. The last row may be short.
 */
final class Rows {
    private final Shard shard;
    private final LoaderConfig config;

    /** {@code before[d]}: predictions in the segments before d. A segment is a document, or the whole stream. */
    private final long[] before;

    Rows(Shard shard, LoaderConfig config) {
        this.shard = shard;
        this.config = config;
        int segments = config.mode() == LoaderConfig.Mode.PACKED ? shard.documents() : 1;
        before = new long[segments + 1];
        for (int s = 0; s < segments; s++) {
            // The last token of a segment predicts nothing, so it is only ever a target.
            before[s + 1] = before[s] + Math.max(0, end(s) - start(s) - 1);
        }
    }

    /** Tokens to predict in all. */
    long predictions() {
        return before[before.length - 1];
    }

    /** Number of rows. */
    int count() {
        return Math.toIntExact(Math.ceilDiv(predictions(), (long) config.length()));
    }

    /** Adds row {@code row} to a batch, a sequence for each document in it. */
    void add(int row, BatchBuilder batch) {
        long at = (long) row * config.length();
        long end = Math.min(predictions(), at + config.length());
        for (int segment = segmentOf(at); at < end; segment++) {
            int take = (int) (Math.min(end, before[segment + 1]) - at);
            if (take > 0) {
                batch.add(start(segment) + at - before[segment], take);
                at += take;
            }
        }
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
