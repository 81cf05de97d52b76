package dev.prairie.model.cache;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import java.lang.foreign.Arena;

/**
 * Where attention finds the keys and values of all positions so far. Training keeps none, and that is an implementation,
 * not a null: the same forward runs in both.
 */
public interface KvCache {
    /** Takes this step's {@code k, v (N, K, D)} of one layer and returns everything that its tokens may see. */
    KeyValues append(Ops ops, int layer, Tensor k, Tensor v, Tokens tokens);

    /** Every sequence starts at position 0 and is whole: what training and one-shot scoring use. */
    KvCache NONE = (ops, layer, k, v, tokens) -> {
        for (int b = 0; b < tokens.sequences(); b++)
            if (tokens.length(b) != tokens.starts()[b + 1] - tokens.starts()[b])
                throw new IllegalArgumentException("cache: sequence " + b + " starts at position "
                        + tokens.positions()[tokens.starts()[b]] + " but nothing was kept; give forward a KvCache");
        return KeyValues.packed(k, v, tokens);
    };

    /**
     * Room for {@code capacity} positions of each of {@code sequences} sequences, zeroed, as long as {@code arena}
     * lives. A token at a position that is already filled overwrites it, so going back is free.
     *
     * @param type what they are kept as: F32, F16 or Q8_0 (heads of a multiple of 32)
     */
    static KvCache contiguous(
            Arena arena, DType type, int layers, int sequences, int capacity, int keyHeads, int headWidth) {
        Shape shape = Shape.of(Math.multiplyExact(sequences, capacity), keyHeads, headWidth);
        int[][] table = new int[sequences][];
        for (int b = 0; b < sequences; b++) table[b] = new int[] {b * capacity};
        KeyValues[] kept = new KeyValues[layers];
        for (int l = 0; l < layers; l++)
            kept[l] = new KeyValues(Tensor.zeros(arena, type, shape), Tensor.zeros(arena, type, shape), table, 0);
        return (ops, layer, k, v, tokens) -> {
            if (tokens.sequences() != sequences)
                throw new IllegalArgumentException(
                        "cache: made for " + sequences + " sequences, got " + tokens.sequences());
            for (int b = 0; b < sequences; b++)
                if (tokens.length(b) > capacity)
                    throw new IllegalArgumentException("cache: sequence " + b + " needs " + tokens.length(b)
                            + " positions, the cache holds " + capacity);
            ops.store(kept[layer], k, v, tokens);
            return kept[layer];
        };
    }
}
