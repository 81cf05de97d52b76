package dev.prairie.text.batch;

/**
 * Where a {@link BatchLoader} stands: given back to a new loader, the same batches follow. Plain numbers, so that a
 * checkpoint can hold it as JSON.
 *
 * @param seed seed of the loader
 * @param checksum of the shard
 * @param batches batches given so far
 * @param epoch PACKED: how often all documents were used
 * @param document PACKED: place in the order of the epoch
 * @param offset PACKED: tokens of that document already used
 */
public record LoaderState(long seed, int checksum, long batches, long epoch, int document, long offset) {}
