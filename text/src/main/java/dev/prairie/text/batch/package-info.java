/**
 * Token ids on disk and in packed batches. A corpus is encoded once into {@link dev.prairie.text.batch.Shard} files; a
 * {@link dev.prairie.text.batch.BatchLoader} draws batches from them and can stop and go on anywhere.
 */
@org.jspecify.annotations.NullMarked
package dev.prairie.text.batch;
