package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The unigram language model: of all ways to cut a text into pieces the one whose scores (logarithms of probabilities)
 * have the greatest sum, found by Viterbi's algorithm. A character that no piece of its own covers counts as unknown, ten
 * below the worst score; unknown characters side by side are one unknown token, or their bytes where the vocabulary has
 * them.
 *
 * @see <a href="https://arxiv.org/abs/1804.10959">Kudo: Subword regularization</a>
 * @see <a href="https://github.com/google/sentencepiece/blob/master/src/unigram_model.cc">EncodeOptimized and the penalty
 *     of ten in SentencePiece</a>
 */
final class Unigram implements Model {
    private static final double UNKNOWN_PENALTY = 10;

    private final Trie trie;
    private final double[] scores;
    private final double unknownScore;
    private final int unknown;
    /** The ids of bytes; empty if unknown text stays unknown. */
    private final int[] byteIds;

    /**
     * @param trie the pieces that text may be cut into, by id
     * @param scores the score of each id
     * @param worst the score that the unknown one is reckoned from
     * @param unknown the unknown token
     * @param byteIds the 256 tokens of bytes, or none
     */
    Unigram(Trie trie, double[] scores, double worst, int unknown, int[] byteIds) {
        this.trie = trie;
        this.scores = scores;
        this.unknownScore = worst - UNKNOWN_PENALTY;
        this.unknown = unknown;
        this.byteIds = byteIds;
    }

    @Override
    public void encode(int[] text, int from, int to, Output output) {
        int size = to - from;
        double[] best = new double[size + 1];
        Arrays.fill(best, Double.NEGATIVE_INFINITY);
        best[0] = 0;
        int[] ids = new int[size + 1];
        int[] starts = new int[size + 1];
        for (int start = 0; start < size; start++) {
            boolean single = false;
            int node = Trie.ROOT;
            for (int end = start + 1; end <= size; end++) {
                node = trie.child(node, text[from + end - 1]);
                if (node == Trie.NONE) {
                    break;
                }
                int id = trie.value(node);
                if (id != Trie.NONE) {
                    single |= end == start + 1;
                    offer(best, ids, starts, start, end, id, scores[id]);
                }
            }
            if (!single) {
                offer(best, ids, starts, start, start + 1, unknown, unknownScore);
            }
        }
        write(text, from, size, ids, starts, output);
    }

    private static void offer(double[] best, int[] ids, int[] starts, int start, int end, int id, double score) {
        double sum = best[start] + score;
        if (sum > best[end]) {
            best[end] = sum;
            ids[end] = id;
            starts[end] = start;
        }
    }

    private void write(int[] text, int from, int size, int[] ids, int[] starts, Output output) {
        // Turn the chain of starts around: next[start] is where the token that begins there ends.
        int[] next = new int[size + 1];
        for (int end = size; end > 0; end = starts[end]) {
            next[starts[end]] = end;
        }
        for (int at = 0; at < size; ) {
            int end = next[at];
            int id = ids[end];
            if (id != unknown) {
                output.add(id, from + at, from + end);
            } else {
                while (end < size && ids[next[end]] == unknown) {
                    end = next[end];
                }
                unknown(text, from + at, from + end, output);
            }
            at = end;
        }
    }

    private void unknown(int[] text, int from, int to, Output output) {
        if (byteIds.length == 0) {
            output.add(unknown, from, to);
            return;
        }
        for (byte b : new String(text, from, to - from).getBytes(StandardCharsets.UTF_8)) {
            output.add(byteIds[b & 0xFF], from, to);
        }
    }
}
