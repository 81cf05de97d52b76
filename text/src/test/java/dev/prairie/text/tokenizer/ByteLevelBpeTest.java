package dev.prairie.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.prairie.testing.Demand;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class ByteLevelBpeTest {
    private static final String END = "<|endoftext|>";
    private static final JsonMapper JSON = new JsonMapper();
    private static final ByteLevelBpe SMALL = small();

    @TempDir
    private Path folder;

    @Test
    void agreesWithGpt2OnTheCasesOfCs336() throws IOException {
        Path cases = Demand.data("tokenizers/cs336/tokenizer-cases.json");
        Map<List<String>, ByteLevelBpe> opened = new HashMap<>();
        int checked = 0;
        for (JsonNode test : JSON.readTree(Files.readString(cases))) {
            List<String> specials = new ArrayList<>();
            test.path("special_tokens").forEach(token -> specials.add(token.stringValue()));
            ByteLevelBpe gpt2 = opened.computeIfAbsent(specials, ByteLevelBpeTest::gpt2);
            String text = test.has("text")
                    ? test.path("text").stringValue()
                    : Files.readString(cases.resolveSibling(test.path("file").stringValue()));
            int[] ids = gpt2.encodeWithSpecials(text);
            if (test.has("ids")) {
                assertThat(ids)
                        .as(test.path("name").stringValue())
                        .isEqualTo(JSON.treeToValue(test.path("ids"), int[].class));
            } else {
                assertThat(Arrays.stream(ids).mapToObj(id -> gpt2.decodeWithSpecials(id)))
                        .containsExactly(JSON.treeToValue(test.path("expected_pieces"), String[].class));
            }
            assertThat(gpt2.decodeWithSpecials(ids)).isEqualTo(text);
            checked++;
        }
        assertThat(checked).isEqualTo(10);
    }

    @Test
    void agreesWithLlamaCppOnGpt2() throws IOException {
        Path texts = Demand.data("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf.inp");
        String[] inputs = Files.readString(texts).split("\n__ggml_vocab_test__\n", -1);
        List<String> expected = Files.readAllLines(texts.resolveSibling("ggml-vocab-gpt-2.gguf.out"));
        ByteLevelBpe gpt2 = gpt2(List.of(END));
        int cases = Math.min(inputs.length, expected.size());
        assertThat(cases).isGreaterThanOrEqualTo(46);
        for (int i = 0; i < cases; i++) {
            int[] ids = Arrays.stream(expected.get(i).trim().split(" +"))
                    .filter(id -> !id.isEmpty())
                    .mapToInt(Integer::parseInt)
                    .toArray();
            assertThat(gpt2.encode(inputs[i])).as("text %d: %s", i, inputs[i]).isEqualTo(ids);
        }
    }

    @Test
    void learnsWhatTheReferenceLearns() throws IOException {
        Path folder = Demand.data("tokenizers/cs336/fixtures");
        BpeTrainer trainer = new BpeTrainer(500, List.of(END));
        trainer.add(Files.readString(folder.resolve("corpus.en")));
        ByteLevelBpe learned = trainer.train();
        assertThat(learned.merges())
                .containsExactlyElementsOf(Files.readAllLines(folder.resolve("train-bpe-reference-merges.txt")));
        assertThat(learned.vocabulary().keySet())
                .containsExactlyInAnyOrderElementsOf(
                        TokenizerFiles.readVocabulary(folder.resolve("train-bpe-reference-vocab.json"))
                                .keySet());
    }

    @Test
    void learnsTheMostFrequentPairAndTheGreaterAmongEquals() {
        BpeTrainer trainer = new BpeTrainer(256 + 3, List.of());
        trainer.add("low low low");
        // l·o, o·w occur three times; " "·l twice. "ow" > "lo"; then "l"+"ow"; then " "+"low".
        assertThat(trainer.train().merges()).containsExactly("o w", "l ow", "Ġ low");
    }

    @Test
    void countsOfOverlappingPairsStayRight() {
        Random random = new Random(11);
        for (int round = 0; round < 40; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 400; i++) {
                text.append(random.nextInt(6) == 0 ? ' ' : (char) ('a' + random.nextInt(1 + round % 4)));
            }
            BpeTrainer trainer = new BpeTrainer(256 + 40, List.of());
            trainer.add(text.toString());
            assertThat(trainer.train().merges()).isEqualTo(plainlyLearned(text.toString(), 40));
        }
    }

    @Test
    void stopsWhenNothingRepeats() {
        BpeTrainer trainer = new BpeTrainer(1000, List.of(END));
        trainer.add("ab ab" + END);
        assertThat(trainer.train().vocabularySize()).isEqualTo(256 + 1 + 1);
        assertThat(new BpeTrainer(1000, List.of()).train().encode("ab")).containsExactly('a', 'b');
        assertThatThrownBy(() -> new BpeTrainer(256, List.of(END)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("256")
                .hasMessageContaining("257");
    }

    @Test
    void anyTextComesBack() {
        Random random = new Random(5);
        for (int round = 0; round < 200; round++) {
            String text = random.ints(random.nextInt(80), 0, 0x3000)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            assertThat(SMALL.decode(SMALL.encode(text))).isEqualTo(text);
        }
        assertThat(SMALL.decode(SMALL.encode("lone \ud800 surrogate"))).isEqualTo("lone ? surrogate");
    }

    @Test
    void ordinaryTextCannotForgeASpecialToken() {
        int end = SMALL.eos().orElseThrow();
        assertThat(SMALL.encode("a" + END)).doesNotContain(end);
        assertThat(SMALL.decode(SMALL.encode("a" + END))).isEqualTo("a" + END);
        assertThat(SMALL.encodeWithSpecials("a" + END)).endsWith(end).hasSize(2);
        assertThat(SMALL.decode(SMALL.encodeWithSpecials("a" + END))).isEqualTo("a");
        assertThat(SMALL.bytes(end)).isEqualTo(END.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void scannerFindsWhatThePatternFinds() {
        Pattern pattern = Pattern.compile(
                "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                Pattern.UNICODE_CHARACTER_CLASS);
        int[] alphabet = "aZ09 \t\n\r'stmdrevl.,!é中文٣Ⅷ²𝒳😀\u0301\u00a0\u3000\u0085\u2028\u200b\u001c_-"
                .codePoints()
                .toArray();
        Random random = new Random(3);
        for (int round = 0; round < 20_000; round++) {
            String text = random.ints(random.nextInt(14), 0, alphabet.length)
                    .map(i -> random.nextInt(3) == 0 ? ' ' : alphabet[i])
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            List<String> expected = new ArrayList<>();
            for (Matcher matcher = pattern.matcher(text); matcher.find(); ) {
                expected.add(matcher.group());
            }
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            List<String> found = new ArrayList<>();
            for (int from = 0, to; from < utf8.length; from = to) {
                to = Gpt2Words.next(utf8, from);
                found.add(new String(utf8, from, to - from, StandardCharsets.UTF_8));
            }
            assertThat(found)
                    .as("%s", text.codePoints().mapToObj(Integer::toHexString).toList())
                    .isEqualTo(expected);
        }
    }

    @Test
    void heapMergesAsThePlainSearchDoes() {
        BpeTrainer trainer = new BpeTrainer(256 + 60, List.of());
        Random random = new Random(9);
        trainer.add(letters(random, 3000));
        Merges merges = new Merges(rules(trainer));
        assertThat(merges.rules()).hasSizeGreaterThan(30);
        for (int round = 0; round < 500; round++) {
            int[] plain = letters(random, 1 + random.nextInt(60)).chars().toArray();
            int[] heaped = plain.clone();
            int[] plainWidths = new int[plain.length];
            Arrays.fill(plainWidths, 1);
            int[] heapedWidths = plainWidths.clone();
            int n = merges.applyPlainly(plain, plainWidths, plain.length);
            assertThat(merges.applyWithHeap(heaped, heapedWidths, heaped.length)).isEqualTo(n);
            assertThat(Arrays.copyOf(heaped, n)).isEqualTo(Arrays.copyOf(plain, n));
            assertThat(Arrays.copyOf(heapedWidths, n)).isEqualTo(Arrays.copyOf(plainWidths, n));
            assertThat(Arrays.stream(plainWidths, 0, n).sum()).isEqualTo(plain.length);
        }
    }

    @Test
    void aMillionLettersWithoutASpaceTakeNoTime() {
        String text = "ab".repeat(500_000);
        assertTimeout(Duration.ofSeconds(20), () -> {
            assertThat(SMALL.decode(SMALL.encode(text))).isEqualTo(text);
        });
    }

    @Test
    void savesAndOpens() {
        Path file = folder.resolve("model/tokenizer.json");
        SMALL.save(file);
        Tokenizer opened = Tokenizer.load(folder.resolve("model"));
        assertThat(opened.json()).isEqualTo(SMALL.json());
        assertThat(opened.fingerprint()).isEqualTo(SMALL.fingerprint()).hasSize(64);
        String text = "the lowest of the low 中文 " + END;
        assertThat(opened.encode(text)).isEqualTo(SMALL.encode(text));
        assertThat(opened.encodeWithSpecials(text)).isEqualTo(SMALL.encodeWithSpecials(text));
        assertThat(opened.eos()).isEqualTo(SMALL.eos());
    }

    @Test
    void opensBothSpellingsOfMerges() throws IOException {
        ObjectNode root = (ObjectNode) JSON.readTree(SMALL.json());
        ObjectNode model = (ObjectNode) root.path("model");
        model.set(
                "merges",
                JSON.valueToTree(SMALL.merges().stream().map(m -> m.split(" ")).toList()));
        Path file = Files.writeString(folder.resolve("t.json"), root.toString());
        assertThat(Tokenizer.load(file).json()).isEqualTo(SMALL.json());
    }

    @Test
    void theConfigurationBesideItNamesTheEnds() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        BpeTrainer trainer = new BpeTrainer(258, List.of("[BEGIN]", "[END]"));
        trainer.train().save(file);
        assertThat(Tokenizer.load(file).eos()).isEmpty();
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"bos_token\":\"[BEGIN]\",\"eos_token\":{\"content\":\"[END]\"},\"chat_template\":\"{{x}}\"}");
        Tokenizer opened = Tokenizer.load(file);
        assertThat(opened.bos()).hasValue(256);
        assertThat(opened.eos()).hasValue(257);
        opened.save(file);
        assertThat(folder.resolve("tokenizer_config.json"))
                .content()
                .contains("{{x}}")
                .contains("[END]");
    }

    @Test
    void gpt2FilesSavedAsOneFileGiveTheSameIds() throws IOException {
        ByteLevelBpe gpt2 = gpt2(List.of(END));
        Path file = folder.resolve("tokenizer.json");
        gpt2.save(file);
        String text = Files.readString(Demand.data("corpora/tinyshakespeare/input.txt"));
        int[] ids = Tokenizer.load(file).encode(text);
        assertThat(ids).isEqualTo(gpt2.encode(text)).hasSize(338_025);
    }

    @Test
    void refusesWhatItWouldGetWrong() throws IOException {
        String json = SMALL.json();
        refuses(json.substring(0, json.length() / 2), "not valid JSON");
        refuses("{}", "no vocabulary");
        refuses("[1, 2, 3]", "neither");
        refuses(json.replaceFirst("\"add_prefix_space\" : false", "\"add_prefix_space\" : true"), "add_prefix_space");
        refuses(json.replaceFirst("\"normalizer\" : null", "\"normalizer\" : {\"type\":\"NFC\"}"), "NFC");
        refuses(json.replaceFirst("\"type\" : \"BPE\"", "\"type\" : \"WordPiece\""), "WordPiece");
        refuses(json.replaceFirst("\"a\" : 97", "\"a\" : 98"), "98");
        refuses(json.replaceFirst("\"a\" : 97", "\"a\" : 2000000000"), "2000000000");
        refuses(json.replaceFirst("\"a\" : 97", "\"a\" : -1"), "-1");
        refuses(json.replaceFirst("\"a\" : 97", "\"中\" : 97"), "中");
        refuses(json.replaceFirst("\"merges\" : \\[", "\"merges\" : [ \"q zz\", "), "merge 0");
        refuses(json.replaceFirst("\"merges\" : \\[", "\"merges\" : [ \"q\", "), "merge 0");
        assertThatThrownBy(() -> Tokenizer.load(folder.resolve("absent.json")))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("absent.json");
        assertThatThrownBy(() -> SMALL.decode(SMALL.vocabularySize()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(String.valueOf(SMALL.vocabularySize()));
    }

    @Test
    void refusesWordPieceFilesByName() {
        Path file = Demand.data("tokenizers/tokenizer-json/all-minilm-l6-v2-tokenizer.json");
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("all-minilm");
    }

    private void refuses(String content, String reason) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.json"), content);
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("bad.json")
                .hasMessageContaining(reason);
    }

    /** The definition of training: count all pairs of all words anew for every merge. */
    private static List<String> plainlyLearned(String text, int merges) {
        List<List<String>> words = new ArrayList<>();
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        for (int from = 0, to; from < utf8.length; from = to) {
            to = Gpt2Words.next(utf8, from);
            words.add(new ArrayList<>(new String(utf8, from, to - from, StandardCharsets.UTF_8)
                    .chars()
                    .mapToObj(c -> String.valueOf((char) c))
                    .toList()));
        }
        List<String> learned = new ArrayList<>();
        while (learned.size() < merges) {
            Map<List<String>, Integer> counts = new HashMap<>();
            words.forEach(word -> {
                for (int i = 0; i + 1 < word.size(); i++) {
                    counts.merge(List.of(word.get(i), word.get(i + 1)), 1, Integer::sum);
                }
            });
            List<String> best = counts.entrySet().stream()
                    .filter(entry -> entry.getValue() > 1)
                    .max(Map.Entry.<List<String>, Integer>comparingByValue()
                            .thenComparing(entry -> entry.getKey().get(0))
                            .thenComparing(entry -> entry.getKey().get(1)))
                    .map(Map.Entry::getKey)
                    .orElse(List.of());
            if (best.isEmpty()) {
                break;
            }
            learned.add(best.get(0).replace(' ', 'Ġ') + " " + best.get(1).replace(' ', 'Ġ'));
            words.forEach(word -> {
                for (int i = 0; i + 1 < word.size(); i++) {
                    if (word.get(i).equals(best.get(0)) && word.get(i + 1).equals(best.get(1))) {
                        word.set(i, word.get(i) + word.remove(i + 1));
                    }
                }
            });
        }
        return learned;
    }

    private static List<Merges.Rule> rules(BpeTrainer trainer) {
        ByteLevelBpe learned = trainer.train();
        return Vocabulary.rules(
                learned.vocabulary(),
                learned.merges().stream().map(merge -> merge.split(" ")).toList());
    }

    private static String letters(Random random, int length) {
        return random.ints(length, 'a', 'd')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static ByteLevelBpe gpt2(List<String> specials) {
        Path vocabulary = Demand.data("tokenizers/gpt2-files/gpt2-vocab.json");
        return ByteLevelBpe.fromGpt2(vocabulary, vocabulary.resolveSibling("gpt2-merges.txt"), specials);
    }

    private static ByteLevelBpe small() {
        BpeTrainer trainer = new BpeTrainer(300, List.of(END));
        trainer.add("the lower the lowest of the low, the newer the newest of the new. ababab 中文中文\n".repeat(3));
        return trainer.train();
    }
}
