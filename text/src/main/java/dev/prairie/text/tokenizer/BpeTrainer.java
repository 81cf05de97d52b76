package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Learns a byte-level BPE vocabulary: give it text with {@link #add}, as often as there is text, then {@link #train}.
 *
 * <p>Each step joins the adjacent pair of tokens that occurs most often; among equals the pair whose bytes are greater
 * (first part, then second) wins, so the result does not depend on the order of documents. Learning ends early when no
 * pair occurs twice. Ids: 0–255 are the bytes, then the merges in order, then the special tokens.
 *
 * <p>Special tokens found in the text bound it and are not learned from.
 */
public final class BpeTrainer {
    private final int merges;
    private final List<String> specialTokens;
    private final SpecialTokens bounds;
    private final WordCounts words = new WordCounts();

    /**
     * A trainer for a vocabulary of at most {@code vocabularySize} entries, special tokens included.
     *
     * @throws IllegalArgumentException if that leaves no room for the 256 bytes and the special tokens
     */
    public BpeTrainer(int vocabularySize, List<String> specialTokens) {
        int least = 256 + specialTokens.size();
        if (vocabularySize < least || vocabularySize > 1 << 24) {
            throw new IllegalArgumentException("BpeTrainer: vocabulary size " + vocabularySize + " is outside " + least
                    + " .. " + (1 << 24) + "; 256 bytes and " + specialTokens.size() + " special tokens need room");
        }
        this.merges = vocabularySize - least;
        this.specialTokens = List.copyOf(specialTokens);
        this.bounds = tokensFrom(0);
    }

    /** Takes a text into account. */
    public void add(String text) {
        bounds.split(text, true, (from, to, id) -> {
            if (id < 0) {
                count(text.substring(from, to).getBytes(StandardCharsets.UTF_8));
            }
        });
    }

    /** Learns from all text given so far. */
    public ByteLevelBpe train() {
        List<byte[]> pieces = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            pieces.add(new byte[] {(byte) b});
        }
        List<Merges.Rule> rules = new ArrayList<>();
        PairCounts pairs = new PairCounts(words, pieces);
        while (rules.size() < merges && pairs.advance()) {
            int id = pieces.size();
            rules.add(new Merges.Rule(pairs.left(), pairs.right(), id, rules.size()));
            pieces.add(joined(pieces.get(pairs.left()), pieces.get(pairs.right())));
            pairs.merge(id);
        }
        SpecialTokens specials = tokensFrom(pieces.size());
        specials.tokens().forEach(token -> pieces.add(token.content().getBytes(StandardCharsets.UTF_8)));
        return new ByteLevelBpe(
                pieces.toArray(byte[][]::new), new Merges(rules), specials, Framing.beginning(specials));
    }

    private void count(byte[] utf8) {
        for (int from = 0, to; from < utf8.length; from = to) {
            to = Gpt2Words.next(utf8, from);
            if (to > from + 1) { // a single byte holds no pair
                words.add(utf8, from, to);
            }
        }
    }

    private SpecialTokens tokensFrom(int firstId) {
        List<SpecialTokens.Token> tokens = new ArrayList<>();
        for (String token : specialTokens) {
            tokens.add(new SpecialTokens.Token(firstId + tokens.size(), token, true));
        }
        return SpecialTokens.of(tokens);
    }

    private static byte[] joined(byte[] left, byte[] right) {
        byte[] joined = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, joined, left.length, right.length);
        return joined;
    }
}
