package dev.prairie.text.tokenizer;

import dev.prairie.text.tokenizer.VocabularyTables.Ends;
import dev.prairie.text.tokenizer.VocabularyTables.Options;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/**
 * Makes the tables of a model file of a tokenizer: what {@link TablesReader} reads. The tokenizer's own description, its
 * {@code tokenizer.json}, is put into the few words that the tables have; what they cannot say is found out by trying
 * them, and refused.
 */
final class TablesWriter {
    /** Words, numbers, marks and spaces that tokenizers are known to cut in different ways. */
    private static final String PROBE =
            "Hello, world! It's 3 o'clock, I'LL pay 1234567.89 for DON'T and 12 or 7.\n\n\n  x = a_b[3] + "
                    + "(y//2);\t\tfoo()  \r\nÀ bientôt, cafe\u0301, naïve; Ünï Straße.  Привет, мир 2024! 你好，世界。日本語テスト "
                    + "안녕하세요 ١٢٣ 12٣ ½ x² 🙂👍🏽 a\u200db    \n \n e\u0301e\u0301 --..!!??'''\"\" don’t snake_case camelCase HTTPServer "
                    + "$9.99 100% #tag @me <b>&amp;</b> ไทย नमस्ते";

    /** Stands for a text in a frame. */
    private static final int TEXT = -1;

    private final Tokenizer tokenizer;
    private final JsonNode root;
    private final int size;
    private final String[] tokens;
    private final int[] types;

    /** What its maker puts in front of a text, and behind it. */
    private final int[] front, back;

    private final OptionalInt begin, end;

    private TablesWriter(Tokenizer tokenizer, int size) {
        this.tokenizer = tokenizer;
        this.root = TokenizerFiles.JSON.readTree(tokenizer.json());
        this.size = size;
        this.tokens = new String[size];
        this.types = new int[size];
        int[] framed = tokenizer.frame(new int[] {TEXT});
        int at = 0;
        while (framed[at] != TEXT) at++;
        this.front = Arrays.copyOf(framed, at);
        this.back = Arrays.copyOfRange(framed, at + 1, framed.length);
        this.begin = named(tokenizer.bos(), front);
        this.end = named(tokenizer.eos(), back);
    }

    static VocabularyTables write(Tokenizer tokenizer, int size) {
        if (tokenizer.vocabularySize() > size)
            throw new TokenizerException("the tokenizer has " + tokenizer.vocabularySize() + " tokens, the model knows "
                    + size + "; the two do not belong together");
        VocabularyTables tables = new TablesWriter(tokenizer, size).write();
        Tokenizer read = Tokenizer.of(tables);
        int[] text = tokenizer.encode(PROBE);
        if (!Arrays.equals(read.encode(PROBE), text) || !Arrays.equals(read.frame(text), tokenizer.frame(text)))
            throw new TokenizerException("the tables of a GGUF file cannot say what this tokenizer does, other tokens"
                    + " would come of them; write a folder instead");
        return tables;
    }

    private VocabularyTables write() {
        for (int id = 0; id < size; id++) {
            boolean used =
                    id < tokenizer.vocabularySize() && !tokenizer.spelling(id).isEmpty();
            tokens[id] = used ? tokenizer.spelling(id) : "[PAD" + id + "]";
            types[id] = (used ? VocabularyTables.Type.NORMAL : VocabularyTables.Type.UNUSED).ordinal();
        }
        for (SpecialTokens.Token token : tokenizer.specials().tokens())
            types[token.id()] =
                    (token.special() ? VocabularyTables.Type.CONTROL : VocabularyTables.Type.USER_DEFINED).ordinal();
        JsonNode model = root.path("model");
        String kind = model.path("type").asString(model.has("merges") ? "BPE" : "");
        boolean marked = model.path("byte_fallback").asBoolean(false);
        return switch (kind) {
            case "BPE" -> marked ? scored(model) : byteLevel(model);
            case "Unigram" -> unigram(model);
            case "WordPiece" -> words(model);
            default ->
                throw new TokenizerException("a tokenizer with the model '" + kind
                        + "' has no tables in a GGUF file; write a folder instead");
        };
    }

    // ---- the kinds --------------------------------------------------------------------------------------------

    private VocabularyTables byteLevel(JsonNode model) {
        List<String> merges = new ArrayList<>();
        for (String[] pair : TokenizerJson.merges(model.path("merges"))) merges.add(pair[0] + " " + pair[1]);
        Ends ends = new Ends(
                begin, end, named(model.path("unk_token")), OptionalInt.empty(), padding(), OptionalInt.empty());
        return tables("gpt2", family(), new float[0], merges, ends, options(Optional.empty()), new byte[0]);
    }

    /** The family that cuts as this tokenizer does; one that takes whole tokens first if it does, where there is such a one. */
    private String family() {
        boolean wholeFirst = root.path("model").path("ignore_merges").asBoolean(false);
        List<Integer> own = cuts(root);
        String other = "";
        for (String name : Families.NAMES) {
            Families.Family family = Families.named(name).orElseThrow();
            if (!cuts(TablesJson.byteLevel(family)).equals(own)) continue;
            if (family.wholeFirst() == wholeFirst) return name;
            if (other.isEmpty()) other = name;
        }
        if (other.isEmpty())
            throw new TokenizerException(
                    "the way in which this tokenizer cuts text has no name in GGUF files; write a" + " folder instead");
        return other;
    }

    /** Where the probe is cut, in what becomes of it. */
    private static List<Integer> cuts(JsonNode description) {
        int[] characters = AlignedText.codePoints(PROBE);
        AlignedText text = PipelineParts.normalizer(description.path("normalizer"))
                .apply(AlignedText.original(characters, 0, characters.length));
        PreTokenizer.Pieces pieces = PreTokenizer.Pieces.whole(text);
        for (PreTokenizer step :
                ((PreTokenizer.Sequence) PipelineParts.preTokenizer(description.path("pre_tokenizer"))).steps())
            if (!(step instanceof PreTokenizer.Bytes)) pieces = step.apply(pieces);
        var cuts = new ArrayList<>(List.of(pieces.text().size()));
        for (int i = 0; i < pieces.count(); i++) cuts.add(pieces.to(i));
        return cuts;
    }

    /** A token's score is the place of the first merge that leads to it, so that the best pair is the first one in the list. */
    private VocabularyTables scored(JsonNode model) {
        Map<String, Integer> ids = TokenizerJson.vocabulary(model.path("vocab"));
        List<String[]> pairs = TokenizerJson.merges(model.path("merges"));
        float[] scores = new float[size];
        Arrays.fill(scores, -pairs.size());
        for (int rank = pairs.size() - 1; rank >= 0; rank--) {
            Integer merged = ids.get(pairs.get(rank)[0] + pairs.get(rank)[1]);
            if (merged != null) scores[merged] = -rank;
        }
        for (int id = 0; id < size; id++)
            if (types[id] == VocabularyTables.Type.NORMAL.ordinal() && Decoder.byteOf(tokens[id]) >= 0)
                types[id] = VocabularyTables.Type.BYTE.ordinal();
        OptionalInt unknown = named(model.path("unk_token"));
        unknown.ifPresent(id -> types[id] = VocabularyTables.Type.UNKNOWN.ordinal());
        Ends ends = new Ends(begin, end, unknown, OptionalInt.empty(), padding(), OptionalInt.empty());
        return tables("llama", "", scores, List.of(), ends, options(Optional.of(prefixed())), new byte[0]);
    }

    private VocabularyTables unigram(JsonNode model) {
        float[] scores = new float[size];
        JsonNode vocab = model.path("vocab");
        for (int id = 0; id < vocab.size(); id++)
            scores[id] = vocab.path(id).path(1).floatValue(0);
        int unknown = model.path("unk_id").asInt(0);
        types[unknown] = VocabularyTables.Type.UNKNOWN.ordinal();
        Ends ends =
                new Ends(begin, end, OptionalInt.of(unknown), OptionalInt.empty(), padding(), tokenizer.id("<mask>"));
        Options found = options(Optional.of(prefixed()));
        String normalizer = root.path("normalizer").toString();
        String before = root.path("pre_tokenizer").toString();
        boolean merging = normalizer.contains(" {2,}") || before.contains("WhitespaceSplit");
        Options options = new Options(
                found.addBos(),
                found.addEos(),
                found.addSpacePrefix(),
                Optional.of(merging),
                found.lowercase(),
                found.stripAccents());
        return tables("t5", "", scores, List.of(), ends, options, charsmap(root.path("normalizer")));
    }

    /** Words are marked with U+2581, and what goes on inside of one is not. */
    private VocabularyTables words(JsonNode model) {
        String prefix = model.path("continuing_subword_prefix").asString("##");
        for (int id = 0; id < size; id++) {
            String token = tokens[id];
            boolean bracketed = token.startsWith("[") && token.endsWith("]");
            if (types[id] != VocabularyTables.Type.NORMAL.ordinal() || bracketed) continue;
            tokens[id] = token.startsWith(prefix) ? token.substring(prefix.length()) : ScoredBpe.SPACE + token;
        }
        OptionalInt unknown = named(model.path("unk_token"));
        unknown.ifPresent(id -> types[id] = VocabularyTables.Type.UNKNOWN.ordinal());
        OptionalInt separator = tokenizer.id("[SEP]");
        Ends ends = new Ends(tokenizer.id("[CLS]"), separator, unknown, separator, padding(), tokenizer.id("[MASK]"));
        JsonNode normalizer = root.path("normalizer");
        boolean lowers = normalizer.path("lowercase").asBoolean(true);
        JsonNode strips = normalizer.path("strip_accents");
        Options options = new Options(
                Optional.of(true),
                Optional.of(true),
                Optional.empty(),
                Optional.empty(),
                Optional.of(lowers),
                Optional.of(strips.isBoolean() ? strips.booleanValue() : lowers));
        return tables("bert", "", new float[0], List.of(), ends, options, new byte[0]);
    }

    // ---- what several have ------------------------------------------------------------------------------------

    private VocabularyTables tables(
            String model,
            String pre,
            float[] scores,
            List<String> merges,
            Ends ends,
            Options options,
            byte[] charsmap) {
        return new VocabularyTables("", model, pre, List.of(tokens), scores, types, merges, ends, options, charsmap);
    }

    private Options options(Optional<Boolean> addSpacePrefix) {
        return new Options(
                Optional.of(front.length > 0),
                Optional.of(back.length > 0),
                addSpacePrefix,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private boolean prefixed() {
        String before = root.path("pre_tokenizer").toString();
        return root.path("normalizer").toString().contains("\"Prepend\"")
                || (before.contains("\"Metaspace\"") && !before.contains("\"never\""));
    }

    private OptionalInt named(JsonNode token) {
        JsonNode vocab = root.path("model").path("vocab");
        JsonNode id = vocab.path(token.asString(""));
        return token.isString() && id.isInt() ? OptionalInt.of(id.intValue()) : OptionalInt.empty();
    }

    private OptionalInt padding() {
        for (String name : List.of("<pad>", "[PAD]", "<|pad|>"))
            if (tokenizer.id(name).isPresent()) return tokenizer.id(name);
        return OptionalInt.empty();
    }

    /** The token that has the name, else the only one that stands there. */
    private static OptionalInt named(OptionalInt named, int[] there) {
        return named.isPresent() || there.length != 1 ? named : OptionalInt.of(there[0]);
    }

    private static byte[] charsmap(JsonNode normalizer) {
        if (normalizer.path("precompiled_charsmap").isString())
            return Base64.getDecoder()
                    .decode(normalizer.path("precompiled_charsmap").stringValue());
        for (JsonNode step : normalizer.path("normalizers")) {
            byte[] found = charsmap(step);
            if (found.length > 0) return found;
        }
        return new byte[0];
    }
}
