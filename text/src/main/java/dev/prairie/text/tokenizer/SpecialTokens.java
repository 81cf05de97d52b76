package dev.prairie.text.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a vocabulary that stand outside its ordinary pieces, and the search for them in text. A <em>special</em>
 * token steers the model and is only found in trusted text; an <em>added</em> one that is not special is a word like
 * others and is found in all text.
 */
public final class SpecialTokens {

    /** One token: its id, its text, and whether it is special. */
    public record Token(int id, String content, boolean special) {
        /** Refuses an empty text, which would be found everywhere. */
        public Token {
            if (content.isEmpty()) {
                throw new TokenizerException("special token " + id + " has no text; give it one such as <|endoftext|>");
            }
        }
    }

    /** Receives the parts of a text in order: ordinary text with id −1, and special tokens. */
    interface Parts {
        void part(int from, int to, int id);
    }

    private static final List<String> BEGINNINGS =
            List.of("<s>", "<|begin_of_text|>", "<|bos|>", "<bos>", "<|startoftext|>", "<|endoftext|>");
    private static final List<String> ENDS = List.of("</s>", "<|end_of_text|>", "<|eos|>", "<eos>", "<|endoftext|>");

    private final List<Token> tokens;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Integer, Token> byId = new HashMap<>();
    private final Map<Character, List<Token>> byFirst = new HashMap<>();
    private final OptionalInt bos;
    private final OptionalInt eos;

    private SpecialTokens(SpecialTokens others, OptionalInt bos, OptionalInt eos) {
        this.tokens = others.tokens;
        this.ids.putAll(others.ids);
        this.byId.putAll(others.byId);
        this.byFirst.putAll(others.byFirst);
        this.bos = bos;
        this.eos = eos;
    }

    private SpecialTokens(List<Token> tokens, @Nullable String bosName, @Nullable String eosName) {
        this.tokens = tokens.stream().sorted(Comparator.comparingInt(Token::id)).toList();
        for (Token token : this.tokens) {
            if (ids.put(token.content(), token.id()) != null || byId.put(token.id(), token) != null) {
                throw new TokenizerException("special token '" + token.content() + "' (id " + token.id()
                        + ") appears twice; every special token needs its own text and id");
            }
            byFirst.computeIfAbsent(token.content().charAt(0), first -> new ArrayList<>())
                    .add(token);
        }
        byFirst.values()
                .forEach(list -> list.sort(
                        Comparator.comparingInt((Token t) -> t.content().length())
                                .reversed()));
        this.bos = bosName != null && ids.containsKey(bosName) ? id(bosName) : firstOf(BEGINNINGS);
        this.eos = eosName != null && ids.containsKey(eosName) ? id(eosName) : firstOf(ENDS);
    }

    /** Tokens whose beginning and end are recognised by the names in common use, such as {@code </s>}. */
    static SpecialTokens of(List<Token> tokens) {
        return new SpecialTokens(tokens, null, null);
    }

    /** Tokens of which the given ones begin and end a sequence; null leaves the choice to the names in common use. */
    static SpecialTokens of(List<Token> tokens, @Nullable String bos, @Nullable String eos) {
        return new SpecialTokens(tokens, bos, eos);
    }

    /** These tokens, of which the given ones begin and end a sequence, or none does. */
    SpecialTokens withEnds(OptionalInt first, OptionalInt last) {
        return new SpecialTokens(this, first, last);
    }

    /** All tokens, by id. */
    public List<Token> tokens() {
        return tokens;
    }

    /** The id of the token with this text. */
    public OptionalInt id(String content) {
        Integer id = ids.get(content);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** Whether the id is that of a special token (not merely an added one). */
    public boolean isSpecial(int id) {
        Token token = byId.get(id);
        return token != null && token.special();
    }

    /** The text of a special or added token. */
    String content(int id) {
        Token token = byId.get(id);
        if (token == null) {
            throw new IllegalArgumentException("id " + id + " is that of no special token");
        }
        return token.content();
    }

    /** Whether the id belongs to a special or added token. */
    boolean contains(int id) {
        return byId.containsKey(id);
    }

    /** The token that begins a sequence. */
    public OptionalInt bos() {
        return bos;
    }

    /** The token that ends a sequence. */
    public OptionalInt eos() {
        return eos;
    }

    /** Cuts a text at the tokens found in it, leftmost first and the longest at each place. */
    void split(String text, boolean trusted, Parts parts) {
        int from = 0;
        for (int at = 0; at < text.length() && !byFirst.isEmpty(); ) {
            Token token = find(text, at, trusted);
            if (token == null) {
                at++;
                continue;
            }
            if (from < at) {
                parts.part(from, at, -1);
            }
            from = at + token.content().length();
            parts.part(at, from, token.id());
            at = from;
        }
        if (from < text.length()) {
            parts.part(from, text.length(), -1);
        }
    }

    private @Nullable Token find(String text, int at, boolean trusted) {
        for (Token token : byFirst.getOrDefault(text.charAt(at), List.of())) {
            if ((trusted || !token.special()) && text.startsWith(token.content(), at)) {
                return token;
            }
        }
        return null;
    }

    private OptionalInt firstOf(List<String> names) {
        return names.stream()
                .filter(ids::containsKey)
                .mapToInt(name -> id(name).orElseThrow())
                .findFirst();
    }
}
