package dev.prairie.text.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the BPE forms check alike in a vocabulary that came from outside. */
final class Vocabulary {
    private Vocabulary() {}

    /** One more than the highest id. Ids must be distinct and leave no more than a few gaps. */
    static int size(Map<String, Integer> ids, SpecialTokens specials) {
        Set<Integer> seen = new HashSet<>();
        int highest = -1;
        for (Map.Entry<String, Integer> entry : ids.entrySet()) {
            if (!seen.add(entry.getValue())) {
                throw new TokenizerException("two pieces share the id " + entry.getValue() + ", one is '"
                        + entry.getKey() + "'; the file is damaged");
            }
            highest = Math.max(highest, entry.getValue());
        }
        for (SpecialTokens.Token token : specials.tokens()) {
            Integer id = ids.get(token.content());
            if (id == null ? !seen.add(token.id()) : id != token.id()) {
                throw new TokenizerException("special token '" + token.content() + "' claims id " + token.id()
                        + (id == null ? ", which another piece holds" : ", but the vocabulary gives it " + id));
            }
            highest = Math.max(highest, token.id());
        }
        // Real vocabularies have few unused ids; a huge one would make us allocate for nothing.
        if (highest >= 2L * seen.size() + 1024) {
            throw new TokenizerException(
                    "id " + highest + " is out of proportion to " + seen.size() + " pieces; the file is damaged");
        }
        return highest + 1;
    }

    /** Merge rules from pairs of pieces, best first. */
    static List<Merges.Rule> rules(Map<String, Integer> ids, List<String[]> pairs) {
        return rules(ids, pairs, "");
    }

    /** The same, where pieces that go on inside a word begin with {@code prefix}, which a join takes away. */
    static List<Merges.Rule> rules(Map<String, Integer> ids, List<String[]> pairs, String prefix) {
        List<Merges.Rule> rules = new ArrayList<>(pairs.size());
        for (String[] pair : pairs) {
            Integer left = ids.get(pair[0]);
            Integer right = ids.get(pair[1]);
            String rest = pair[1].startsWith(prefix) ? pair[1].substring(prefix.length()) : pair[1];
            Integer merged = ids.get(pair[0] + rest);
            if (left == null || right == null || merged == null) {
                throw new TokenizerException("merge " + rules.size() + " " + Arrays.toString(pair)
                        + " names a piece that the vocabulary does not hold; the two come from different tokenizers");
            }
            rules.add(new Merges.Rule(left, right, merged, rules.size()));
        }
        return rules;
    }

    /**
     * Whether no piece holds U+2581, the mark of a space, behind anything but another mark: then nothing is ever joined
     * across the start of a word, and words can be encoded one by one.
     */
    static boolean partsAtMarks(Collection<String> pieces) {
        for (String piece : pieces) {
            for (int at = piece.indexOf(ScoredBpe.SPACE, 1); at > 0; at = piece.indexOf(ScoredBpe.SPACE, at + 1)) {
                if (piece.charAt(at - 1) != ScoredBpe.SPACE) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Where the word that begins at {@code from} ends: before the first mark behind something else. */
    static int endOfWord(int[] text, int from, int to) {
        int at = from + 1;
        while (at < to && (text[at] != ScoredBpe.SPACE || text[at - 1] == ScoredBpe.SPACE)) {
            at++;
        }
        return at;
    }

    /** The piece of an id. */
    static byte[] piece(byte[][] pieces, int id) {
        if (id < 0 || id >= pieces.length) {
            throw new IllegalArgumentException("token id " + id + " is outside the vocabulary of " + pieces.length
                    + "; the ids come from another tokenizer");
        }
        return pieces[id];
    }
}
