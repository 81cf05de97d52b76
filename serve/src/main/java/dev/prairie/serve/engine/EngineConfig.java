package dev.prairie.serve.engine;

/**
 * How an engine shares its model.
 *
 * @param sequences     that run at once, at most
 * @param batchTokens   that are computed in a step, at most, when only prompts are waiting for it
 * @param besideTokens  of prompts that are computed in a step which also continues answers: what those have to wait for
 * @param block         positions in a block of keys and values
 * @param cacheBytes    for keys and values, at most; one block at least
 * @param queue         sequences that wait, at most: as many as run keep nobody waiting for longer than answering takes
 * @param queueTokens   in the prompts of those that wait, at most
 * @param drafts        tokens that are guessed ahead of a sequence and checked in one step; 0 guesses nothing
 * @param prefixCache   whether the beginnings of prompts are found again after their sequences have ended
 */
public record EngineConfig(
        int sequences,
        int batchTokens,
        int besideTokens,
        int block,
        long cacheBytes,
        int queue,
        long queueTokens,
        int drafts,
        boolean prefixCache) {
    /** What serves well unless something is known. */
    public static final EngineConfig DEFAULT = new EngineConfig(32, 512, 128, 32, 2L << 30, 32, 1 << 20, 0, true);

    public EngineConfig {
        atLeast("sequences", sequences, 1);
        atLeast("batch tokens", batchTokens, 1);
        atLeast("tokens beside answers", besideTokens, 1);
        atLeast("block", block, 1);
        atLeast("cache bytes", cacheBytes, 1);
        atLeast("queue capacity", queue, 1);
        atLeast("queue tokens", queueTokens, 1);
        atLeast("drafts", drafts, 0);
    }

    private static void atLeast(String name, long value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(name + ": " + value + ", give at least " + least);
        }
    }

    public EngineConfig withSequences(int value) {
        return new EngineConfig(
                value, batchTokens, besideTokens, block, cacheBytes, queue, queueTokens, drafts, prefixCache);
    }

    public EngineConfig withBlock(int value) {
        return new EngineConfig(
                sequences, batchTokens, besideTokens, value, cacheBytes, queue, queueTokens, drafts, prefixCache);
    }

    public EngineConfig withBatch(int tokens, int beside) {
        return new EngineConfig(sequences, tokens, beside, block, cacheBytes, queue, queueTokens, drafts, prefixCache);
    }

    public EngineConfig withCacheBytes(long value) {
        return new EngineConfig(
                sequences, batchTokens, besideTokens, block, value, queue, queueTokens, drafts, prefixCache);
    }

    public EngineConfig withQueue(int capacity, long tokens) {
        return new EngineConfig(
                sequences, batchTokens, besideTokens, block, cacheBytes, capacity, tokens, drafts, prefixCache);
    }

    public EngineConfig withDrafts(int value) {
        return new EngineConfig(
                sequences, batchTokens, besideTokens, block, cacheBytes, queue, queueTokens, value, prefixCache);
    }

    public EngineConfig withPrefixCache(boolean value) {
        return new EngineConfig(
                sequences, batchTokens, besideTokens, block, cacheBytes, queue, queueTokens, drafts, value);
    }
}
