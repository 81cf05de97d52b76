package dev.prairie.text.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Byte-level BPE, the tokenizer of GPT-2: text is cut into words by a fixed pattern, each word starts as its UTF-8 bytes,
 * and learned merges join neighbours. Any text can be encoded, since every byte is a token. A lone surrogate, which has
 * no UTF-8 form, counts as a question mark.
 *
 * <p>Learn one with {@link BpeTrainer}; open one with {@link Tokenizer#load} or {@link #fromGpt2}.
 *
 * @see <a href="https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf">
 *     Radford et al.: Language models are unsupervised multitask learners, section 2.2</a>
 */
public final class ByteLevelBpe implements Tokenizer {
    private final byte[][] pieces;
    private final BytePairs pairs;
    private final SpecialTokens specials;
    private final Framing framing;

    /** Pieces by id (an empty one is an id not in use); merges that lead from bytes to pieces. */
    ByteLevelBpe(byte[][] pieces, Merges merges, SpecialTokens specials, Framing framing) {
        this.pieces = pieces;
        this.specials = specials;
        this.framing = framing;
        int[] byteIds = new int[256];
        Arrays.fill(byteIds, -1);
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id].length == 1 && !specials.contains(id)) {
                byteIds[pieces[id][0] & 0xFF] = id;
            }
        }
        for (int b = 0; b < 256; b++) {
            if (byteIds[b] < 0) {
                throw new TokenizerException("the vocabulary has no piece for byte " + b
                        + ", so not all text could be encoded; a byte-level vocabulary holds all 256");
            }
        }
        pairs = new BytePairs(byteIds, merges, Map.of());
    }

    /**
     * Opens the two files of the original GPT-2 form.
     *
     * @param vocabulary {@code vocab.json}: piece → id, in printable byte spelling
     * @param merges {@code merges.txt}: one merge a line, {@code left right}, best first
     * @param specialTokens special tokens; one that the vocabulary lacks gets the next free id
     */
    public static ByteLevelBpe fromGpt2(Path vocabulary, Path merges, List<String> specialTokens) {
        try {
            Map<String, Integer> ids = TokenizerFiles.readVocabulary(vocabulary);
            List<String[]> pairs = TokenizerFiles.readMerges(merges);
            int next = ids.values().stream().mapToInt(id -> id).max().orElse(-1) + 1;
            List<SpecialTokens.Token> added = new ArrayList<>();
            for (String token : specialTokens) {
                Integer known = ids.get(token);
                added.add(new SpecialTokens.Token(known == null ? next++ : known, token, true));
            }
            return of(ids, pairs, SpecialTokens.of(added), Framing.NONE);
        } catch (TokenizerException fault) {
            throw new TokenizerException(vocabulary, String.valueOf(fault.getMessage()), fault);
        } catch (IOException failure) {
            throw new TokenizerException(vocabulary, "could not be read: " + failure.getMessage(), failure);
        }
    }

    /** From a vocabulary and merges in printable byte spelling. */
    static ByteLevelBpe of(Map<String, Integer> ids, List<String[]> pairs, SpecialTokens specials, Framing framing) {
        byte[][] pieces = new byte[Vocabulary.size(ids, specials)][];
        Arrays.fill(pieces, new byte[0]);
        ids.forEach((spelling, id) -> {
            if (!ByteAlphabet.spells(spelling) && specials.id(spelling).isEmpty()) {
                throw new TokenizerException("piece '" + spelling + "' (id " + id
                        + ") is not in the byte alphabet of GPT-2; this is not a byte-level vocabulary");
            }
            pieces[id] = ByteAlphabet.bytes(spelling);
        });
        specials.tokens().forEach(token -> pieces[token.id()] = token.content().getBytes(StandardCharsets.UTF_8));
        List<Merges.Rule> rules = Vocabulary.rules(ids, pairs);
        for (Merges.Rule rule : rules) {
            if (specials.contains(rule.left()) || specials.contains(rule.right()) || specials.contains(rule.merged())) {
                throw new TokenizerException("merge " + rule.rank()
                        + " makes or uses a special token, so that ordinary text could spell one; remove it");
            }
        }
        return new ByteLevelBpe(pieces, new Merges(rules), specials, framing);
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
            } else {
                IntList ids = new IntList((to - from) / 3 + 8);
                encodeOrdinary(text.substring(from, to).getBytes(StandardCharsets.UTF_8), ids);
                places.joined(ids.toArray(), from, to, 0);
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
        byte[] piece = Vocabulary.piece(pieces, id);
        return specials.contains(id) ? specials.content(id) : ByteAlphabet.spell(piece);
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

    /** The merges in order, each as its two parts in the printable byte spelling of GPT-2 files. */
    public List<String> merges() {
        return pairs.merges().rules().stream()
                .map(rule -> ByteAlphabet.spell(pieces[rule.left()]) + " " + ByteAlphabet.spell(pieces[rule.right()]))
                .toList();
    }

    /** Every piece in the printable byte spelling of GPT-2 files, with its id, in the order of ids. */
    public Map<String, Integer> vocabulary() {
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        Map<Integer, String> names = new HashMap<>();
        specials.tokens().forEach(token -> names.put(token.id(), token.content()));
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id].length > 0) {
                String name = names.get(id);
                vocabulary.put(name == null ? ByteAlphabet.spell(pieces[id]) : name, id);
            }
        }
        return vocabulary;
    }

    @Override
    public String json() {
        return TokenizerJson.write(this, vocabulary(), merges());
    }

    private int[] encode(String text, boolean trusted) {
        IntList ids = new IntList(text.length() / 3 + 8);
        specials.split(text, trusted, (from, to, id) -> {
            if (id >= 0) {
                ids.add(id);
            } else {
                encodeOrdinary(text.substring(from, to).getBytes(StandardCharsets.UTF_8), ids);
            }
        });
        return ids.toArray();
    }

    private void encodeOrdinary(byte[] utf8, IntList ids) {
        for (int from = 0, to; from < utf8.length; from = to) {
            to = Gpt2Words.next(utf8, from);
            pairs.encode(utf8, from, to, ids);
        }
    }
}
