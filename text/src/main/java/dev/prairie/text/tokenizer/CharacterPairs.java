package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.OptionalInt;

/**
 * BPE over characters, as {@code tokenizer.json} describes it: a piece starts as the tokens of its characters, those
 * without one as their bytes or as the unknown token, and learned merges join neighbours. A vocabulary may spell
 * characters otherwise inside a word ({@code ##x}) or at its end ({@code x</w>}).
 */
final class CharacterPairs implements Model {

    /**
     * How characters are spelled and what becomes of those that are not in the vocabulary.
     *
     * @param prefix what stands before a character that does not begin its piece
     * @param suffix what stands behind the last character of a piece
     * @param unknown the token of unknown characters; without one they are left out
     * @param fusing whether unknown characters side by side are one token
     * @param bytes whether an unknown character becomes its bytes, where the vocabulary has them all
     * @param wholeFirst whether a piece that is a token is taken whole, without a look at the merges
     */
    record Options(
            String prefix, String suffix, OptionalInt unknown, boolean fusing, boolean bytes, boolean wholeFirst) {}

    private final Map<String, Integer> ids;
    private final Trie characters = new Trie();
    private final int[] byteIds;
    private final Merges merges;
    private final Options options;
    private final boolean partsAtMarks;
    private final PieceCache cache = new PieceCache();

    CharacterPairs(Map<String, Integer> ids, Merges merges, Options options) {
        this.ids = new HashMap<>(ids);
        this.merges = merges;
        this.options = options;
        // Where words are spelled apart, or the mark itself may be unknown, a text is not several words.
        this.partsAtMarks = options.prefix().isEmpty()
                && options.suffix().isEmpty()
                && ids.containsKey(String.valueOf(ScoredBpe.SPACE))
                && Vocabulary.partsAtMarks(ids.keySet());
        this.byteIds = options.bytes() ? byteIds(ids) : new int[0];
        ids.forEach((piece, id) -> {
            if (!piece.isEmpty() && piece.codePointCount(0, piece.length()) == 1) {
                characters.put(piece, id);
            }
        });
    }

    /** The tokens {@code <0x00>} to {@code <0xFF>}, −1 where there is none. */
    static int[] byteIds(Map<String, Integer> ids) {
        int[] byteIds = new int[256];
        for (int b = 0; b < 256; b++) {
            byteIds[b] = ids.getOrDefault(byteName(b), -1);
        }
        return byteIds;
    }

    /** How files spell the token of a byte. */
    static String byteName(int b) {
        return "<0x" + HexFormat.of().withUpperCase().toHexDigits((byte) b) + ">";
    }

    Merges merges() {
        return merges;
    }

    @Override
    public void encode(int[] text, int from, int to, Output output) {
        if (options.wholeFirst()) {
            Integer whole = ids.get(new String(text, from, to - from));
            if (whole != null) {
                output.add(whole, from, to);
                return;
            }
        }
        for (int word = from, end; word < to; word = end) {
            end = partsAtMarks ? Vocabulary.endOfWord(text, word, to) : to;
            if (output.placed()) {
                join(text, word, end, output);
            } else {
                int first = word;
                int last = end;
                cache.encode(text, word, end, output, () -> join(text, first, last, output));
            }
        }
    }

    private void join(int[] text, int from, int to, Output output) {
        IntList symbols = new IntList(to - from);
        IntList ends = new IntList(to - from);
        boolean afterUnknown = false;
        for (int i = from; i < to; i++) {
            int id = symbol(text[i], i == from, i == to - 1);
            boolean unknown = false;
            if (id >= 0) {
                put(symbols, ends, id, i + 1);
            } else if (!addBytes(text[i], i + 1, symbols, ends)) {
                unknown = options.unknown().isPresent();
                if (unknown && afterUnknown && options.fusing()) {
                    ends.set(ends.size() - 1, i + 1);
                } else if (unknown) {
                    put(symbols, ends, options.unknown().getAsInt(), i + 1);
                }
            }
            afterUnknown = unknown;
        }
        int[] joined = symbols.toArray();
        int[] widths = ends.toArray();
        for (int i = widths.length - 1; i >= 0; i--) {
            widths[i] -= i == 0 ? from : widths[i - 1];
        }
        int count = merges.apply(joined, widths, joined.length);
        int end = from;
        for (int i = 0; i < count; i++) {
            end += widths[i];
            // The bytes of one character all stand for it.
            output.add(joined[i], end - Math.max(widths[i], 1), end);
        }
    }

    private static void put(IntList symbols, IntList ends, int id, int end) {
        symbols.add(id);
        ends.add(end);
    }

    private int symbol(int c, boolean first, boolean last) {
        if (options.prefix().isEmpty() && options.suffix().isEmpty()) {
            int node = characters.child(Trie.ROOT, c);
            return node == Trie.NONE ? Trie.NONE : characters.value(node);
        }
        String spelling =
                (first ? "" : options.prefix()) + Character.toString(c) + (last ? options.suffix() : "");
        return ids.getOrDefault(spelling, -1);
    }

    private boolean addBytes(int c, int end, IntList symbols, IntList ends) {
        if (byteIds.length == 0) {
            return false;
        }
        byte[] utf8 = Character.toString(c).getBytes(StandardCharsets.UTF_8);
        for (byte b : utf8) {
            if (byteIds[b & 0xFF] < 0) {
                return false;
            }
        }
        for (byte b : utf8) {
            put(symbols, ends, byteIds[b & 0xFF], end);
        }
        return true;
    }
}
