package dev.prairie.text.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Reads a {@code tokenizer.json} into a {@link Pipeline}: the vocabulary, its model, and the parts around it. */
final class PipelineReader {
    private static final int LONGEST_WORD = 100;

    private PipelineReader() {}

    /** {@code config} may ask for beginning and end tokens; {@code json} gives the file's text again. */
    static Pipeline read(
            ObjectNode root,
            ObjectNode config,
            List<AddedTokens.Token> tokens,
            SpecialTokens specials,
            Supplier<String> json) {
        JsonNode model = root.path("model");
        boolean unigram = model.path("vocab").isArray();
        Map<String, Integer> ids =
                unigram ? listed(model.path("vocab")) : TokenizerJson.vocabulary(model.path("vocab"));
        int size = Vocabulary.size(ids, specials);
        String[] spellings = spellings(ids, specials, size);
        Map<String, Integer> ordinary = ordinary(ids, specials);
        Normalizer normalizer = PipelineParts.normalizer(root.path("normalizer"));
        PreTokenizer.Sequence preTokenizer =
                (PreTokenizer.Sequence) PipelineParts.preTokenizer(root.path("pre_tokenizer"));
        Model read =
                switch (model.path("type").asString(unigram ? "Unigram" : model.has("merges") ? "BPE" : "")) {
                    case "BPE" -> bpe(model, ids, ordinary, specials, endsInBytes(preTokenizer));
                    case "Unigram" -> unigram(model, ids, ordinary);
                    case "WordPiece" ->
                        new WordPiece(
                                ordinary,
                                model.path("continuing_subword_prefix").asString("##"),
                                unknown(model, ids, "[UNK]"),
                                model.path("max_input_chars_per_word").asInt(LONGEST_WORD));
                    case "WordLevel" -> new WordLevel(ordinary, OptionalInt.of(unknown(model, ids, "<unk>")));
                    default ->
                        throw new TokenizerException("model type '" + model.path("type").asString("")
                                + "' is not supported; supported are BPE, Unigram, WordPiece and WordLevel");
                };
        Decoder decoder = PipelineParts.decoder(root.path("decoder"));
        Framing framing = FramingReader.read(root.path("post_processor"), size)
                .with(
                        specials,
                        config.path("add_bos_token").asBoolean(false) ? specials.bos() : OptionalInt.empty(),
                        config.path("add_eos_token").asBoolean(false) ? specials.eos() : OptionalInt.empty());
        return new Pipeline(
                new Pipeline.Parts(
                        spellings,
                        specials,
                        new AddedTokens(tokens, normalizer),
                        normalizer,
                        read instanceof BytePairs ? withoutBytes(preTokenizer) : preTokenizer,
                        read,
                        framing,
                        decoder,
                        PipelineParts.spelling(decoder)),
                json);
    }

    static String[] spellings(Map<String, Integer> ids, SpecialTokens specials, int size) {
        String[] spellings = new String[size];
        Arrays.fill(spellings, "");
        ids.forEach((piece, id) -> spellings[id] = piece);
        specials.tokens().forEach(token -> spellings[token.id()] = token.content());
        return spellings;
    }

    /** The vocabulary less its special tokens, which ordinary text must not become. */
    static Map<String, Integer> ordinary(Map<String, Integer> ids, SpecialTokens specials) {
        Map<String, Integer> ordinary = new LinkedHashMap<>(ids);
        ordinary.values().removeIf(specials::isSpecial);
        return ordinary;
    }

    private static boolean endsInBytes(PreTokenizer.Sequence sequence) {
        return !sequence.steps().isEmpty() && sequence.steps().getLast() instanceof PreTokenizer.Bytes;
    }

    /** A model of bytes makes them itself. */
    static PreTokenizer withoutBytes(PreTokenizer.Sequence sequence) {
        return new PreTokenizer.Sequence(
                sequence.steps().subList(0, sequence.steps().size() - 1));
    }

    private static Model bpe(
            JsonNode model,
            Map<String, Integer> ids,
            Map<String, Integer> ordinary,
            SpecialTokens specials,
            boolean bytes) {
        if (model.path("dropout").asDouble(0) != 0) {
            throw new TokenizerException("model.dropout = " + model.path("dropout")
                    + " makes encoding a game of chance; set it to null");
        }
        String prefix = model.path("continuing_subword_prefix").asString("");
        String suffix = model.path("end_of_word_suffix").asString("");
        String unknown = model.path("unk_token").asString("");
        boolean wholeFirst = model.path("ignore_merges").asBoolean(false);
        boolean fallsBack = model.path("byte_fallback").asBoolean(false);
        Merges merges = merges(ids, TokenizerJson.merges(model.path("merges")), prefix, specials);
        boolean plain = prefix.isEmpty() && suffix.isEmpty() && !fallsBack;
        if (bytes && plain && (unknown.isEmpty() || hasAllBytes(ids))) {
            return bytePairs(ordinary, merges, wholeFirst);
        }
        OptionalInt unknownId = unknown.isEmpty() || !ids.containsKey(unknown)
                ? OptionalInt.empty()
                : OptionalInt.of(unknown(model, ids, unknown));
        return new CharacterPairs(
                ordinary,
                merges,
                new CharacterPairs.Options(
                        prefix,
                        suffix,
                        unknownId,
                        model.path("fuse_unk").asBoolean(false),
                        fallsBack,
                        wholeFirst));
    }

    /** Merges of pairs, less those that would let ordinary text become a special token. */
    static Merges merges(Map<String, Integer> ids, List<String[]> pairs, String prefix, SpecialTokens specials) {
        List<Merges.Rule> rules = new ArrayList<>(Vocabulary.rules(ids, pairs, prefix));
        rules.removeIf(rule -> specials.isSpecial(rule.merged()));
        return new Merges(rules);
    }

    private static boolean hasAllBytes(Map<String, Integer> ids) {
        for (int b = 0; b < 256; b++) {
            if (!ids.containsKey(String.valueOf(ByteAlphabet.character(b)))) {
                return false;
            }
        }
        return true;
    }

    /** Byte-level BPE from a vocabulary in GPT-2's spelling. */
    static BytePairs bytePairs(Map<String, Integer> ordinary, Merges merges, boolean wholeFirst) {
        int[] byteIds = new int[256];
        for (int b = 0; b < 256; b++) {
            byteIds[b] = ordinary.getOrDefault(String.valueOf(ByteAlphabet.character(b)), -1);
        }
        return new BytePairs(byteIds, merges, wholeFirst ? ordinary : Map.of());
    }

    private static Model unigram(JsonNode model, Map<String, Integer> ids, Map<String, Integer> ordinary) {
        JsonNode vocab = model.path("vocab");
        double[] scores = new double[vocab.size()];
        double worst = Double.POSITIVE_INFINITY;
        for (int id = 0; id < scores.length; id++) {
            scores[id] = vocab.path(id).path(1).asDouble(Double.NaN);
            if (!Double.isFinite(scores[id])) {
                throw new TokenizerException("piece " + vocab.path(id) + " has no score; the file is damaged");
            }
            worst = Math.min(worst, scores[id]);
        }
        int unknown = model.path("unk_id").asInt(-1);
        if (unknown < 0 || unknown >= scores.length) {
            throw new TokenizerException("model.unk_id = " + model.path("unk_id") + " names none of " + scores.length
                    + " pieces; a unigram model needs an unknown token");
        }
        Trie trie = new Trie();
        ordinary.forEach(trie::put);
        int[] byteIds = CharacterPairs.byteIds(ids);
        boolean bytes = model.path("byte_fallback").asBoolean(false)
                && Arrays.stream(byteIds).allMatch(id -> id >= 0);
        return new Unigram(trie, scores, worst, unknown, bytes ? byteIds : new int[0]);
    }

    /** Pieces of an array of piece and score, by place. */
    private static Map<String, Integer> listed(JsonNode array) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (int id = 0; id < array.size(); id++) {
            JsonNode piece = array.path(id).path(0);
            if (!piece.isString()) {
                throw new TokenizerException(
                        "piece " + id + " is " + array.path(id) + "; expected a text and its score");
            }
            if (ids.putIfAbsent(piece.stringValue(), id) != null) {
                throw new TokenizerException(
                        "piece '" + piece.stringValue() + "' (id " + id + ") appears twice; the file is damaged");
            }
        }
        return ids;
    }

    private static int unknown(JsonNode model, Map<String, Integer> ids, String ifMissing) {
        String name = model.path("unk_token").asString(ifMissing);
        Integer id = ids.get(name);
        if (id == null) {
            throw new TokenizerException(
                    "model.unk_token '" + name + "' is not in the vocabulary; unknown text could not be encoded");
        }
        return id;
    }
}
