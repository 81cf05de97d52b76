package dev.prairie.text.tokenizer;

import java.util.List;

/**
 * The merge rules of a BPE vocabulary, and their application: of all adjacent pairs in a piece the one with the lowest
 * rank is joined first, the leftmost among equals, until no rule fits.
 *
 * @see <a href="https://arxiv.org/abs/1508.07909">Sennrich, Haddow, Birch: Neural machine translation of rare words
 *     with subword units</a>
 */
final class Merges {

    /** Tokens {@code left} and {@code right}, where they meet, become {@code merged}; low ranks go first. */
    record Rule(int left, int right, int merged, int rank) {}

    /** Up to this length the plain search is quicker than keeping a heap. */
    static final int SHORT = 24;

    private static final int[] NO_WIDTHS = new int[0];

    private final List<Rule> rules;
    /** Open addressing: {@code keys[i]} is a pair plus one (zero is free), {@code values[i]} its rule. */
    private final long[] keys;

    private final int[] values;
    private final int[] ranks;
    private final int[] merged;

    Merges(List<Rule> rules) {
        this.rules = List.copyOf(rules);
        int capacity = Integer.highestOneBit(Math.max(4, rules.size())) << 2;
        keys = new long[capacity];
        values = new int[capacity];
        ranks = rules.stream().mapToInt(Rule::rank).toArray();
        merged = rules.stream().mapToInt(Rule::merged).toArray();
        for (int i = 0; i < rules.size(); i++) {
            long key = key(rules.get(i).left(), rules.get(i).right());
            int slot = slot(key);
            if (keys[slot] == 0) { // of two rules for one pair the first stands
                keys[slot] = key;
                values[slot] = i;
            }
        }
    }

    List<Rule> rules() {
        return rules;
    }

    /** Applies the rules to {@code symbols[0 .. length)} in place and returns the new length. */
    int apply(int[] symbols, int length) {
        return apply(symbols, NO_WIDTHS, length);
    }

    /** The same, and adds the widths of symbols that are joined, unless there are none. */
    int apply(int[] symbols, int[] widths, int length) {
        return length <= SHORT ? applyPlainly(symbols, widths, length) : applyWithHeap(symbols, widths, length);
    }

    /** The definition: search all pairs, join the best, begin again. Quadratic. */
    int applyPlainly(int[] symbols, int[] widths, int length) {
        int n = length;
        while (n > 1) {
            int best = -1;
            int place = -1;
            for (int i = 0; i + 1 < n; i++) {
                int rule = find(symbols[i], symbols[i + 1]);
                if (rule >= 0 && (best < 0 || ranks[rule] < ranks[best])) {
                    best = rule;
                    place = i;
                }
            }
            if (best < 0) {
                break;
            }
            symbols[place] = merged[best];
            System.arraycopy(symbols, place + 2, symbols, place + 1, n - place - 2);
            if (widths.length > 0) {
                widths[place] += widths[place + 1];
                System.arraycopy(widths, place + 2, widths, place + 1, n - place - 2);
            }
            n--;
        }
        return n;
    }

    /** The same in n log n: candidates in a heap ordered by rank, then place; the symbols as a linked list. */
    int applyWithHeap(int[] symbols, int[] widths, int length) {
        int[] next = new int[length];
        int[] previous = new int[length];
        int[] rule = new int[length]; // of the pair that begins here, −1 if none: tells stale heap entries
        // Every join adds at most two candidates and removes one symbol.
        LongHeap heap = new LongHeap(length);
        for (int i = 0; i < length; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            rule[i] = i + 1 < length ? find(symbols[i], symbols[i + 1]) : -1;
            if (rule[i] >= 0) {
                heap.push((long) ranks[rule[i]] << 32 | i);
            }
        }
        while (!heap.isEmpty()) {
            long top = heap.pop();
            int i = (int) top;
            if (rule[i] < 0 || ranks[rule[i]] != (int) (top >> 32)) {
                continue;
            }
            symbols[i] = merged[rule[i]];
            int gone = next[i];
            rule[gone] = -1;
            if (widths.length > 0) {
                widths[i] += widths[gone];
            }
            next[i] = next[gone];
            if (next[i] < length) {
                previous[next[i]] = i;
            }
            refresh(symbols, next, rule, heap, i, length);
            if (previous[i] >= 0) {
                refresh(symbols, next, rule, heap, previous[i], length);
            }
        }
        int n = 0;
        for (int i = 0; i < length; i = next[i]) {
            if (widths.length > 0) {
                widths[n] = widths[i];
            }
            symbols[n++] = symbols[i];
        }
        return n;
    }

    private void refresh(int[] symbols, int[] next, int[] rule, LongHeap heap, int i, int length) {
        rule[i] = next[i] < length ? find(symbols[i], symbols[next[i]]) : -1;
        if (rule[i] >= 0) {
            heap.push((long) ranks[rule[i]] << 32 | i);
        }
    }

    private int find(int left, int right) {
        int slot = slot(key(left, right));
        return keys[slot] == 0 ? -1 : values[slot];
    }

    private static long key(int left, int right) {
        return ((long) left << 32 | right) + 1;
    }

    private int slot(long key) {
        int slot = (int) ((key * 0x9E3779B97F4A7C15L) >>> 32) & (keys.length - 1);
        while (keys[slot] != 0 && keys[slot] != key) {
            slot = (slot + 1) & (keys.length - 1);
        }
        return slot;
    }
}
