package dev.prairie.text.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
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
        List<Merges.Rule> rules = new ArrayList<>(pairs.size());
        for (String[] pair : pairs) {
            Integer left = ids.get(pair[0]);
            Integer right = ids.get(pair[1]);
            Integer merged = ids.get(pair[0] + pair[1]);
            if (left == null || right == null || merged == null) {
                throw new TokenizerException("merge " + rules.size() + " " + Arrays.toString(pair)
                        + " names a piece that the vocabulary does not hold; the two come from different tokenizers");
            }
            rules.add(new Merges.Rule(left, right, merged, rules.size()));
        }
        return rules;
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
