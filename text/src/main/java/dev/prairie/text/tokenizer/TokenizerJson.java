package dev.prairie.text.tokenizer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The Hugging Face {@code tokenizer.json}: a pipeline of normalizer, pre-tokenizer, model, decoder. Three pipelines are
 * known, one per kind of tokenizer here; any other is refused, since guessing would give wrong tokens.
 *
 * @see <a href="https://huggingface.co/docs/tokenizers/components">components of the pipeline</a>
 */
final class TokenizerJson {
    /** Every single character, line breaks too. */
    private static final String ONE_CHARACTER = "[\\s\\S]";

    private TokenizerJson() {}

    static String write(ByteLevelBpe tokenizer, Map<String, Integer> vocabulary, List<String> merges) {
        ObjectNode root = root(tokenizer);
        root.putNull("normalizer");
        root.set("pre_tokenizer", byteLevel().put("use_regex", true));
        root.set("post_processor", byteLevel().put("use_regex", true));
        root.set("decoder", byteLevel().put("use_regex", true));
        ObjectNode model = model(root, "BPE");
        model.putNull("dropout").putNull("unk_token").putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix").put("fuse_unk", false).put("byte_fallback", false);
        vocabulary.forEach(model.putObject("vocab")::put);
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(pairs::add);
        return text(root);
    }

    static String write(CharacterTokenizer tokenizer, Map<String, Integer> vocabulary) {
        ObjectNode root = root(tokenizer);
        root.putNull("normalizer");
        ObjectNode split = root.putObject("pre_tokenizer").put("type", "Split");
        split.putObject("pattern").put("Regex", ONE_CHARACTER);
        split.put("behavior", "Isolated").put("invert", false);
        root.putNull("post_processor");
        root.putObject("decoder").put("type", "Fuse");
        ObjectNode model = model(root, "WordLevel");
        vocabulary.forEach(model.putObject("vocab")::put);
        model.put("unk_token", CharacterTokenizer.UNKNOWN);
        return text(root);
    }

    static String write(ScoredBpe tokenizer, Map<String, Integer> vocabulary, List<String[]> merges) {
        String space = String.valueOf(ScoredBpe.SPACE);
        ObjectNode root = root(tokenizer);
        ArrayNode normalizers =
                root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        normalizers.addObject().put("type", "Prepend").put("prepend", space);
        normalizers.add(replace(" ", space));
        root.putNull("pre_tokenizer");
        root.putNull("post_processor");
        ArrayNode decoders = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
        decoders.add(replace(space, " "));
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        decoders.addObject()
                .put("type", "Strip")
                .put("content", " ")
                .put("start", 1)
                .put("stop", 0);
        ObjectNode model = model(root, "BPE");
        model.putNull("dropout").put("unk_token", "<unk>").putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix").put("fuse_unk", true).put("byte_fallback", true);
        vocabulary.forEach(model.putObject("vocab")::put);
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(pair -> pairs.addArray().add(pair[0]).add(pair[1]));
        return text(root);
    }

    /** The tokenizer that a file describes; {@code config} may name its beginning and end tokens. */
    static Tokenizer read(ObjectNode root, ObjectNode config) {
        SpecialTokens specials = specials(root, config);
        JsonNode model = root.path("model");
        Map<String, Integer> vocabulary = vocabulary(model.path("vocab"));
        // Older files leave the type out when it is BPE.
        String type = model.path("type").asString(model.has("merges") ? "BPE" : "");
        return switch (type) {
            case "BPE" -> bpe(root, model, vocabulary, specials);
            case "WordLevel" -> {
                requireCharacters(root);
                yield CharacterTokenizer.of(vocabulary, specials);
            }
            default ->
                throw new TokenizerException("model type '" + type
                        + "' is not supported; supported are byte-level BPE, BPE with byte fallback, and characters");
        };
    }

    private static Tokenizer bpe(
            ObjectNode root, JsonNode model, Map<String, Integer> vocabulary, SpecialTokens specials) {
        refuseUnless(model.path("dropout").asDouble(0) == 0, "model.dropout", model.path("dropout"));
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            refuseUnless(isBlank(model.path(affix)), "model." + affix, model.path(affix));
        }
        refuseUnless(!model.path("ignore_merges").asBoolean(false), "model.ignore_merges", true);
        List<String[]> merges = merges(model.path("merges"));
        if (model.path("byte_fallback").asBoolean(false)) {
            requireScored(root);
            return ScoredBpe.ofMerges(vocabulary, merges, specials);
        }
        requireByteLevel(root);
        return ByteLevelBpe.of(vocabulary, merges, specials);
    }

    /** Piece → id of a JSON object, in the order of the file. */
    static Map<String, Integer> vocabulary(JsonNode object) {
        if (!object.isObject() || object.isEmpty()) {
            throw new TokenizerException("holds no vocabulary (an object of piece to id)");
        }
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        object.properties().forEach(entry -> vocabulary.put(entry.getKey(), id(entry.getValue(), entry.getKey())));
        return vocabulary;
    }

    private static SpecialTokens specials(ObjectNode root, ObjectNode config) {
        List<SpecialTokens.Token> tokens = new ArrayList<>();
        for (JsonNode token : root.path("added_tokens")) {
            String content = token.path("content").asString("");
            for (String flag : List.of("single_word", "lstrip", "rstrip")) {
                refuseUnless(!token.path(flag).asBoolean(false), "added token '" + content + "' with " + flag, true);
            }
            tokens.add(new SpecialTokens.Token(
                    id(token.path("id"), content),
                    content,
                    token.path("special").asBoolean(false)));
        }
        return SpecialTokens.of(tokens, name(config.path("bos_token")), name(config.path("eos_token")));
    }

    private static @Nullable String name(JsonNode token) {
        JsonNode name = token.isObject() ? token.path("content") : token;
        return name.isString() ? name.stringValue() : null;
    }

    private static int id(JsonNode id, String piece) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
            throw new TokenizerException("piece '" + piece + "' has the id " + id + "; expected a number from 0");
        }
        return id.intValue();
    }

    private static List<String[]> merges(JsonNode array) {
        List<String[]> pairs = new ArrayList<>(array.size());
        for (JsonNode merge : array) {
            if (merge.isArray() && merge.size() == 2) {
                pairs.add(
                        new String[] {merge.path(0).asString(""), merge.path(1).asString("")});
            } else {
                pairs.add(TokenizerFiles.pair(merge.asString(""), pairs.size()));
            }
        }
        return pairs;
    }

    private static void requireCharacters(ObjectNode root) {
        JsonNode split = root.path("pre_tokenizer");
        refuseUnless(isBlank(root.path("normalizer")), "normalizer", root.path("normalizer"));
        refuseUnless(ONE_CHARACTER.equals(split.path("pattern").path("Regex").asString("")), "pre_tokenizer", split);
    }

    private static void requireByteLevel(ObjectNode root) {
        JsonNode before = root.path("pre_tokenizer");
        refuseUnless(isBlank(root.path("normalizer")), "normalizer", root.path("normalizer"));
        refuseUnless("ByteLevel".equals(before.path("type").asString("")), "pre_tokenizer", before);
        refuseUnless(before.path("use_regex").asBoolean(true), "pre_tokenizer.use_regex", false);
        refuseUnless(!before.path("add_prefix_space").asBoolean(false), "pre_tokenizer.add_prefix_space", true);
        refuseUnless(
                "ByteLevel".equals(root.path("decoder").path("type").asString("")), "decoder", root.path("decoder"));
    }

    private static void requireScored(ObjectNode root) {
        String space = String.valueOf(ScoredBpe.SPACE);
        JsonNode steps = root.path("normalizer").path("normalizers");
        boolean known = steps.size() == 2
                && space.equals(steps.path(0).path("prepend").asString(""))
                && replace(" ", space).equals(steps.path(1));
        refuseUnless(known, "normalizer", root.path("normalizer"));
        refuseUnless(isBlank(root.path("pre_tokenizer")), "pre_tokenizer", root.path("pre_tokenizer"));
    }

    private static boolean isBlank(JsonNode node) {
        return node.isMissingNode()
                || node.isNull()
                || (node.isString() && node.stringValue().isEmpty());
    }

    private static void refuseUnless(boolean known, String part, Object found) {
        if (!known) {
            String text = found.toString();
            throw new TokenizerException(part + " = " + (text.length() > 200 ? text.substring(0, 200) + "…" : text)
                    + " is not supported: it would give other tokens than the model was trained with");
        }
    }

    private static ObjectNode root(Tokenizer tokenizer) {
        ObjectNode root = TokenizerFiles.JSON.createObjectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        for (SpecialTokens.Token token : tokenizer.specials().tokens()) {
            added.addObject()
                    .put("id", token.id())
                    .put("content", token.content())
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", token.special());
        }
        return root;
    }

    private static ObjectNode model(ObjectNode root, String type) {
        return root.putObject("model").put("type", type);
    }

    private static ObjectNode byteLevel() {
        return TokenizerFiles.JSON
                .createObjectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true);
    }

    private static ObjectNode replace(String what, String with) {
        ObjectNode replace = TokenizerFiles.JSON.createObjectNode().put("type", "Replace");
        replace.putObject("pattern").put("String", what);
        return replace.put("content", with);
    }

    private static String text(ObjectNode root) {
        return TokenizerFiles.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }
}
