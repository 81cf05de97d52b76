package dev.prairie.text.batch;

import java.util.Arrays;

/** Fills a batch piece by piece; each piece is a sequence. */
final class BatchBuilder {
    private final Shard shard;
    private final int[] ids;
    private final int[] targets;
    private final int[] positions;
    private int[] starts = new int[16];
    private int sequences;
    private int n;
    private long bytes;

    BatchBuilder(Shard shard, int capacity) {
        this.shard = shard;
        ids = new int[capacity];
        targets = new int[capacity];
        positions = new int[capacity];
    }

    /** A sequence of {@code length} tokens from {@code from} on, each predicting the next of the stream. */
    void add(long from, int length) {
        if (sequences + 1 == starts.length) {
            starts = Arrays.copyOf(starts, 2 * starts.length);
        }
        for (int i = 0; i < length; i++, n++) {
            ids[n] = shard.id(from + i);
            targets[n] = shard.id(from + i + 1);
            positions[n] = i;
            bytes += shard.byteLength(targets[n]);
        }
        starts[++sequences] = n;
    }

    Batch build() {
        return new Batch(
                Arrays.copyOf(ids, n),
                Arrays.copyOf(targets, n),
                Arrays.copyOf(positions, n),
                Arrays.copyOf(starts, sequences + 1),
                bytes);
    }
}
