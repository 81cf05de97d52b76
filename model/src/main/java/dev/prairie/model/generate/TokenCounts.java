package dev.prairie.model.generate;

import java.util.Arrays;

/** Which tokens a sequence has, and how often each was generated: a hash table of ints, as large as what is in it. */
final class TokenCounts {
    private static final int FREE = -1;

    private int[] ids = new int[64]; // a power of two; FREE or an id, found by probing on from its hash
    private int[] counts = new int[64];
    private int size;

    TokenCounts() {
        Arrays.fill(ids, FREE);
    }

    /** The token is there; {@code times} more of it were generated. */
    void add(int id, int times) {
        int at = slot(id);
        if (ids[at] == FREE) {
            ids[at] = id;
            size++;
        }
        counts[at] += times;
        if (2 * size > ids.length) grow();
    }

    /** Subtracts and divides as {@link Sampling} says, in the logits of the tokens that are there. */
    void penalise(float[] logits, int vocabulary, Sampling sampling) {
        float repetition = sampling.repetitionPenalty();
        for (int at = 0; at < ids.length; at++) {
            int id = ids[at];
            if (id == FREE || id >= vocabulary) continue;
            float logit = logits[id] > 0 ? Math.min(logits[id] / repetition, Float.MAX_VALUE) : logits[id] * repetition;
            if (counts[at] > 0) logit -= sampling.presencePenalty() + counts[at] * sampling.frequencyPenalty();
            logits[id] = logit;
        }
    }

    private int slot(int id) {
        int at = ((id * 0x9E3779B9) >>> 7) & (ids.length - 1); // the golden ratio spreads neighbours
        while (ids[at] != FREE && ids[at] != id) at = (at + 1) & (ids.length - 1);
        return at;
    }

    private void grow() {
        int[] oldIds = ids, oldCounts = counts;
        ids = new int[2 * oldIds.length];
        counts = new int[ids.length];
        Arrays.fill(ids, FREE);
        for (int i = 0; i < oldIds.length; i++) {
            if (oldIds[i] == FREE) continue;
            int at = slot(oldIds[i]);
            ids[at] = oldIds[i];
            counts[at] = oldCounts[i];
        }
    }
}
