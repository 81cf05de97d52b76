package dev.prairie.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.prairie.testing.Demand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class PipelineTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"gpt-2,''", "falcon,''", "deepseek-llm,100000", "phi-3,1", "bert-bge,101 102"})
    void agreesWithTheVocabulariesOfLlamaCpp(String name, String frame) throws IOException {
        Path file = Demand.data("tokenizers/gguf-vocab/ggml-vocab-" + name + ".gguf");
        Tokenizer tokenizer = Tokenizer.of(GgufTables.read(file));
        Tokenizer written = Tokenizer.load(Files.writeString(folder.resolve("t.json"), tokenizer.json()));
        String[] texts = Files.readString(file.resolveSibling(file.getFileName() + ".inp"))
                .split("\n__ggml_vocab_test__\n", -1);
        String[] expected = Files.readString(file.resolveSibling(file.getFileName() + ".out"))
                .split("\n", -1);
        assertThat(texts).hasSize(47).hasSameSizeAs(expected);
        for (int i = 0; i < texts.length; i++) {
            int[] ids = tokenizer.encode(texts[i]);
            assertThat(ids).as("text %d: %s", i, texts[i]).isEqualTo(ints(expected[i]));
            assertThat(written.encode(texts[i])).isEqualTo(ids);
            assertThat(written.decode(ids)).isEqualTo(tokenizer.decode(ids));
            if (!name.startsWith("bert")) {
                assertThat(tokenizer.decode(ids)).isEqualTo(texts[i]);
                assertThat(tokenizer.stream().append(ids) + tokenizer.stream().flush())
                        .isEqualTo(texts[i]);
            }
        }
        assertThat(tokenizer.frame(new int[0])).isEqualTo(ints(frame));
        assertThat(written.frame(new int[0])).isEqualTo(ints(frame));
    }

    @Test
    void agreesWithHuggingFaceOnWordPiece() throws IOException {
        Path cases = Demand.data("tokenizers/tokenizer-json/cases.json");
        Map<String, Pipeline> opened = new HashMap<>();
        int checked = 0;
        for (JsonNode test : JSON.readTree(Files.readString(cases))) {
            String file = test.path("file").stringValue();
            Pipeline tokenizer =
                    opened.computeIfAbsent(file, name -> (Pipeline) Tokenizer.load(cases.resolveSibling(name)));
            String text = test.path("text").stringValue();
            Encoding encoding = test.has("pair")
                    ? tokenizer.encoding(text, test.path("pair").stringValue())
                    : tokenizer.encoding(text);
            JsonNode found = JSON.valueToTree(Map.of(
                    "ids", encoding.ids(),
                    "tokens",
                            encoding.tokens().stream()
                                    .map(Encoding.Token::piece)
                                    .toList(),
                    "type_ids",
                            encoding.tokens().stream()
                                    .map(Encoding.Token::typeId)
                                    .toList(),
                    "offsets",
                            encoding.tokens().stream()
                                    .map(token -> List.of(token.from(), token.to()))
                                    .toList(),
                    "decoded", tokenizer.decode(encoding.ids())));
            for (String part : List.of("ids", "tokens", "type_ids", "offsets", "decoded")) {
                if (test.has(part)) {
                    assertThat(found.path(part))
                            .as("%s of '%s' (%s)", part, text, file)
                            .isEqualTo(test.path(part));
                }
            }
            if (!test.has("pair")) {
                assertThat(tokenizer.frame(tokenizer.encodeWithSpecials(text))).isEqualTo(encoding.ids());
            }
            checked++;
        }
        assertThat(checked).isEqualTo(180);
    }

    /** Words of a vocabulary whose tokens are bytes show where a family cuts. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "gpt-2|12345 it's|12345_ it_'s",
                "starcoder|12345 it's|1_2_3_4_5_ it_'s",
                "falcon|12345 $5|123_45_ _$_5",
                "llama-bpe|12345 IT'S|123_45_ IT_'S",
                "qwen2|123 don't!x|1_2_3_ don_'t_!x",
                "tekken|HELLOworld's 12|HELLOworld_'s_ _1_2",
                "gpt-4o|HelloWorld's 1234|Hello_World's_ _123_4",
                "deepseek-v3|中文abc 1234!x|中文_abc_ _123_4_!x",
                "deepseek-coder|a1 b|a_1_ b",
                "superbpe|1234567|1_234_567",
                "tiny_aya|1234567 12345x|1_234_567_ _123_45_x",
                "bloom|ab, cd|ab_,_ cd",
                "kimi-k2|中文Hello|中文_Hello",
            })
    void familiesCutWhereTheirMakersDo(String pre, String text, String expected) {
        Families.Family family = Families.named(pre).orElseThrow();
        PreTokenizer.Sequence steps = (PreTokenizer.Sequence)
                PipelineParts.preTokenizer(TablesJson.byteLevel(family).path("pre_tokenizer"));
        PreTokenizer cutter = PipelineReader.withoutBytes(steps);
        int[] characters = AlignedText.codePoints(text);
        PreTokenizer.Pieces pieces =
                cutter.apply(PreTokenizer.Pieces.whole(AlignedText.original(characters, 0, characters.length)));
        StringBuilder found = new StringBuilder();
        for (int piece = 0; piece < pieces.count(); piece++) {
            found.append(piece > 0 ? "_" : "").append(pieces.text().string(pieces.from(piece), pieces.to(piece)));
        }
        assertThat(found).hasToString(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"falcon", "phi-3", "bert-bge"})
    void longRunsOfOneKindTakeNoTime(String name) {
        Tokenizer tokenizer =
                Tokenizer.of(GgufTables.read(Demand.data("tokenizers/gguf-vocab/ggml-vocab-" + name + ".gguf")));
        for (String unit : List.of("ab", " ", "!", "中")) {
            String text = unit.repeat(200_000 / unit.length());
            assertTimeout(Duration.ofSeconds(20), () -> {
                int[] ids = tokenizer.encode(text);
                assertThat(name.startsWith("bert") ? text : tokenizer.decode(ids))
                        .isEqualTo(text);
            });
        }
    }

    @Test
    void addedTokensStripAndStandAlone() throws IOException {
        Pipeline tokenizer = read("""
                {"added_tokens": [
                  {"id": 4, "content": "<m>", "lstrip": true, "rstrip": true, "special": true, "normalized": false},
                  {"id": 5, "content": "ab", "single_word": true, "special": false, "normalized": false},
                  {"id": 6, "content": "XY", "special": false, "normalized": true}],
                 "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "<m>": 4}}}""");
        assertThat(tokenizer.encodeWithSpecials("a  <m> b")).containsExactly(1, 4, 2);
        assertThat(tokenizer.encode("a <m> b")).containsExactly(1, 0, 2);
        assertThat(tokenizer.encode("a ab b")).containsExactly(1, 5, 2);
        assertThat(tokenizer.encode("abb")).containsExactly(0);
        assertThat(tokenizer.encode("axyb")).containsExactly(1, 6, 2);
        assertThat(tokenizer.encoding("a  <m> b").tokens().get(1)).isEqualTo(new Encoding.Token(4, "  <m> ", 0, 1, 7));
    }

    @Test
    void bytesFallBackAndFramesAreRead() throws IOException {
        Pipeline tokenizer = read("""
                {"added_tokens": [{"id": 0, "content": "<s>", "special": true}],
                 "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false},
                 "post_processor": {"type": "RobertaProcessing", "sep": ["▁", 1], "cls": ["<s>", 0],
                                    "trim_offsets": false, "add_prefix_space": false},
                 "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"},
                             {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}]},
                 "model": {"type": "BPE", "byte_fallback": true, "unk_token": "b", "fuse_unk": true,
                           "vocab": {"<s>": 0, "▁": 1, "a": 2, "▁a": 3, "b": 4, "<0xC3>": 5, "<0xA9>": 6},
                           "merges": [["▁", "a"]]}}""");
        assertThat(tokenizer.encode("aé")).containsExactly(3, 5, 6);
        assertThat(tokenizer.decode(3, 5, 6)).isEqualTo("aé");
        assertThat(tokenizer.encode("a中中")).containsExactly(3, 4);
        assertThat(tokenizer.frame(new int[] {3})).containsExactly(0, 3, 1);
        assertThat(tokenizer.encoding("a", "a").ids()).containsExactly(0, 3, 1, 1, 3, 1);
        assertThat(tokenizer.encoding("aé").tokens().get(2)).isEqualTo(new Encoding.Token(5, "<0xC3>", 0, 1, 2));
    }

    @Test
    void unigramTakesTheLikeliestWay() throws IOException {
        Pipeline tokenizer = read("""
                {"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
                 "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
                 "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["▁", -2], ["a", -3], ["b", -3],
                           ["ab", -4], ["▁a", -4], ["▁ab", -9]]}}""");
        assertThat(tokenizer.encode("ab")).containsExactly(1, 4); // −6, against −7 and −9
        assertThat(tokenizer.encode("zz")).containsExactly(1, 0);
        assertThat(tokenizer.decode(tokenizer.encode("ab ab"))).isEqualTo("ab ab");
    }

    @Test
    void wordEndsAndPrefixesAreSpelled() throws IOException {
        Pipeline tokenizer = read("""
                {"pre_tokenizer": {"type": "Whitespace"}, "decoder": {"type": "BPEDecoder", "suffix": "</w>"},
                 "model": {"type": "BPE", "end_of_word_suffix": "</w>", "continuing_subword_prefix": "#",
                           "vocab": {"a": 0, "#b</w>": 1, "ab</w>": 2, "a</w>": 3}, "merges": ["a #b</w>"]}}""");
        assertThat(tokenizer.encode("ab a")).containsExactly(2, 3);
        assertThat(tokenizer.decode(2, 3)).isEqualTo("ab a");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a b\"]}}",
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [], \"dropout\": 0.1}}",
                "{\"model\": {\"type\": \"Magic\", \"vocab\": {\"a\": 0}}}",
                "{\"model\": {\"type\": \"WordPiece\", \"vocab\": {\"a\": 0}}}",
                "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0]]}}",
                "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\"]], \"unk_id\": 0}}",
                "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0], [\"a\", 0]], \"unk_id\": 0}}",
                "{\"normalizer\": {\"type\": \"Magic\"}, \"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}}",
                "{\"pre_tokenizer\": {\"type\": \"Magic\"}, \"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}}",
                "{\"decoder\": {\"type\": \"Magic\"}, \"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}}",
                "{\"post_processor\": {\"type\": \"Magic\"}, \"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}}",
                "{\"post_processor\": {\"type\": \"BertProcessing\", \"sep\": [\"x\", 9], \"cls\": [\"x\", 9]},"
                        + " \"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}}",
                "{\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\"},"
                        + " \"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}}",
                "{\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA/w==\"},"
                        + " \"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}}"
            })
    void refusesWhatItWouldGetWrong(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.json"), json);
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("bad.json");
    }

    private Pipeline read(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("t.json"), json);
        Pipeline tokenizer = (Pipeline) Tokenizer.load(file);
        assertThat(tokenizer.json()).isEqualTo(json);
        return tokenizer;
    }

    private static int[] ints(String line) {
        return Arrays.stream(line.trim().split(" +"))
                .filter(id -> !id.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
    }
}
