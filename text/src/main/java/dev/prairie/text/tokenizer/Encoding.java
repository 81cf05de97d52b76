package dev.prairie.text.tokenizer;

import java.util.List;

/** A text or a pair of texts as the model gets it, special tokens added. */
public record Encoding(List<Token> tokens) {
    /** Keeps its own list. */
    public Encoding {
        tokens = List.copyOf(tokens);
    }

    /**
     * One token.
     *
     * @param id its id
     * @param piece how the vocabulary spells it
     * @param typeId which of the model's segments it belongs to
     * @param from where in its text it begins, in Unicode characters
     * @param to where it ends, exclusive; a token that no text stands behind has 0 and 0
     */
    public record Token(int id, String piece, int typeId, int from, int to) {}

    /** The ids in order. */
    public int[] ids() {
        return tokens.stream().mapToInt(Token::id).toArray();
    }
}
