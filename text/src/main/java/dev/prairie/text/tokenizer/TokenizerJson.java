package dev.prairie.text.tokenizer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The Hugging Face {@code tokenizer.json}: a pipeline of normalizer, pre-tokenizer, model, decoder. The
 * pipelines of Prairie's own tokenizers are read into their classes, all others into a {@link Pipeline}.
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

    /**
     * The tokenizer that a file describes. {@code config}, the file beside it, may name the tokens that begin and end a
     * sequence and ask for them; {@code text} gives the file's own text.
     */
    static Tokenizer read(ObjectNode root, ObjectNode config, Supplier<String> text) {
        List<AddedTokens.Token> added = added(root);
        SpecialTokens specials = specials(added, config);
        boolean plain = added.stream().noneMatch(t -> t.stripsLeft() || t.stripsRight() || t.singleWord());
        JsonNode model = root.path("model");
        if (plain && isPlainByteLevel(root)) {
            boolean begins = config.path("add_bos_token").asBoolean(false);
            return ByteLevelBpe.of(
                    vocabulary(model.path("vocab")),
                    merges(model.path("merges")),
                    specials,
                    begins ? Framing.beginning(specials) : Framing.NONE);
        }
        Framing framing =
                config.path("add_bos_token").asBoolean(true) ? Framing.beginning(specials) : Framing.NONE;
        if (plain && isOfCharacters(root)) {
            return CharacterTokenizer.of(vocabulary(model.path("vocab")), specials, framing);
        }
        if (plain && isScored(root)) {
            return ScoredBpe.ofMerges(
                    vocabulary(model.path("vocab")), merges(model.path("merges")), specials, framing);
        }
        return PipelineReader.read(root, config, added, specials, text);
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

    private static List<AddedTokens.Token> added(ObjectNode root) {
        List<AddedTokens.Token> tokens = new ArrayList<>();
        for (JsonNode token : root.path("added_tokens")) {
            String content = token.path("content").asString("");
            boolean special = token.path("special").asBoolean(false);
            tokens.add(new AddedTokens.Token(
                    id(token.path("id"), content),
                    content,
                    special,
                    token.path("lstrip").asBoolean(false),
                    token.path("rstrip").asBoolean(false),
                    token.path("single_word").asBoolean(false),
                    token.path("normalized").asBoolean(!special)));
        }
        return tokens;
    }

    private static SpecialTokens specials(List<AddedTokens.Token> added, ObjectNode config) {
        return SpecialTokens.of(
                added.stream()
                        .map(token -> new SpecialTokens.Token(token.id(), token.content(), token.special()))
                        .toList(),
                name(config.path("bos_token")),
                name(config.path("eos_token")));
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

    static List<String[]> merges(JsonNode array) {
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

    /** The form of {@link CharacterTokenizer}: every character a word. */
    private static boolean isOfCharacters(ObjectNode root) {
        return root.path("model").path("type").asString("").equals("WordLevel")
                && isBlank(root.path("normalizer"))
                && isBlank(root.path("post_processor"))
                && ONE_CHARACTER.equals(
                        root.path("pre_tokenizer").path("pattern").path("Regex").asString(""));
    }

    /** The form of {@link ByteLevelBpe}: GPT-2's, with a token for every byte. */
    private static boolean isPlainByteLevel(ObjectNode root) {
        JsonNode model = root.path("model");
        JsonNode before = root.path("pre_tokenizer");
        JsonNode after = root.path("post_processor");
        return isPlainBpe(model)
                && !model.path("byte_fallback").asBoolean(false)
                && isBlank(model.path("unk_token"))
                && isBlank(root.path("normalizer"))
                && before.path("type").asString("").equals("ByteLevel")
                && before.path("use_regex").asBoolean(true)
                && !before.path("add_prefix_space").asBoolean(true)
                && (isBlank(after) || after.path("type").asString("").equals("ByteLevel"))
                && root.path("decoder").path("type").asString("").equals("ByteLevel")
                && IntStream.range(0, 256)
                        .allMatch(b -> model.path("vocab").has(String.valueOf(ByteAlphabet.character(b))));
    }

    /** The form of {@link ScoredBpe}, that of Llama 2 without a frame. */
    private static boolean isScored(ObjectNode root) {
        String space = String.valueOf(ScoredBpe.SPACE);
        JsonNode steps = root.path("normalizer").path("normalizers");
        JsonNode model = root.path("model");
        return isPlainBpe(model)
                && model.path("byte_fallback").asBoolean(false)
                && isBlank(root.path("pre_tokenizer"))
                && isBlank(root.path("post_processor"))
                && steps.size() == 2
                && space.equals(steps.path(0).path("prepend").asString(""))
                && replace(" ", space).equals(steps.path(1));
    }

    private static boolean isPlainBpe(JsonNode model) {
        // Older files leave the type out when it is BPE.
        return model.path("type").asString(model.has("merges") ? "BPE" : "").equals("BPE")
                && model.path("dropout").asDouble(0) == 0
                && isBlank(model.path("continuing_subword_prefix"))
                && isBlank(model.path("end_of_word_suffix"))
                && !model.path("ignore_merges").asBoolean(false);
    }

    private static boolean isBlank(JsonNode node) {
        return node.isMissingNode()
                || node.isNull()
                || (node.isString() && node.stringValue().isEmpty());
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
