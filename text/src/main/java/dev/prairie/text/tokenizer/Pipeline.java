package dev.prairie.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * A tokenizer put together from parts, as the makers of models put theirs together: added tokens are found in the text,
 * the rest is normalized, cut, and turned into ids by a model; special tokens frame the whole, and a decoder leads back.
 * What a {@code tokenizer.json} or the tables of a model file describe becomes one of these.
 *
 * @see <a href="https://huggingface.co/docs/tokenizers/pipeline">the tokenization pipeline</a>
 */
public final class Pipeline implements Tokenizer {

    /**
     * The parts.
     *
     * @param spellings how the vocabulary spells each id; empty for an id not in use
     * @param specials the special and added tokens
     * @param added the same tokens with how they are found
     */
    record Parts(
            String[] spellings,
            SpecialTokens specials,
            AddedTokens added,
            Normalizer normalizer,
            PreTokenizer preTokenizer,
            Model model,
            Framing framing,
            Decoder decoder,
            Spelling spelling) {}

    /** How the pieces of one token become bytes, for a text that arrives token by token. */
    enum Spelling {
        /** Characters of GPT-2's alphabet. */
        BYTES,
        /** Spaces as U+2581, single bytes as {@code <0x0A>}. */
        MARKS,
        /** Words apart, pieces that go on behind {@code ##}. */
        WORDS,
        /** As they are. */
        PLAIN
    }

    private final Parts parts;
    private final Supplier<String> json;

    Pipeline(Parts parts, Supplier<String> json) {
        this.parts = parts;
        this.json = json;
    }

    @Override
    public int vocabularySize() {
        return parts.spellings().length;
    }

    @Override
    public int[] encode(String text) {
        return encode(text, false);
    }

    @Override
    public int[] encodeWithSpecials(String text) {
        return encode(text, true);
    }

    private int[] encode(String text, boolean trusted) {
        Model.Output output = new Model.Output(text.length() / 3 + 8, false);
        int[] characters = AlignedText.codePoints(text);
        parts.added().splitRaw(characters, trusted, (from, to, id) -> {
            if (id >= 0) {
                output.ids.add(id);
                return;
            }
            AlignedText part = parts.normalizer().apply(AlignedText.original(characters, from, to));
            parts.added().splitNormalized(part, trusted, (first, last, added) -> {
                if (added >= 0) {
                    output.ids.add(added);
                    return;
                }
                PreTokenizer.Pieces pieces = cut(part, first, last);
                for (int piece = 0; piece < pieces.count(); piece++) {
                    parts.model().encode(pieces.text().characters(), pieces.from(piece), pieces.to(piece), output);
                }
            });
        });
        return output.ids.toArray();
    }

    @Override
    public Encoding encoding(String text, boolean trusted) {
        return new Encoding(placed(text, trusted));
    }

    /**
     * A whole trusted text with the special tokens of its maker, and where each token comes from: with or without white space
     * as the file says.
     */
    public Encoding encoding(String text) {
        return parts.framing().frame(List.of(placed(text, true)));
    }

    /** Two trusted texts that the model gets together, such as a question and an answer. */
    public Encoding encoding(String first, String second) {
        return parts.framing().frame(List.of(placed(first, true), placed(second, true)));
    }

    private List<Encoding.Token> placed(String text, boolean trusted) {
        List<Encoding.Token> tokens = new ArrayList<>();
        int[] characters = AlignedText.codePoints(text);
        parts.added().splitRaw(characters, trusted, (from, to, id) -> {
            if (id >= 0) {
                tokens.add(new Encoding.Token(id, new String(characters, from, to - from), 0, from, to));
                return;
            }
            AlignedText part = parts.normalizer().apply(AlignedText.original(characters, from, to));
            parts.added().splitNormalized(part, trusted, (first, last, added) -> {
                if (added >= 0) {
                    tokens.add(token(added, part, first, last));
                    return;
                }
                PreTokenizer.Pieces pieces = cut(part, first, last);
                Model.Output output = new Model.Output(last - first, true);
                for (int piece = 0; piece < pieces.count(); piece++) {
                    parts.model().encode(pieces.text().characters(), pieces.from(piece), pieces.to(piece), output);
                }
                for (int i = 0; i < output.ids.size(); i++) {
                    tokens.add(token(output.ids.get(i), pieces.text(), output.start(i), output.end(i)));
                }
            });
        });
        return tokens;
    }

    private Encoding.Token token(int id, AlignedText text, int from, int to) {
        return new Encoding.Token(id, spelling(id), 0, text.from(from), text.to(to - 1));
    }

    private PreTokenizer.Pieces cut(AlignedText text, int from, int to) {
        IntList bounds = new IntList(2);
        bounds.add(from);
        bounds.add(to);
        return parts.preTokenizer().apply(new PreTokenizer.Pieces(text, bounds));
    }

    @Override
    public int[] frame(int[] ids) {
        return parts.framing().frame(ids);
    }

    @Override
    public Encoding frame(Encoding text) {
        return parts.framing().frame(text);
    }

    @Override
    public String spelling(int id) {
        if (id < 0 || id >= vocabularySize()) {
            throw new IllegalArgumentException("token id " + id + " is outside the vocabulary of " + vocabularySize()
                    + "; the ids come from another tokenizer");
        }
        return parts.spellings()[id];
    }

    @Override
    public byte[] bytes(int id) {
        String piece = spelling(id);
        if (parts.specials().contains(id)) {
            return piece.getBytes(StandardCharsets.UTF_8);
        }
        return switch (parts.spelling()) {
            case BYTES -> ByteAlphabet.bytes(piece);
            case MARKS -> {
                int b = Decoder.byteOf(piece);
                yield b >= 0
                        ? new byte[] {(byte) b}
                        : piece.replace(ScoredBpe.SPACE, ' ').getBytes(StandardCharsets.UTF_8);
            }
            case WORDS -> (piece.startsWith("##") ? piece.substring(2) : " " + piece).getBytes(StandardCharsets.UTF_8);
            case PLAIN -> piece.getBytes(StandardCharsets.UTF_8);
        };
    }

    @Override
    public boolean dropsFirstSpace() {
        return switch (parts.spelling()) {
            case BYTES, PLAIN -> false;
            case MARKS ->
                parts.decoder().apply(List.of(ScoredBpe.SPACE + "x")).getFirst().equals("x");
            case WORDS -> true;
        };
    }

    @Override
    public SpecialTokens specials() {
        return parts.specials();
    }

    @Override
    public String decode(int... ids) {
        return decoded(
                Arrays.stream(ids).filter(id -> !parts.specials().isSpecial(id)).toArray());
    }

    @Override
    public String decodeWithSpecials(int... ids) {
        return decoded(ids);
    }

    private String decoded(int[] ids) {
        List<String> pieces = Arrays.stream(ids).mapToObj(this::spelling).toList();
        return String.join("", parts.decoder().apply(pieces));
    }

    @Override
    public String json() {
        return json.get();
    }
}
