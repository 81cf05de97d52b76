package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * One token per Unicode character (code point) of a corpus: the smallest vocabulary to begin with. A learned one numbers
 * its characters in ascending order, then the special tokens.
 *
 * <p>A character outside the vocabulary becomes the special token {@code <unk>} if there is one; otherwise encoding it is
 * an error.
 */
public final class CharacterTokenizer implements Tokenizer {
    /** The special token that stands for characters outside the vocabulary. */
    public static final String UNKNOWN = "<unk>";

    private final byte[][] pieces;
    /** The characters in ascending order, and the id of each. */
    private final int[] characters;

    private final int[] ids;
    private final SpecialTokens specials;
    private final Framing framing;

    private CharacterTokenizer(Map<Integer, Integer> idOfCharacter, SpecialTokens specials, Framing framing) {
        this.specials = specials;
        this.framing = framing;
        characters = idOfCharacter.keySet().stream().mapToInt(c -> c).sorted().toArray();
        ids = Arrays.stream(characters).map(idOfCharacter::get).toArray();
        int highest = Math.max(
                Arrays.stream(ids).max().orElse(-1),
                specials.tokens().stream()
                        .mapToInt(SpecialTokens.Token::id)
                        .max()
                        .orElse(-1));
        pieces = new byte[highest + 1][];
        Arrays.fill(pieces, new byte[0]);
        for (int i = 0; i < ids.length; i++) {
            pieces[ids[i]] = Character.toString(characters[i]).getBytes(StandardCharsets.UTF_8);
        }
        specials.tokens().forEach(token -> pieces[token.id()] = token.content().getBytes(StandardCharsets.UTF_8));
    }

    /** The characters of all texts, and the given special tokens. */
    public static CharacterTokenizer learn(Iterable<String> texts, List<String> specialTokens) {
        TreeSet<Integer> found = new TreeSet<>();
        boolean[] seen = new boolean[Character.MAX_CODE_POINT + 1];
        for (String text : texts) {
            text.codePoints().filter(c -> !seen[c]).forEach(c -> {
                seen[c] = true;
                found.add(wellFormed(c));
            });
        }
        Map<Integer, Integer> idOfCharacter = new LinkedHashMap<>();
        found.forEach(c -> idOfCharacter.put(c, idOfCharacter.size()));
        List<SpecialTokens.Token> tokens = new ArrayList<>();
        for (String token : specialTokens) {
            tokens.add(new SpecialTokens.Token(idOfCharacter.size() + tokens.size(), token, true));
        }
        SpecialTokens specials = SpecialTokens.of(tokens);
        return new CharacterTokenizer(idOfCharacter, specials, Framing.beginning(specials));
    }

    /** From a vocabulary of one-character pieces; other pieces must be special tokens. */
    static CharacterTokenizer of(Map<String, Integer> vocabulary, SpecialTokens specials, Framing framing) {
        Vocabulary.size(vocabulary, specials);
        Map<Integer, Integer> idOfCharacter = new LinkedHashMap<>();
        vocabulary.forEach((piece, id) -> {
            if (specials.contains(id)) {
                return;
            }
            if (piece.codePointCount(0, piece.length()) != 1) {
                throw new TokenizerException("piece '" + piece + "' (id " + id
                        + ") is not one character; only word-level vocabularies of characters are supported");
            }
            idOfCharacter.put(piece.codePointAt(0), id);
        });
        return new CharacterTokenizer(idOfCharacter, specials, framing);
    }

    @Override
    public int vocabularySize() {
        return pieces.length;
    }

    @Override
    public int[] encode(String text) {
        return encode(text, false);
    }

    @Override
    public int[] encodeWithSpecials(String text) {
        return encode(text, true);
    }

    @Override
    public Encoding encoding(String text, boolean trusted) {
        Places places = new Places(this, text);
        specials.split(text, trusted, (from, to, id) -> {
            if (id >= 0) {
                places.whole(id, from, to);
                return;
            }
            for (int at = from, c; at < to; at += Character.charCount(c)) {
                c = text.codePointAt(at);
                places.whole(idOf(c), at, at + Character.charCount(c));
            }
        });
        return places.encoding();
    }

    @Override
    public byte[] bytes(int id) {
        return Vocabulary.piece(pieces, id).clone();
    }

    @Override
    public String spelling(int id) {
        return new String(Vocabulary.piece(pieces, id), StandardCharsets.UTF_8);
    }

    @Override
    public int[] frame(int[] ids) {
        return framing.frame(ids);
    }

    @Override
    public Encoding frame(Encoding text) {
        return framing.frame(text);
    }

    @Override
    public SpecialTokens specials() {
        return specials;
    }

    @Override
    public String json() {
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id].length > 0) {
                vocabulary.put(new String(pieces[id], StandardCharsets.UTF_8), id);
            }
        }
        return TokenizerJson.write(this, vocabulary);
    }

    private int[] encode(String text, boolean trusted) {
        IntList out = new IntList(text.length());
        specials.split(text, trusted, (from, to, id) -> {
            if (id >= 0) {
                out.add(id);
                return;
            }
            for (int at = from, c; at < to; at += Character.charCount(c)) {
                c = text.codePointAt(at);
                out.add(idOf(c));
            }
        });
        return out.toArray();
    }

    private int idOf(int character) {
        int index = Arrays.binarySearch(characters, wellFormed(character));
        if (index >= 0) {
            return ids[index];
        }
        OptionalInt unknown = id(UNKNOWN);
        if (unknown.isEmpty()) {
            throw new IllegalArgumentException("encode: character '" + Character.toString(character)
                    + String.format("' (U+%04X)", character) + " is not among the " + characters.length
                    + " of this vocabulary; leave it out of the text, or learn a vocabulary with the special token "
                    + UNKNOWN + " or a byte-level one, which takes any text");
        }
        return unknown.getAsInt();
    }

    /** A lone surrogate has no UTF-8 form and counts as a question mark. */
    private static int wellFormed(int character) {
        return character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE ? '?' : character;
    }
}
