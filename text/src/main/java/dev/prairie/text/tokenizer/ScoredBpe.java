package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * BPE over characters, with bytes where a character has no piece: the SentencePiece form that llama2.c and the first two
 * Llama models use. A space is put before the text, so that a word is the same token at the start as elsewhere; decoding
 * takes it away again. There are no words: merges may cross spaces. The adjacent pair whose joined piece has the highest
 * score is joined first, the leftmost among equals.
 *
 * @see <a href="https://github.com/karpathy/llama2.c/blob/master/run.c">encode and decode in llama2.c</a>
 * @see <a href="https://arxiv.org/abs/1808.06226">Kudo, Richardson: SentencePiece</a>
 */
public final class ScoredBpe implements Tokenizer {
    /** How files of SentencePiece spell a space. */
    static final char SPACE = '\u2581';

    private final byte[][] pieces;
    private final int[] byteIds;
    private final Map<Integer, Integer> characters = new HashMap<>();
    private final Merges merges;
    private final SpecialTokens specials;
    private final Framing framing;

    private ScoredBpe(Map<String, Integer> ids, Merges merges, SpecialTokens specials, Framing framing) {
        this.framing = framing;
        this.specials = specials;
        this.merges = merges;
        pieces = new byte[Vocabulary.size(ids, specials)][];
        Arrays.fill(pieces, new byte[0]);
        byteIds = byteIds(ids);
        ids.forEach((piece, id) -> pieces[id] = piece.getBytes(StandardCharsets.UTF_8));
        for (int b = 0; b < 256; b++) {
            pieces[byteIds[b]] = new byte[] {(byte) b};
        }
        specials.tokens().forEach(token -> pieces[token.id()] = token.content().getBytes(StandardCharsets.UTF_8));
        ids.forEach((piece, id) -> {
            if (!specials.contains(id) && piece.codePointCount(0, piece.length()) == 1) {
                characters.put(piece.codePointAt(0), id);
            }
        });
    }

    /**
     * From pieces with scores, whose merges follow from them: any two ordinary pieces that join to a third may merge,
     * with the rank of its score.
     */
    static ScoredBpe ofScores(List<String> names, float[] scores, SpecialTokens specials) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (int id = 0; id < names.size(); id++) {
            ids.putIfAbsent(names.get(id), id);
        }
        boolean[] joinable = new boolean[scores.length];
        ids.forEach((piece, id) -> joinable[id] = !specials.contains(id) && Decoder.byteOf(piece) < 0);
        return new ScoredBpe(ids, merges(ids, scores, joinable), specials, Framing.beginning(specials));
    }

    /** The merges that follow from scores: joinable pieces that join to a third, with the rank of its score. */
    static Merges merges(Map<String, Integer> ids, float[] scores, boolean[] joinable) {
        Map<String, Integer> ordinary = new LinkedHashMap<>(ids);
        ordinary.values().removeIf(id -> !joinable[id]);
        TreeSet<Float> distinct = new TreeSet<>(Comparator.reverseOrder());
        ordinary.values().forEach(id -> distinct.add(scores[id]));
        Map<Float, Integer> ranks = new HashMap<>();
        distinct.forEach(score -> ranks.put(score, ranks.size()));
        List<Merges.Rule> rules = new ArrayList<>();
        ordinary.forEach((piece, id) -> {
            if (piece.isEmpty()) {
                return;
            }
            for (int cut = piece.offsetByCodePoints(0, 1);
                    cut < piece.length();
                    cut = piece.offsetByCodePoints(cut, 1)) {
                Integer left = ordinary.get(piece.substring(0, cut));
                Integer right = ordinary.get(piece.substring(cut));
                if (left != null && right != null) {
                    rules.add(new Merges.Rule(left, right, id, ranks.getOrDefault(scores[id], 0)));
                }
            }
        });
        rules.sort(Comparator.comparingInt(Merges.Rule::rank));
        return new Merges(rules);
    }

    /** From pieces and merges as a {@code tokenizer.json} holds them, spaces spelled U+2581. */
    static ScoredBpe ofMerges(
            Map<String, Integer> spelled, List<String[]> pairs, SpecialTokens specials, Framing framing) {
        List<Merges.Rule> rules = Vocabulary.rules(spelled, pairs);
        Map<String, Integer> ids = new LinkedHashMap<>();
        spelled.forEach((piece, id) -> {
            if (ids.put(specials.contains(id) ? piece : piece.replace(SPACE, ' '), id) != null) {
                throw new TokenizerException("piece '" + piece + "' appears both with a space and with U+2581");
            }
        });
        return new ScoredBpe(ids, new Merges(rules), specials, framing);
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
                IntList ids = new IntList((to - from) / 2 + 8);
                encodeOrdinary(text.substring(from, to), ids);
                places.joined(ids.toArray(), from, to, 1); // the space put in front
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
        return Vocabulary.piece(pieces, id).length == 0 ? "" : spell(id);
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
    public boolean dropsFirstSpace() {
        return true;
    }

    @Override
    public String json() {
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id].length > 0) {
                vocabulary.put(spell(id), id);
            }
        }
        List<String[]> pairs = merges.rules().stream()
                .map(rule -> new String[] {spell(rule.left()), spell(rule.right())})
                .toList();
        return TokenizerJson.write(this, vocabulary, pairs);
    }

    private int[] encode(String text, boolean trusted) {
        IntList ids = new IntList(text.length() / 2 + 8);
        specials.split(text, trusted, (from, to, id) -> {
            if (id >= 0) {
                ids.add(id);
            } else {
                encodeOrdinary(text.substring(from, to), ids);
            }
        });
        return ids.toArray();
    }

    private void encodeOrdinary(String text, IntList ids) {
        IntList symbols = new IntList(text.length() + 8);
        (' ' + text).codePoints().forEach(c -> {
            Integer id = characters.get(c);
            if (id != null) {
                symbols.add(id);
            } else {
                for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
                    symbols.add(byteIds[b & 0xFF]);
                }
            }
        });
        int[] merged = symbols.toArray();
        ids.addAll(merged, merges.apply(merged, merged.length));
    }

    private String spell(int id) {
        if (specials.contains(id)) {
            return new String(pieces[id], StandardCharsets.UTF_8);
        }
        if (pieces[id].length == 1 && byteIds[pieces[id][0] & 0xFF] == id) {
            return CharacterPairs.byteName(pieces[id][0] & 0xFF);
        }
        return new String(pieces[id], StandardCharsets.UTF_8).replace(' ', SPACE);
    }

    private static int[] byteIds(Map<String, Integer> ids) {
        int[] byteIds = new int[256];
        for (int b = 0; b < 256; b++) {
            Integer id = ids.get(CharacterPairs.byteName(b));
            if (id == null) {
                throw new TokenizerException("the vocabulary has no piece " + CharacterPairs.byteName(b)
                        + ", so not all text could be encoded; a byte-fallback vocabulary holds all 256");
            }
            byteIds[b] = id;
        }
        return byteIds;
    }
}
