package dev.prairie.text.grammar;

import dev.prairie.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * A vocabulary as constraints see it: its tokens' bytes in a trie, and which ids end a text. Made once for a tokenizer;
 * immutable, shared by threads. Special tokens are no text, so that no byte of a grammar leads to them.
 *
 * <p>The trie lies in the order in which a walk visits it: after a node come its children, and {@code skip} leads past
 * them. 128,000 tokens have some 400,000 nodes of 15 bytes.
 */
public final class GrammarTokens {
    /** A token longer than this is never allowed by its bytes. */
    private static final int LONGEST = 1_024;

    final Tokenizer tokenizer;
    final int vocabulary;
    final int[] ends;
    final byte[] label;
    final short[] depth;
    /** The node after a node's last descendant. */
    final int[] skip;
    /** The first token that ends at a node, or -1. */
    final int[] token;
    /** For each id the next with the same bytes, or -1. */
    final int[] same;

    final int nodes;
    final int deepest;
    private final BitSet ending = new BitSet();

    /**
     * Reads all tokens.
     *
     * @param ends whether an id ends a text
     */
    public GrammarTokens(Tokenizer tokenizer, IntPredicate ends) {
        this.tokenizer = tokenizer;
        vocabulary = tokenizer.vocabularySize();
        same = new int[vocabulary];
        Arrays.fill(same, -1);
        List<Spelled> tokens = new ArrayList<>();
        for (int id = 0; id < vocabulary; id++) {
            if (ends.test(id)) {
                ending.set(id);
            } else if (!tokenizer.specials().isSpecial(id)) {
                byte[] bytes = tokenizer.bytes(id);
                if (bytes.length > 0 && bytes.length <= LONGEST) {
                    tokens.add(new Spelled(bytes, id));
                }
            }
        }
        this.ends = ending.stream().toArray();
        tokens.sort(
                Comparator.comparing(Spelled::bytes, Arrays::compareUnsigned).thenComparingInt(Spelled::id));
        long total = tokens.stream().mapToLong(spelled -> spelled.bytes.length).sum();
        int most = Math.toIntExact(total);
        byte[] labels = new byte[most];
        short[] depths = new short[most];
        int[] skips = new int[most];
        int[] found = new int[most];
        Arrays.fill(found, -1);
        int[] path = new int[LONGEST + 1];
        int open = 0;
        int size = 0;
        int longest = 0;
        byte[] before = new byte[0];
        for (Spelled spelled : tokens) {
            int common = Math.max(0, Arrays.mismatch(before, spelled.bytes));
            if (spelled.bytes.length == before.length && Arrays.equals(before, spelled.bytes)) {
                same[spelled.id] = same[found[path[open - 1]]];
                same[found[path[open - 1]]] = spelled.id;
                continue;
            }
            while (open > common) {
                skips[path[--open]] = size;
            }
            for (int i = common; i < spelled.bytes.length; i++) {
                labels[size] = spelled.bytes[i];
                depths[size] = (short) i;
                path[open++] = size++;
            }
            found[path[open - 1]] = spelled.id;
            longest = Math.max(longest, spelled.bytes.length);
            before = spelled.bytes;
        }
        while (open > 0) {
            skips[path[--open]] = size;
        }
        label = Arrays.copyOf(labels, size);
        depth = Arrays.copyOf(depths, size);
        skip = Arrays.copyOf(skips, size);
        token = Arrays.copyOf(found, size);
        nodes = size;
        deepest = longest;
    }

    private record Spelled(byte[] bytes, int id) {}

    /** V, the number of ids. */
    public int vocabularySize() {
        return vocabulary;
    }

    /** The words of a mask: (V + 63) / 64. */
    public int words() {
        return (vocabulary + 63) >> 6;
    }

    /** Whether an id ends a text. */
    public boolean endsText(int id) {
        return ending.get(id);
    }

    /**
     * Joins this vocabulary with a grammar. The masks of the first states are made at once, the others when they are
     * first needed; all sequences share them.
     *
     * @throws GrammarException if the grammar names a token that the vocabulary does not have
     */
    public TokenMasks compile(Grammar grammar) {
        return new TokenMasks(this, grammar.automaton());
    }
}
