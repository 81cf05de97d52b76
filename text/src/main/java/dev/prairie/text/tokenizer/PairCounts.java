package dev.prairie.text.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * The adjacent pairs in a set of words, how often each occurs, and in which words. A merge touches only the words that
 * hold the pair, and adjusts only the counts beside it: that is what makes training fast.
 */
final class PairCounts {
    private static final class Pair {
        final int left;
        final int right;
        long count;
        /** Words that hold the pair, or held it once. */
        final IntList words = new IntList(4);

        Pair(int left, int right) {
            this.left = left;
            this.right = right;
        }
    }

    /** A pair with the count that it had when it was queued; outdated ones are sorted out when they surface. */
    private record Candidate(long count, Pair pair) {}

    private final List<byte[]> pieces;
    private final int[][] symbols;
    private final int[] lengths;
    private final long[] counts;
    private final Map<Long, Pair> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(this::compare);
    private final List<Pair> grown = new ArrayList<>();
    private Pair best = new Pair(0, 0);

    PairCounts(WordCounts words, List<byte[]> pieces) {
        this.pieces = pieces;
        symbols = new int[words.size()][];
        lengths = new int[words.size()];
        counts = new long[words.size()];
        for (int w = 0; w < symbols.length; w++) {
            lengths[w] = words.length(w);
            counts[w] = words.count(w);
            symbols[w] = new int[lengths[w]];
            for (int i = 0; i < lengths[w]; i++) {
                symbols[w][i] = words.byteAt(w, i);
            }
            for (int i = 0; i + 1 < lengths[w]; i++) {
                grow(symbols[w][i], symbols[w][i + 1], w);
            }
        }
        enqueueGrown();
    }

    /** Moves on to the pair that occurs most often; false if none occurs twice. */
    boolean advance() {
        for (Candidate top; (top = queue.poll()) != null; ) {
            Pair pair = top.pair;
            if (pair.count == top.count && pair.count > 1) {
                best = pair;
                return true;
            }
            // Only a shrunken count must be queued again: one that grew was queued when it grew.
            if (pair.count < top.count && pair.count > 1) {
                queue.add(new Candidate(pair.count, pair));
            }
        }
        return false;
    }

    /** First part of the pair that {@link #advance} found. */
    int left() {
        return best.left;
    }

    /** Second part of the pair that {@link #advance} found. */
    int right() {
        return best.right;
    }

    /** Puts {@code merged} wherever the found pair stands. */
    void merge(int merged) {
        Pair pair = best;
        for (int i = 0; i < pair.words.size(); i++) {
            merge(pair.words.get(i), pair.left, pair.right, merged);
        }
        pairs.remove(key(pair.left, pair.right));
        pair.count = 0;
        enqueueGrown();
    }

    private void merge(int w, int left, int right, int merged) {
        int[] word = symbols[w];
        int length = lengths[w];
        int to = 0;
        int from = 0;
        while (from < length) {
            if (from + 1 == length || word[from] != left || word[from + 1] != right) {
                word[to++] = word[from++];
                continue;
            }
            if (to > 0) {
                shrink(word[to - 1], left, w);
                grow(word[to - 1], merged, w);
            }
            if (from + 2 < length) {
                shrink(right, word[from + 2], w);
                grow(merged, word[from + 2], w);
            }
            word[to++] = merged;
            from += 2;
        }
        lengths[w] = to;
    }

    private void grow(int left, int right, int w) {
        Pair pair = pairs.computeIfAbsent(key(left, right), key -> new Pair(left, right));
        pair.count += counts[w];
        int known = pair.words.size();
        if (known == 0) {
            grown.add(pair); // only pairs of the newest piece grow, so a pair grows in one merge alone
        }
        if (known == 0 || pair.words.get(known - 1) != w) {
            pair.words.add(w);
        }
    }

    private void shrink(int left, int right, int w) {
        Pair pair = pairs.get(key(left, right));
        if (pair != null) {
            pair.count -= counts[w];
        }
    }

    private void enqueueGrown() {
        for (Pair pair : grown) {
            queue.add(new Candidate(pair.count, pair));
        }
        grown.clear();
    }

    private int compare(Candidate a, Candidate b) {
        if (a.count != b.count) {
            return Long.compare(b.count, a.count);
        }
        int left = Arrays.compareUnsigned(pieces.get(b.pair.left), pieces.get(a.pair.left));
        return left != 0 ? left : Arrays.compareUnsigned(pieces.get(b.pair.right), pieces.get(a.pair.right));
    }

    private static Long key(int left, int right) {
        return (long) left << 32 | right;
    }
}
