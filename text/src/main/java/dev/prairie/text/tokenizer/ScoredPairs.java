package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * BPE by scores, as SentencePiece does it: of all neighbours that join to a piece of the vocabulary the two whose piece
 * has the highest score are joined first, the leftmost among equals. Characters without a piece become their bytes.
 *
 * <p>Every stretch of the text is looked up by a rolling hash, so a join costs the same at any length, and the whole n
 * log n.
 *
 * @see <a href="https://github.com/google/sentencepiece/blob/master/src/bpe_model.cc">Encode in SentencePiece's BPE</a>
 */
final class ScoredPairs implements Model {
    private static final long FACTOR = 0x9E3779B97F4A7C15L;

    private final String[] pieces;
    private final boolean[] joinable;
    private final float[] scores;
    private final int[][] characters;
    /** 0 for the best score. */
    private final int[] ranks;
    /** Open addressing: id plus one; zero is free. */
    private final int[] table;

    private final long[] hashes;
    private final int[] byteIds;
    private final OptionalInt unknown;
    private final boolean partsAtMarks;
    private final PieceCache cache = new PieceCache();

    /**
     * @param pieces the pieces by id, spaces spelled as in the text
     * @param scores the score of each
     * @param joinable whether ordinary text may become that token
     * @param byteIds the 256 tokens of bytes, −1 where there is none
     * @param unknown the token of what has no bytes either; without one that is left out
     */
    ScoredPairs(String[] pieces, float[] scores, boolean[] joinable, int[] byteIds, OptionalInt unknown) {
        this.pieces = pieces.clone();
        this.scores = scores.clone();
        this.joinable = joinable.clone();
        this.byteIds = byteIds.clone();
        this.unknown = unknown;
        ranks = ranks(scores);
        partsAtMarks = Vocabulary.partsAtMarks(Arrays.asList(pieces));
        characters = new int[pieces.length][];
        hashes = new long[pieces.length];
        table = new int[Integer.highestOneBit(Math.max(4, pieces.length)) << 2];
        for (int id = 0; id < pieces.length; id++) {
            characters[id] = pieces[id].codePoints().toArray();
            if (joinable[id] && characters[id].length > 0) {
                for (int c : characters[id]) {
                    hashes[id] = hashes[id] * FACTOR + c + 1;
                }
                int slot = slot(hashes[id]);
                while (table[slot] != 0) {
                    slot = (slot + 1) & (table.length - 1);
                }
                table[slot] = id + 1;
            }
        }
    }

    private static int[] ranks(float[] scores) {
        float[] sorted = scores.clone();
        Arrays.sort(sorted);
        int distinct = 0;
        for (float score : sorted) {
            if (distinct == 0 || Float.compare(score, sorted[distinct - 1]) != 0) {
                sorted[distinct++] = score;
            }
        }
        int[] ranks = new int[scores.length];
        for (int id = 0; id < scores.length; id++) {
            ranks[id] = distinct - Arrays.binarySearch(sorted, 0, distinct, scores[id]);
        }
        return ranks;
    }

    String[] pieces() {
        return pieces.clone();
    }

    float[] scores() {
        return scores.clone();
    }

    boolean[] joinable() {
        return joinable.clone();
    }

    @Override
    public void encode(int[] text, int from, int to, Output output) {
        for (int word = from, end; word < to; word = end) {
            end = partsAtMarks ? Vocabulary.endOfWord(text, word, to) : to;
            if (output.placed()) {
                new Joining(text, word, end).run(output);
            } else {
                int first = word;
                int last = end;
                cache.encode(text, word, end, output, () -> new Joining(text, first, last).run(output));
            }
        }
    }

    /** The work on one text: symbols as a linked list of places, candidates in a heap by rank, then place. */
    private final class Joining {
        private final int[] text;
        private final int from;
        private final int length;
        private final long[] prefix;
        private final long[] powers;
        private final int[] next;
        private final int[] previous;
        /** The piece that the symbol at a place makes with the next one, −1 if none: tells stale entries. */
        private final int[] candidate;
        /** The piece of the symbol at a place, −1 if it has none. */
        private final int[] own;

        private final LongHeap heap;

        Joining(int[] text, int from, int to) {
            this.text = text;
            this.from = from;
            length = to - from;
            prefix = new long[length + 1];
            powers = new long[length + 1];
            next = new int[length];
            previous = new int[length];
            candidate = new int[length];
            own = new int[length];
            heap = new LongHeap(Math.max(length, 4));
            powers[0] = 1;
            for (int i = 0; i < length; i++) {
                prefix[i + 1] = prefix[i] * FACTOR + text[from + i] + 1;
                powers[i + 1] = powers[i] * FACTOR;
                next[i] = i + 1;
                previous[i] = i - 1;
            }
        }

        void run(Output output) {
            for (int i = 0; i < length; i++) {
                own[i] = find(i, i + 1);
                refresh(i);
            }
            while (!heap.isEmpty()) {
                long top = heap.pop();
                int i = (int) top;
                if (candidate[i] < 0 || ranks[candidate[i]] != (int) (top >> 32)) {
                    continue;
                }
                own[i] = candidate[i];
                int gone = next[i];
                candidate[gone] = -1;
                next[i] = next[gone];
                if (next[i] < length) {
                    previous[next[i]] = i;
                }
                refresh(i);
                if (previous[i] >= 0) {
                    refresh(previous[i]);
                }
            }
            for (int i = 0; i < length; i = next[i]) {
                if (own[i] >= 0) {
                    output.add(own[i], from + i, from + next[i]);
                } else {
                    bytes(i, output);
                }
            }
        }

        private void refresh(int i) {
            candidate[i] = next[i] < length ? find(i, next[next[i]]) : -1;
            if (candidate[i] >= 0) {
                heap.push((long) ranks[candidate[i]] << 32 | i);
            }
        }

        private int find(int first, int last) {
            long hash = prefix[last] - prefix[first] * powers[last - first];
            for (int slot = slot(hash); table[slot] != 0; slot = (slot + 1) & (table.length - 1)) {
                int id = table[slot] - 1;
                if (hashes[id] == hash
                        && Arrays.equals(characters[id], 0, characters[id].length, text, from + first, from + last)) {
                    return id;
                }
            }
            return -1;
        }

        private void bytes(int i, Output output) {
            byte[] utf8 = Character.toString(text[from + i]).getBytes(StandardCharsets.UTF_8);
            boolean all = true;
            for (byte b : utf8) {
                all &= byteIds[b & 0xFF] >= 0;
            }
            if (!all) {
                unknown.ifPresent(id -> output.add(id, from + i, from + i + 1));
                return;
            }
            for (byte b : utf8) {
                output.add(byteIds[b & 0xFF], from + i, from + i + 1);
            }
        }
    }

    private int slot(long hash) {
        return (int) ((hash * FACTOR) >>> 32) & (table.length - 1);
    }
}
