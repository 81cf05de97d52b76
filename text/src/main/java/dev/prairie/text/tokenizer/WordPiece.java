package dev.prairie.text.tokenizer;

import java.util.Map;

/**
 * WordPiece: of a word the longest piece that begins it, then the longest that goes on, to its end. A word of which that
 * fails, or which is too long, becomes the unknown token as a whole.
 *
 * @see <a href="https://arxiv.org/abs/1609.08144">Wu et al.: Google's neural machine translation system, section 4.1</a>
 */
final class WordPiece implements Model {
    private final Trie beginnings = new Trie();
    private final Trie continuations = new Trie();
    private final int unknown;
    private final int longestWord;

    /** Pieces that go on begin with {@code prefix}; words of more than {@code longestWord} characters are unknown. */
    WordPiece(Map<String, Integer> ids, String prefix, int unknown, int longestWord) {
        this.unknown = unknown;
        this.longestWord = longestWord;
        ids.forEach((piece, id) -> {
            beginnings.put(piece, id);
            if (piece.startsWith(prefix) && piece.length() > prefix.length()) {
                continuations.put(piece.substring(prefix.length()), id);
            }
        });
    }

    @Override
    public void encode(int[] text, int from, int to, Output output) {
        if (to - from > longestWord) {
            output.add(unknown, from, to);
            return;
        }
        int before = output.ids.size();
        for (int at = from; at < to; ) {
            Trie trie = at == from ? beginnings : continuations;
            int node = Trie.ROOT;
            int found = Trie.NONE;
            int end = at;
            for (int i = at; i < to; i++) {
                node = trie.child(node, text[i]);
                if (node == Trie.NONE) {
                    break;
                }
                if (trie.value(node) != Trie.NONE) {
                    found = trie.value(node);
                    end = i + 1;
                }
            }
            if (found == Trie.NONE) {
                output.cutTo(before);
                output.add(unknown, from, to);
                return;
            }
            output.add(found, at, end);
            at = end;
        }
    }
}
