package dev.prairie.text.tokenizer;

import dev.prairie.text.pattern.CharClasses;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The search for special and added tokens in a text that a {@link Pipeline} encodes: leftmost first, the longest at each
 * place. Some are looked for in the text as it came, others in what the normalizer made of it.
 *
 * @see <a href="https://huggingface.co/docs/tokenizers/api/added-tokens">what the flags of a token mean</a>
 */
final class AddedTokens {

    /** A token, and how it is found. */
    record Token(
            int id,
            String content,
            boolean special,
            boolean stripsLeft,
            boolean stripsRight,
            boolean singleWord,
            boolean normalized) {
        /** A token that is looked for as it is spelled. */
        static Token of(int id, String content, boolean special) {
            return new Token(id, content, special, false, false, false, false);
        }
    }

    private final List<Token> tokens;
    private final Map<Integer, Token> byId = new HashMap<>();
    private final Trie raw = new Trie();
    private final Trie normalized = new Trie();
    private final boolean anyNormalized;

    AddedTokens(List<Token> tokens, Normalizer normalizer) {
        this.tokens = List.copyOf(tokens);
        for (Token token : tokens) {
            byId.put(token.id(), token);
            if (token.normalized()) {
                int[] text = AlignedText.codePoints(token.content());
                AlignedText done = normalizer.apply(AlignedText.original(text, 0, text.length));
                if (done.size() > 0) {
                    normalized.put(done.string(0, done.size()), token.id());
                }
            } else {
                raw.put(token.content(), token.id());
            }
        }
        anyNormalized = tokens.stream().anyMatch(Token::normalized);
    }

    List<Token> tokens() {
        return tokens;
    }

    /** Cuts a text that nothing was done to yet. */
    void splitRaw(int[] text, boolean trusted, SpecialTokens.Parts parts) {
        split(raw, text, text.length, trusted, parts);
    }

    /** Cuts a normalized text. */
    void splitNormalized(AlignedText text, boolean trusted, SpecialTokens.Parts parts) {
        if (anyNormalized) {
            split(normalized, text.characters(), text.size(), trusted, parts);
        } else if (text.size() > 0) {
            parts.part(0, text.size(), -1);
        }
    }

    private void split(Trie trie, int[] text, int size, boolean trusted, SpecialTokens.Parts parts) {
        int done = 0;
        for (int at = 0; at < size; ) {
            int node = trie.child(Trie.ROOT, text[at]);
            int end = at;
            int id = -1;
            for (int i = at + 1; node != Trie.NONE; i++) {
                int value = trie.value(node);
                if (value != Trie.NONE && (trusted || !token(value).special())) {
                    id = value;
                    end = i;
                }
                node = i < size ? trie.child(node, text[i]) : Trie.NONE;
            }
            if (id < 0) {
                at++;
                continue;
            }
            Token token = token(id);
            int from = at;
            at = end;
            if (token.singleWord()
                    && ((from > 0 && CharClasses.isStandardWord(text[from - 1]))
                            || (end < size && CharClasses.isStandardWord(text[end])))) {
                continue;
            }
            while (token.stripsLeft() && from > done && CharClasses.isWhiteSpace(text[from - 1])) {
                from--;
            }
            while (token.stripsRight() && at < size && CharClasses.isWhiteSpace(text[at])) {
                at++;
            }
            if (done < from) {
                parts.part(done, from, -1);
            }
            parts.part(from, at, id);
            done = at;
        }
        if (done < size) {
            parts.part(done, size, -1);
        }
    }

    private Token token(int id) {
        Token token = byId.get(id);
        if (token == null) {
            throw new IllegalStateException("the trie holds no token without a place in byId");
        }
        return token;
    }
}
