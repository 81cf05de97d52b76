package dev.prairie.text.tokenizer;

import java.util.List;
import java.util.Optional;

/**
 * How each family of byte-level models cuts its text, by the name that files give in {@code tokenizer.ggml.pre}. The
 * patterns are those of the makers' own {@code tokenizer.json} files, one applied after the other; where such a file
 * normalizes, so does this.
 *
 * @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp">the names, in llama.cpp</a>
 */
final class Families {
    private static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    /** The words and the white space of Llama 3 and those after it; between stand the digits. */
    private static final String WORDS = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";

    private static final String SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String REST = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" + SPACES;
    private static final String REST_AND_SLASHES = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + SPACES;
    private static final String THREE_DIGITS = CONTRACTION + "|" + WORDS + "|\\p{N}{1,3}|" + REST;
    private static final String ONE_DIGIT = CONTRACTION + "|" + WORDS + "|\\p{N}|" + REST;

    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String NOT_HAN_UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]";
    private static final String NOT_HAN_LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]";

    private static final String DIGITS = "\\p{N}";
    private static final String LINE_ENDS = "[\\r\\n]";
    private static final String ASCII_PUNCTUATION = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]";
    private static final String PUNCTUATION = "[\\p{P}$+<=>^~|`]+";
    private static final String HAN_AND_KANA = "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{309f}\\x{30a0}-\\x{30ff}]+";
    private static final String DEEPSEEK_WORDS =
            ASCII_PUNCTUATION + "[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+";
    private static final String LINES = "[^\\n]+|[\\n]+";
    private static final String NOT_BLOOM_PUNCTUATION =
            " ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{ff0c}\\x{3001}\\x{964}\\x{6d4}\\x{60c})]+";
    private static final String EAST_ASIAN =
            "[\\x{1100}-\\x{11ff}\\x{1780}-\\x{17ff}\\x{1000}-\\x{109f}\\x{e40}-\\x{eff}\\x{2f00}-\\x{2fdf}"
                    + "\\x{3040}-\\x{30ff}\\x{3400}-\\x{4dbf}\\x{4e00}-\\x{9fff}\\x{a9e0}-\\x{a9ff}\\x{aa60}-\\x{aa7f}"
                    + "\\x{ac00}-\\x{d7af}\\x{f900}-\\x{faff}\\x{ff65}-\\x{ff9f}]+";
    private static final String YOUTU_SCRIPTS =
            "[\\x{ac00}-\\x{d7a3}\\x{3131}-\\x{318e}]+|[\\x{ff01}\\x{2026}\\x{201c}\\x{201d}\\x{2018}\\x{2019}\\x{2014}"
                    + "\\x{ff1a}\\x{ff1b}\\x{ff0c}\\x{3001}-\\x{303f}\\x{fe30}-\\x{fe4f}]+|[\\x{3105}-\\x{312f}]+|"
                    + HAN_AND_KANA;
    /** The letters with case that DeepSeek LLM names one by one, fewer than Unicode has. */
    private static final String CASED_LETTERS =
            "\\s?[A-Za-z\\x{b5}\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{1ba}\\x{1bc}-\\x{1bf}\\x{1c4}-\\x{293}"
                    + "\\x{295}-\\x{2af}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37b}-\\x{37d}\\x{37f}\\x{386}"
                    + "\\x{388}-\\x{38a}\\x{38c}\\x{38e}-\\x{3a1}\\x{3a3}-\\x{3f5}\\x{3f7}-\\x{481}\\x{48a}-\\x{52f}"
                    + "\\x{531}-\\x{556}\\x{10a0}-\\x{10c5}\\x{13a0}-\\x{13f5}\\x{13f8}-\\x{13fd}\\x{1c90}-\\x{1cba}"
                    + "\\x{1cbd}-\\x{1cbf}\\x{1d00}-\\x{1d2b}\\x{1d6b}-\\x{1d77}\\x{1d79}-\\x{1d9a}\\x{1e00}-\\x{1f15}"
                    + "\\x{1f18}-\\x{1f1d}\\x{1f20}-\\x{1f45}\\x{1f48}-\\x{1f4d}\\x{1f50}-\\x{1f57}\\x{1f59}\\x{1f5b}"
                    + "\\x{1f5d}\\x{1f5f}-\\x{1f7d}\\x{1f80}-\\x{1fb4}\\x{1fb6}-\\x{1fbc}\\x{1fbe}\\x{1fc2}-\\x{1fc4}"
                    + "\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}\\x{1fd6}-\\x{1fdb}\\x{1fe0}-\\x{1fec}\\x{1ff2}-\\x{1ff4}"
                    + "\\x{1ff6}-\\x{1ffc}\\x{2102}\\x{2107}\\x{210a}-\\x{2113}\\x{2115}\\x{2119}-\\x{211d}\\x{2124}"
                    + "\\x{2126}\\x{2128}\\x{212a}-\\x{212d}\\x{212f}-\\x{2134}\\x{2139}\\x{213c}-\\x{213f}"
                    + "\\x{2145}-\\x{2149}\\x{214e}\\x{2183}\\x{2184}\\x{2c00}-\\x{2c7b}\\x{2c7e}-\\x{2ce4}"
                    + "\\x{2ceb}-\\x{2cee}\\x{2cf2}\\x{2cf3}\\x{a640}-\\x{a66d}\\x{a680}-\\x{a69b}\\x{a722}-\\x{a76f}"
                    + "\\x{a771}-\\x{a787}\\x{a78b}-\\x{a78e}\\x{ab70}-\\x{abbf}\\x{fb00}-\\x{fb06}\\x{fb13}-\\x{fb17}"
                    + "\\x{ff21}-\\x{ff3a}\\x{ff41}-\\x{ff5a}\\x{10400}-\\x{1044f}\\x{104b0}-\\x{104d3}"
                    + "\\x{104d8}-\\x{104fb}\\x{10c80}-\\x{10cb2}\\x{10cc0}-\\x{10cf2}\\x{118a0}-\\x{118df}"
                    + "\\x{1e900}-\\x{1e943}]+";

    private static final String DEEPSEEK_CJK = "[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+";

    /** One name of each way, for who looks for the name: the best known first. */
    static final List<String> NAMES = List.of(
            "gpt-2",
            "llama-bpe",
            "qwen2",
            "smollm",
            "deepseek-llm",
            "deepseek-coder",
            "deepseek-v3",
            "falcon",
            "command-r",
            "mpt",
            "dbrx",
            "stablelm2",
            "tekken",
            "gpt-4o",
            "qwen35",
            "kimi-k2",
            "seed-coder",
            "bailingmoe",
            "exaone-moe",
            "minicpm5",
            "jais-2",
            "granite-embed-multi-97m",
            "tiny_aya",
            "youtu",
            "spark2_5",
            "afmoe",
            "superbpe",
            "bloom",
            "viking",
            "chameleon",
            "laguna",
            "ufakzeka",
            "default");

    private Families() {}

    /**
     * One family's ways.
     *
     * @param patterns what the text is cut by
     * @param composes whether the text is brought into Unicode's form NFC before
     * @param wholeFirst whether a piece that is a token is taken without a look at the merges
     * @param addsBos whether a sequence begins with its token unless the file says otherwise
     */
    record Family(List<String> patterns, boolean composes, boolean wholeFirst, boolean addsBos) {
        private static Family of(String... patterns) {
            return new Family(List.of(patterns), false, false, false);
        }

        private Family composing() {
            return new Family(patterns, true, wholeFirst, addsBos);
        }

        private Family takingWholes() {
            return new Family(patterns, composes, true, addsBos);
        }

        private Family addingBos() {
            return new Family(patterns, composes, wholeFirst, true);
        }
    }

    /** The family of a name; an empty name means the default. */
    static Optional<Family> named(String name) {
        return Optional.ofNullable(
                switch (name) {
                    case "", "default" ->
                        Family.of(PUNCTUATION, PipelineParts.GPT2_PATTERN, "\\p{N}+", "[0-9][0-9][0-9]");
                    case "gpt-2", "phi-2", "gigachat", "a.x-4.0", "mellum", "modern-bert", "exaone4" -> gpt2();
                    case "jina-es", "jina-de", "jina-v2-es", "jina-v2-de" -> gpt2();
                    case "jina-v1-en", "jina-v2-code", "roberta-bpe" -> gpt2();
                    case "jais", "trillion", "granite-docling" -> gpt2();
                    case "mpt", "olmo" -> gpt2().composing();
                    case "starcoder", "refact", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2" ->
                        Family.of(DIGITS, PipelineParts.GPT2_PATTERN);
                    case "command-r" ->
                        Family.of(DIGITS, PipelineParts.GPT2_PATTERN).composing();
                    case "falcon" -> Family.of(PUNCTUATION, PipelineParts.GPT2_PATTERN, "[0-9][0-9][0-9]");
                    case "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2" ->
                        Family.of(THREE_DIGITS).takingWholes().addingBos();
                    case "jina-v5-nano" ->
                        Family.of(THREE_DIGITS).takingWholes().addingBos();
                    case "dbrx", "smaug-bpe", "glm4", "chatglm-bpe" -> Family.of(THREE_DIGITS);
                    case "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez" ->
                        Family.of(ONE_DIGIT).composing();
                    case "stablelm2", "hunyuan", "solar-open", "grok-2" -> Family.of(ONE_DIGIT);
                    case "qwen35" ->
                        Family.of(CONTRACTION + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?"
                                        + "[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" + SPACES)
                                .composing();
                    case "ufakzeka" -> Family.of(WORDS + "|\\p{N}|" + REST);
                    case "seed-coder" ->
                        Family.of(CONTRACTION + "|" + WORDS + "|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" + SPACES);
                    case "bailingmoe", "bailingmoe2", "llada-moe" ->
                        Family.of("'(?i:[sdmt]|ll|ve|re)|" + WORDS + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
                                + "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+");
                    case "exaone-moe" ->
                        Family.of(CONTRACTION + "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}|"
                                + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+");
                    case "laguna" -> Family.of(LINES, ONE_DIGIT);
                    case "minicpm5" ->
                        Family.of("\\p{N}{1,3}", CONTRACTION + "|" + WORDS + "|\\p{N}+|" + REST)
                                .takingWholes();
                    case "jais-2" ->
                        Family.of(CONTRACTION + "|" + WORDS + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
                                + "\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|"
                                + "\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}");
                    case "tekken" ->
                        Family.of(casedWords(UPPER, LOWER, "") + "|\\p{N}|" + REST_AND_SLASHES)
                                .takingWholes()
                                .addingBos();
                    case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2" -> Family.of(gpt4o());
                    case "granite-embed-multi-97m" -> Family.of(gpt4o()).takingWholes();
                    case "tiny_aya", "cohere2moe" -> Family.of(PipelineParts.GROUPS_OF_DIGITS_AT_BORDER, gpt4o());
                    case "kimi-k2" ->
                        Family.of("\\p{Han}+|" + casedWords(NOT_HAN_UPPER, NOT_HAN_LOWER, CONTRACTION + "?")
                                + "|\\p{N}{1,3}|" + REST);
                    case "youtu" ->
                        Family.of(
                                        YOUTU_SCRIPTS,
                                        casedWords(UPPER, LOWER, CONTRACTION + "?") + "|\\p{N}|" + REST_AND_SLASHES)
                                .takingWholes();
                    case "deepseek-llm" ->
                        Family.of(
                                LINE_ENDS,
                                CASED_LETTERS,
                                "\\s?[!-/:-~\\x{ff01}-\\x{ff0f}\\x{ff1a}-\\x{ff5e}\\x{2018}-\\x{201f}\\x{3000}-\\x{3002}]+",
                                "\\s+$",
                                DEEPSEEK_CJK,
                                "\\p{N}+");
                    case "deepseek-coder" -> Family.of(LINE_ENDS, "\\s?\\p{L}+", "\\s?\\p{P}+", DEEPSEEK_CJK, DIGITS);
                    case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4" ->
                        Family.of("\\p{N}{1,3}", HAN_AND_KANA, DEEPSEEK_WORDS + "[\\r\\n]*|" + SPACES);
                    case "spark2_5" ->
                        Family.of("\\p{N}{1,3}", HAN_AND_KANA, DEEPSEEK_WORDS + "|[\\r\\n]|\\s+(?!\\S)|\\s+", DIGITS);
                    case "afmoe" ->
                        Family.of(
                                "\\p{N}+",
                                PipelineParts.GROUPS_OF_DIGITS,
                                EAST_ASIAN,
                                DEEPSEEK_WORDS + "[\\r\\n]*|" + SPACES);
                    case "superbpe" -> Family.of("\\p{N}+", PipelineParts.GROUPS_OF_DIGITS);
                    case "poro-chat", "bloom", "gpt3-finnish" -> Family.of(NOT_BLOOM_PUNCTUATION);
                    case "viking" -> Family.of(NOT_BLOOM_PUNCTUATION, DIGITS);
                    case "chameleon" ->
                        Family.of(
                                        "<sentinel:[0-9]+>",
                                        "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
                                        "([\\t\\n]|    |  )",
                                        DIGITS,
                                        "[\\p{P}!-/:-@\\[-`{-~]",
                                        PipelineParts.GPT2_PATTERN)
                                .addingBos();
                    default -> null;
                });
    }

    private static Family gpt2() {
        return Family.of(PipelineParts.GPT2_PATTERN);
    }

    private static String gpt4o() {
        return casedWords(UPPER, LOWER, CONTRACTION + "?") + "|\\p{N}{1,3}|" + REST_AND_SLASHES;
    }

    /** Words that may begin in upper case and go on in lower, or are upper case as a whole. */
    private static String casedWords(String upper, String lower, String ending) {
        return "[^\\r\\n\\p{L}\\p{N}]?" + upper + "*" + lower + "+" + ending + "|[^\\r\\n\\p{L}\\p{N}]?" + upper + "+"
                + lower + "*" + ending;
    }
}
