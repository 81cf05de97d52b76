package dev.prairie.text.tokenizer;

import dev.prairie.text.tokenizer.VocabularyTables.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes a {@link Pipeline} of the tables of a model file. What surrounds the vocabulary is first described as a
 * {@code tokenizer.json} would describe it ({@link TablesJson}), so there is one reader of parts, and the tokenizer can be
 * written as one.
 *
 * @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp">llama.cpp's reading of the same
 *     tables</a>
 */
final class TablesReader {
    private static final int LONGEST_WORD = 100;

    private final VocabularyTables tables;
    private final int size;
    private final Type[] types;
    /** The pieces as the vocabulary's maker spells them. */
    private final String[] pieces;

    private final Map<String, Integer> ids = new LinkedHashMap<>();

    private TablesReader(VocabularyTables tables) {
        this.tables = tables;
        size = tables.tokens().size();
        types = types(tables);
        pieces = new String[size];
    }

    static Pipeline read(VocabularyTables tables) {
        return new TablesReader(tables).read();
    }

    private Pipeline read() {
        check();
        boolean words = tables.model().equals("bert");
        for (int id = 0; id < size; id++) {
            String piece = tables.tokens().get(id);
            // Files in the wild hold empty pieces; they need a name, and no text must become them.
            pieces[id] = piece.isEmpty() ? "[EMPTY_" + id + "]" : words ? wordPiece(piece, types[id]) : piece;
            Integer other = ids.putIfAbsent(pieces[id], id);
            if (other != null) {
                throw new TokenizerException("piece '" + piece + "' appears twice, with the ids " + other + " and " + id
                        + "; a vocabulary needs each piece once");
            }
        }
        return switch (tables.model()) {
            case "gpt2" -> bytePairs();
            case "gemma4" -> characterPairs();
            case "llama" -> scoredPairs();
            case "t5" -> unigram();
            case "bert" -> words();
            default ->
                throw new TokenizerException("tokenizer model '" + tables.model()
                        + "' is not supported; supported are gpt2, llama, t5, bert and gemma4");
        };
    }

    private void check() {
        if (size == 0) {
            throw new TokenizerException("the vocabulary is empty; the file holds no tokens");
        }
        if (tables.scores().length != 0 && tables.scores().length != size) {
            throw new TokenizerException(
                    tables.scores().length + " scores do not fit " + size + " tokens; the file is damaged");
        }
        for (float score : tables.scores()) {
            if (Float.isNaN(score)) {
                throw new TokenizerException("a score is not a number; the file is damaged");
            }
        }
        for (int id = 0; id < size; id++) {
            if (types[id] == Type.BYTE && Decoder.byteOf(tables.tokens().get(id)) < 0) {
                throw new TokenizerException("piece '" + tables.tokens().get(id) + "' (id " + id
                        + ") has the type of a byte, but is not spelled like <0x0A>; the file is damaged");
            }
        }
    }

    private static Type[] types(VocabularyTables tables) {
        Type[] types = new Type[tables.tokens().size()];
        Arrays.fill(types, Type.NORMAL);
        if (tables.types().length != 0 && tables.types().length != types.length) {
            throw new TokenizerException(
                    tables.types().length + " token types do not fit " + types.length + " tokens; the file is damaged");
        }
        for (int id = 0; id < tables.types().length; id++) {
            int type = tables.types()[id];
            if (type < 0 || type >= Type.values().length) {
                throw new TokenizerException("token " + id + " has the type " + type + ", outside 0 .. "
                        + (Type.values().length - 1) + "; the file is damaged");
            }
            types[id] = Type.values()[type];
        }
        return types;
    }

    private Pipeline bytePairs() {
        Families.Family family = Families.named(tables.pre())
                .orElseThrow(() -> new TokenizerException("pre-tokenizer '" + tables.pre()
                        + "' is not known, and any other would give wrong tokens; convert the model anew or use a newer"
                        + " version"));
        SpecialTokens specials = specials(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty());
        Map<String, Integer> ordinary = PipelineReader.ordinary(ids, specials);
        Merges merges = merges(specials);
        BytePairs model = PipelineReader.bytePairs(ordinary, merges, family.wholeFirst());
        ObjectNode description = TablesJson.byteLevel(family);
        return pipeline(
                description,
                PipelineParts.normalizer(description.path("normalizer")),
                model,
                specials,
                framing(specials, family.addsBos(), false),
                root -> TablesJson.putPairs(root, ids, merges, pieces, family.wholeFirst(), Optional.empty()));
    }

    private Pipeline characterPairs() {
        SpecialTokens specials = specials(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty());
        OptionalInt unknown = end("unknown_token_id", tables.ends().unknown(), OptionalInt.empty());
        Merges merges = merges(specials);
        CharacterPairs model = new CharacterPairs(
                PipelineReader.ordinary(ids, specials),
                merges,
                new CharacterPairs.Options("", "", unknown, true, true, false));
        ObjectNode description = TablesJson.marked(false, "[^\\n]+|[\\n]+");
        return pipeline(
                description,
                PipelineParts.normalizer(description.path("normalizer")),
                model,
                specials,
                framing(specials, true, false),
                root -> TablesJson.putPairs(root, ids, merges, pieces, false, Optional.of(name(unknown))));
    }

    private Pipeline scoredPairs() {
        OptionalInt unknown = end("unknown_token_id", tables.ends().unknown(), byDefault(0));
        SpecialTokens specials = specials(byDefault(1), byDefault(2), unknown);
        boolean[] joinable = new boolean[size];
        for (int id = 0; id < size; id++) {
            joinable[id] = types[id] != Type.BYTE
                    && Decoder.byteOf(pieces[id]) < 0
                    && !specials.isSpecial(id)
                    && !tables.tokens().get(id).isEmpty();
        }
        float[] scores = tables.scores().length == 0 ? new float[size] : tables.scores();
        ScoredPairs model = new ScoredPairs(pieces, scores, joinable, CharacterPairs.byteIds(ids), unknown);
        ObjectNode description = TablesJson.marked(tables.options().addSpacePrefix().orElse(true), "");
        return pipeline(
                description,
                PipelineParts.normalizer(description.path("normalizer")),
                model,
                specials,
                framing(specials, true, false),
                root -> TablesJson.putPairs(
                        root, ids, ScoredBpe.merges(ids, scores, joinable), pieces, false, Optional.of(name(unknown))));
    }

    private Pipeline unigram() {
        int unknown = end("unknown_token_id", tables.ends().unknown(), byDefault(2))
                .orElseThrow(() -> new TokenizerException(
                        "a unigram vocabulary of " + size + " tokens has no unknown token; the file is damaged"));
        SpecialTokens specials = specials(OptionalInt.empty(), byDefault(1), OptionalInt.of(unknown));
        double[] scores = new double[size];
        double worst = Double.POSITIVE_INFINITY;
        Trie trie = new Trie();
        for (int id = 0; id < size; id++) {
            // What the makers define for users goes before all that was learned.
            scores[id] = types[id] == Type.USER_DEFINED || tables.scores().length == 0 ? 0 : tables.scores()[id];
            if (types[id] == Type.NORMAL) {
                worst = Math.min(worst, scores[id]);
            }
            if (!specials.isSpecial(id)
                    && types[id] != Type.BYTE
                    && !tables.tokens().get(id).isEmpty()) {
                trie.put(pieces[id], id);
            }
        }
        boolean prefixed = tables.options().addSpacePrefix().orElse(false);
        boolean merging = tables.options().removeExtraWhitespaces().orElse(false);
        ObjectNode description = TablesJson.unigram(tables.charsmap(), prefixed, merging);
        Normalizer spaces = PipelineParts.normalizer(TablesJson.spaces(prefixed, merging));
        Normalizer normalizer = tables.charsmap().length == 0
                ? spaces
                : new Normalizer.Sequence(List.of(Charsmap.of(tables.charsmap(), false), spaces));
        Unigram model = new Unigram(
                trie, scores, Double.isInfinite(worst) ? 0 : worst, unknown, new int[0]);
        return pipeline(
                description,
                normalizer,
                model,
                specials,
                framing(specials, false, true),
                root -> TablesJson.putUnigram(root, pieces, scores, unknown));
    }

    private Pipeline words() {
        int unknown = end("unknown_token_id", tables.ends().unknown(), byDefault(100))
                .orElseThrow(() -> new TokenizerException(
                        "a WordPiece vocabulary of " + size + " tokens has no unknown token; the file is damaged"));
        OptionalInt separator = end("seperator_token_id", tables.ends().separator(), byDefault(102));
        SpecialTokens specials = specials(byDefault(101), separator, OptionalInt.of(unknown));
        boolean lowers = tables.options().lowercase().orElse(true);
        ObjectNode description =
                TablesJson.words(lowers, tables.options().stripAccents().orElse(lowers));
        Framing framing = Framing.NONE.with(specials, specials.bos(), separator);
        if (separator.isPresent()) {
            List<Framing.Part> pair = new ArrayList<>(Framing.beginning(specials).single());
            pair.add(new Framing.Part.Special(separator.getAsInt(), pieces[separator.getAsInt()], 0));
            pair.add(new Framing.Part.Text(true, 1));
            pair.add(new Framing.Part.Special(separator.getAsInt(), pieces[separator.getAsInt()], 1));
            framing = new Framing(framing.single(), pair, false, false);
        }
        WordPiece model =
                new WordPiece(PipelineReader.ordinary(ids, specials), "##", unknown, LONGEST_WORD);
        return pipeline(
                description,
                PipelineParts.normalizer(description.path("normalizer")),
                model,
                specials,
                framing,
                root -> TablesJson.putWords(root, ids, pieces[unknown]));
    }

    /** Writes the model into a description. */
    private interface ModelWriter {
        void write(ObjectNode root);
    }

    private Pipeline pipeline(
            ObjectNode description,
            Normalizer normalizer,
            Model model,
            SpecialTokens specials,
            Framing framing,
            ModelWriter writer) {
        PreTokenizer.Sequence preTokenizer =
                (PreTokenizer.Sequence) PipelineParts.preTokenizer(description.path("pre_tokenizer"));
        JsonNode decoding = description.path("decoder");
        Decoder decoder = PipelineParts.decoder(decoding);
        List<AddedTokens.Token> added = specials.tokens().stream().map(this::added).toList();
        return new Pipeline(
                new Pipeline.Parts(
                        pieces,
                        specials,
                        new AddedTokens(added, normalizer),
                        normalizer,
                        model instanceof BytePairs ? PipelineReader.withoutBytes(preTokenizer) : preTokenizer,
                        model,
                        framing,
                        decoder,
                        PipelineParts.spelling(decoder)),
                () -> TablesJson.text(description, added, framing, writer::write));
    }

    /** What files leave out of the flags of some tokens, as llama.cpp puts it back. */
    private AddedTokens.Token added(SpecialTokens.Token token) {
        String name = tables.name().toLowerCase(Locale.ROOT);
        boolean mask = token.content().equals("<mask>") && tables.pre().startsWith("jina-v2-");
        boolean phi3 = (name.contains("phi-3") || name.contains("phi3"))
                && !List.of("<unk>", "<s>", "<|endoftext|>").contains(token.content());
        return new AddedTokens.Token(token.id(), token.content(), token.special(), mask, phi3, false, false);
    }

    private Merges merges(SpecialTokens specials) {
        List<String[]> pairs = new ArrayList<>(tables.merges().size());
        for (String merge : tables.merges()) {
            int space = merge.indexOf(' ', 1); // the left part may itself begin with one
            if (space < 0 || space == merge.length() - 1) {
                throw new TokenizerException(
                        "merge " + pairs.size() + " '" + merge + "' is not two pieces with a space between");
            }
            pairs.add(new String[] {merge.substring(0, space), merge.substring(space + 1)});
        }
        if (pairs.isEmpty() && size > 512) {
            throw new TokenizerException(
                    "the file holds " + size + " tokens and no merges that lead to them; convert the model anew");
        }
        return PipelineReader.merges(ids, pairs, "", specials);
    }

    private SpecialTokens specials(OptionalInt bosByDefault, OptionalInt eosByDefault, OptionalInt unknown) {
        OptionalInt bos = end("bos_token_id", tables.ends().bos(), bosByDefault);
        OptionalInt eos = end("eos_token_id", tables.ends().eos(), eosByDefault);
        List<OptionalInt> named = List.of(
                bos,
                eos,
                unknown,
                end("seperator_token_id", tables.ends().separator(), OptionalInt.empty()),
                end("padding_token_id", tables.ends().padding(), OptionalInt.empty()),
                end("mask_token_id", tables.ends().mask(), OptionalInt.empty()));
        List<SpecialTokens.Token> tokens = new ArrayList<>();
        for (int id = 0; id < size; id++) {
            boolean special = types[id] == Type.CONTROL
                    || types[id] == Type.UNKNOWN
                    || (types[id] != Type.USER_DEFINED && named.contains(OptionalInt.of(id)));
            if (special || types[id] == Type.USER_DEFINED) {
                tokens.add(new SpecialTokens.Token(id, pieces[id], special));
            }
        }
        return SpecialTokens.of(tokens).withEnds(bos, eos);
    }

    private Framing framing(SpecialTokens specials, boolean bosByDefault, boolean eosByDefault) {
        OptionalInt bos = tables.options().addBos().orElse(bosByDefault)
                ? added("add_bos_token", specials.bos(), tables.options().addBos())
                : OptionalInt.empty();
        OptionalInt eos = tables.options().addEos().orElse(eosByDefault)
                ? added("add_eos_token", specials.eos(), tables.options().addEos())
                : OptionalInt.empty();
        return Framing.NONE.with(specials, bos, eos);
    }

    private static OptionalInt added(String key, OptionalInt token, Optional<Boolean> asked) {
        if (token.isEmpty() && asked.isPresent()) {
            throw new TokenizerException(key + " is true, but the file names no such token");
        }
        return token;
    }

    private OptionalInt byDefault(int id) {
        return id < size ? OptionalInt.of(id) : OptionalInt.empty();
    }

    private OptionalInt end(String key, OptionalInt id, OptionalInt ifMissing) {
        if (id.isPresent() && (id.getAsInt() < 0 || id.getAsInt() >= size)) {
            throw new TokenizerException(
                    key + " = " + id.getAsInt() + " is outside the vocabulary of " + size + " tokens");
        }
        return id.isPresent() ? id : ifMissing;
    }

    private String name(OptionalInt id) {
        return id.isPresent() ? pieces[id.getAsInt()] : "";
    }

    /** Files mark words with U+2581 where BERT marks what goes on with {@code ##}; BERT's spelling is given back. */
    private static String wordPiece(String piece, Type type) {
        if (piece.charAt(0) == ScoredBpe.SPACE && piece.length() > 1) {
            return piece.substring(1);
        }
        boolean bracketed = piece.startsWith("[") && piece.endsWith("]");
        return bracketed || type == Type.CONTROL || type == Type.UNKNOWN ? piece : "##" + piece;
    }
}
