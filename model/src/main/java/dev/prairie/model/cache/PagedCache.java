package dev.prairie.model.cache;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * Keys and values of many sequences in blocks of positions, so that a sequence takes memory as it grows and sequences that
 * begin alike can share (Kwon et al. 2023, arXiv 2309.06180). It holds memory and nothing else: which block belongs to whom is
 * what the caller's tables say.
 */
public final class PagedCache {
    private final Tensor[] keys; // L of (R, K, D), R = blocks * block
    private final Tensor[] values;
    private final int blocks;
    private final int block;

    /**
     * Zeroed, as long as {@code arena} lives.
     *
     * @param type   what keys and values are kept as: F32, F16 or Q8_0 (heads of a multiple of 32)
     * @param blocks how many blocks there are
     * @param block  positions in each
     */
    public PagedCache(Arena arena, DType type, int layers, int blocks, int block, int keyHeads, int headWidth) {
        if (blocks < 1 || block < 1)
            throw new IllegalArgumentException(
                    "cache: " + blocks + " blocks of " + block + " positions, both must be 1 or more");
        this.blocks = blocks;
        this.block = block;
        Shape shape = Shape.of(Math.multiplyExact(blocks, block), keyHeads, headWidth);
        keys = new Tensor[layers];
        values = new Tensor[layers];
        for (int l = 0; l < layers; l++) {
            keys[l] = Tensor.zeros(arena, type, shape);
            values[l] = Tensor.zeros(arena, type, shape);
        }
    }

    /** How many blocks there are. */
    public int blocks() {
        return blocks;
    }

    /** Positions in a block. */
    public int block() {
        return block;
    }

    /**
     * The cache of one step, whose sequence b has its positions in the blocks {@code table[b]}, in order. A token at a
     * position that is already filled overwrites it.
     */
    public KvCache over(int[][] table) {
        return (ops, layer, k, v, tokens) -> {
            var kept = new KeyValues(keys[layer], values[layer], table, block);
            ops.store(kept, k, v, tokens);
            return kept;
        };
    }
}
