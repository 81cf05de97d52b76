package dev.prairie.text.batch;

/**
 * Where a {@link BatchLoader} stands: given back to a new loader, the same batches follow. Plain numbers, so that a
 * checkpoint can hold it as JSON.
 *
 * @param seed seed of the loader
 * @param checksum of the shard
 * @param batches batches given so far
 * @param epoch PACKED: how often all rows were used
 * @param row PACKED: place in the order of the epoch
 */
public record LoaderState(long seed, int checksum, long batches, long epoch, int row) {}
