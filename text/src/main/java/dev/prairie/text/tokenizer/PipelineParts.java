package dev.prairie.text.tokenizer;

import dev.prairie.text.pattern.CharSet;
import dev.prairie.text.pattern.CutPattern;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * Reads the parts of a {@code tokenizer.json} that hold no vocabulary: normalizer, pre-tokenizer, decoder. A part of an
 * unknown kind is refused, since leaving it out would give wrong tokens.
 *
 * @see <a href="https://github.com/huggingface/tokenizers/tree/main/tokenizers/src">the parts as the library reads
 *     them</a>
 */
final class PipelineParts {
    /** GPT-2's words. */
    static final String GPT2_PATTERN =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    /** Looks further ahead than an automaton can: digits in threes from the right. */
    static final String GROUPS_OF_DIGITS = "(?=(\\d{3})+(?!\\d))";
    /** The same where no letter follows. */
    static final String GROUPS_OF_DIGITS_AT_BORDER = "\\d{1,3}(?=(?:\\d{3})*\\b)";

    private static final String WORDS = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}]+"
            + "|[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}\\s]+";
    private static final int DEEPEST = 20;

    private PipelineParts() {}

    static Normalizer normalizer(JsonNode node) {
        return normalizer(node, DEEPEST);
    }

    private static Normalizer normalizer(JsonNode node, int depth) {
        if (isAbsent(node)) {
            return Normalizer.NONE;
        }
        return switch (type(node)) {
            case "Sequence" ->
                new Normalizer.Sequence(
                        steps(node.path("normalizers"), depth).map(n -> normalizer(n, depth - 1)).toList());
            case "BertNormalizer" -> {
                boolean lowers = node.path("lowercase").asBoolean(true);
                yield new Normalizer.Bert(
                        node.path("clean_text").asBoolean(true),
                        node.path("handle_chinese_chars").asBoolean(true),
                        isAbsent(node.path("strip_accents")) ? lowers : node.path("strip_accents").asBoolean(lowers),
                        lowers);
            }
            case "NFC" -> new UnicodeForm(Form.NFC);
            case "NFD" -> new UnicodeForm(Form.NFD);
            case "NFKC" -> new UnicodeForm(Form.NFKC);
            case "NFKD" -> new UnicodeForm(Form.NFKD);
            case "Lowercase" -> new Normalizer.Lowercase();
            case "StripAccents" -> new Normalizer.StripAccents();
            case "Nmt" -> new Normalizer.Nmt();
            case "Strip" ->
                new Normalizer.Strip(
                        node.path("strip_left").asBoolean(true),
                        node.path("strip_right").asBoolean(true));
            case "Prepend" -> new Normalizer.Prepend(text(node, "prepend"));
            case "Replace" -> new Normalizer.Replace(pattern(node), text(node, "content"));
            case "ByteLevel" -> new Normalizer.Bytes();
            case "Precompiled" -> charsmap(node);
            default -> throw unknown("normalizer", node);
        };
    }

    private static Normalizer charsmap(JsonNode node) {
        JsonNode map = node.path("precompiled_charsmap");
        if (isAbsent(map) || map.asString("").isEmpty()) {
            return Normalizer.NONE;
        }
        try {
            return Charsmap.of(Base64.getDecoder().decode(map.asString("")), true);
        } catch (IllegalArgumentException malformed) {
            if (malformed instanceof TokenizerException fault) {
                throw fault;
            }
            throw new TokenizerException("precompiled_charsmap is not base64; the file is damaged");
        }
    }

    static PreTokenizer preTokenizer(JsonNode node) {
        List<PreTokenizer> steps = new ArrayList<>();
        preTokenizer(node, steps, DEEPEST);
        return new PreTokenizer.Sequence(List.copyOf(steps));
    }

    private static void preTokenizer(JsonNode node, List<PreTokenizer> steps, int depth) {
        if (isAbsent(node)) {
            return;
        }
        switch (type(node)) {
            case "Sequence" -> steps(node.path("pretokenizers"), depth).forEach(n -> preTokenizer(n, steps, depth - 1));
            case "ByteLevel" -> {
                if (node.path("add_prefix_space").asBoolean(true)) {
                    steps.add(new PreTokenizer.PrefixSpace());
                }
                if (node.path("use_regex").asBoolean(true)) {
                    steps.add(isolated(GPT2_PATTERN));
                }
                steps.add(new PreTokenizer.Bytes());
            }
            case "Split" -> steps.add(split(node));
            case "Digits" -> {
                boolean single = node.path("individual_digits").asBoolean(false);
                steps.add(cut("\\p{N}", single ? PreTokenizer.Behavior.Isolated : PreTokenizer.Behavior.Contiguous, false));
            }
            case "Punctuation" -> steps.add(cut("[\\p{P}$+<=>^`|~]", behavior(node, "Isolated"), false));
            case "Whitespace" -> steps.add(cut(WORDS, PreTokenizer.Behavior.Removed, true));
            case "WhitespaceSplit" -> steps.add(cut("\\s", PreTokenizer.Behavior.Removed, false));
            case "BertPreTokenizer" -> {
                steps.add(cut("\\s", PreTokenizer.Behavior.Removed, false));
                steps.add(isolated("[\\p{P}$+<=>^`|~]"));
            }
            case "CharDelimiterSplit" ->
                steps.add(new PreTokenizer.Split(
                        literal(text(node, "delimiter")), PreTokenizer.Behavior.Removed, false));
            case "Metaspace" -> steps.add(metaspace(node));
            case "FixedLength" -> {
                int length = node.path("length").asInt(5);
                if (length < 1) {
                    throw new TokenizerException("pre_tokenizer FixedLength has the length " + length + "; expected 1 or more");
                }
                steps.add(new PreTokenizer.FixedLength(length));
            }
            default -> throw unknown("pre_tokenizer", node);
        }
    }

    private static PreTokenizer split(JsonNode node) {
        String regex = node.path("pattern").path("Regex").asString("");
        // Whoever looks for groups of digits cuts between them; what else may be said of matches changes nothing.
        if (regex.equals(GROUPS_OF_DIGITS) || regex.equals(GROUPS_OF_DIGITS_AT_BORDER)) {
            return digitGroups(regex.equals(GROUPS_OF_DIGITS_AT_BORDER));
        }
        return new PreTokenizer.Split(
                pattern(node), behavior(node, ""), node.path("invert").asBoolean(false));
    }

    static PreTokenizer digitGroups(boolean wordBorder) {
        return new PreTokenizer.DigitGroups(
                CharSet.matching(c -> Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER), wordBorder);
    }

    static PreTokenizer isolated(String pattern) {
        return cut(pattern, PreTokenizer.Behavior.Isolated, false);
    }

    private static PreTokenizer cut(String pattern, PreTokenizer.Behavior behavior, boolean inverted) {
        return new PreTokenizer.Split(CutPattern.of(pattern), behavior, inverted);
    }

    private static PreTokenizer.Behavior behavior(JsonNode node, String ifMissing) {
        String name = node.path("behavior").asString(ifMissing);
        for (PreTokenizer.Behavior behavior : PreTokenizer.Behavior.values()) {
            if (behavior.name().equals(name)) {
                return behavior;
            }
        }
        throw new TokenizerException("pre_tokenizer " + type(node) + " has the behavior '" + name + "'; known are "
                + List.of(PreTokenizer.Behavior.values()));
    }

    private static PreTokenizer metaspace(JsonNode node) {
        boolean prefix = node.path("add_prefix_space").asBoolean(true);
        String scheme = node.path("prepend_scheme").asString(prefix ? "always" : "never");
        for (PreTokenizer.Prepend prepend : PreTokenizer.Prepend.values()) {
            if (prepend.name().equals(scheme)) {
                return new PreTokenizer.Metaspace(
                        mark(node), prepend, node.path("split").asBoolean(true));
            }
        }
        throw new TokenizerException("pre_tokenizer Metaspace has the prepend_scheme '" + scheme + "'; known are "
                + List.of(PreTokenizer.Prepend.values()));
    }

    static Decoder decoder(JsonNode node) {
        return decoder(node, DEEPEST);
    }

    private static Decoder decoder(JsonNode node, int depth) {
        if (isAbsent(node)) {
            return new Decoder.Words();
        }
        return switch (type(node)) {
            case "Sequence" ->
                new Decoder.Sequence(
                        steps(node.path("decoders"), depth).map(n -> decoder(n, depth - 1)).toList());
            case "ByteLevel" -> new Decoder.ByteLevel();
            case "Metaspace" ->
                new Decoder.Metaspace(
                        mark(node),
                        node.path("add_prefix_space").asBoolean(true)
                                && !node.path("prepend_scheme").asString("").equals("never"));
            case "WordPiece" ->
                new Decoder.WordPiece(
                        node.path("prefix").asString("##"), node.path("cleanup").asBoolean(true));
            case "BPEDecoder" -> new Decoder.WordEnds(node.path("suffix").asString("</w>"));
            case "Replace" -> new Decoder.Replace(pattern(node), text(node, "content"));
            case "ByteFallback" -> new Decoder.ByteFallback();
            case "Fuse" -> new Decoder.Fuse();
            case "Strip" ->
                new Decoder.Strip(
                        text(node, "content").codePoints().findFirst().orElse(' '),
                        node.path("start").asInt(0),
                        node.path("stop").asInt(0));
            default -> throw unknown("decoder", node);
        };
    }

    /** How the pieces of single tokens are to be read, judged by the decoder that joins them. */
    static Pipeline.Spelling spelling(Decoder decoder) {
        return switch (decoder) {
            case Decoder.ByteLevel bytes -> Pipeline.Spelling.BYTES;
            case Decoder.Metaspace marks -> Pipeline.Spelling.MARKS;
            case Decoder.ByteFallback marks -> Pipeline.Spelling.MARKS;
            case Decoder.WordPiece words -> Pipeline.Spelling.WORDS;
            case Decoder.Sequence sequence ->
                sequence.steps().stream()
                        .map(PipelineParts::spelling)
                        .filter(spelling -> spelling != Pipeline.Spelling.PLAIN)
                        .findFirst()
                        .orElse(Pipeline.Spelling.PLAIN);
            case Decoder.Words plain -> Pipeline.Spelling.PLAIN;
            case Decoder.WordEnds plain -> Pipeline.Spelling.PLAIN;
            case Decoder.Replace plain -> Pipeline.Spelling.PLAIN;
            case Decoder.Fuse plain -> Pipeline.Spelling.PLAIN;
            case Decoder.Strip plain -> Pipeline.Spelling.PLAIN;
        };
    }

    private static java.util.stream.Stream<JsonNode> steps(JsonNode array, int depth) {
        if (depth == 0) {
            throw new TokenizerException("sequences are nested more than " + DEEPEST + " deep; the file is damaged");
        }
        return array.valueStream();
    }

    private static CutPattern pattern(JsonNode node) {
        JsonNode pattern = node.path("pattern");
        if (pattern.path("String").isString()) {
            return literal(pattern.path("String").stringValue());
        }
        if (!pattern.path("Regex").isString()) {
            throw new TokenizerException(type(node) + " has the pattern " + pattern + "; expected a String or a Regex");
        }
        try {
            return CutPattern.of(pattern.path("Regex").stringValue());
        } catch (IllegalArgumentException fault) {
            throw new TokenizerException(type(node) + ": " + fault.getMessage());
        }
    }

    private static CutPattern literal(String text) {
        StringBuilder pattern = new StringBuilder();
        text.codePoints().forEach(c -> pattern.append(String.format("\\x{%x}", c)));
        return CutPattern.of(pattern.toString());
    }

    private static int mark(JsonNode node) {
        return node.path("replacement").asString("\u2581").codePoints().findFirst().orElse(ScoredBpe.SPACE);
    }

    private static String text(JsonNode node, String key) {
        if (!node.path(key).isString()) {
            throw new TokenizerException(type(node) + " has no text '" + key + "'; the file is damaged");
        }
        return node.path(key).stringValue();
    }

    static String type(JsonNode node) {
        return node.path("type").asString("");
    }

    static boolean isAbsent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    private static TokenizerException unknown(String part, JsonNode node) {
        String text = node.toString();
        return new TokenizerException(part + " = " + (text.length() > 200 ? text.substring(0, 200) + "…" : text)
                + " is not supported: leaving it out would give other tokens than the model was trained with");
    }
}
