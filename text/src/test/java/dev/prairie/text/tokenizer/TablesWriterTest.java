package dev.prairie.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.testing.Demand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TablesWriterTest {
    @TempDir
    private Path folder;

    /** By way of a tokenizer.json, as the files of a model have it. */
    private Tokenizer reopened(Tokenizer tokenizer) throws IOException {
        Files.writeString(folder.resolve("t.json"), tokenizer.json());
        return Tokenizer.load(folder.resolve("t.json"));
    }

    private static void areTheSame(Tokenizer found, Tokenizer expected, Iterable<String> texts) {
        for (String text : texts) {
            assertThat(found.encode(text)).as(text).isEqualTo(expected.encode(text));
            assertThat(found.encodeWithSpecials(text)).as(text).isEqualTo(expected.encodeWithSpecials(text));
            assertThat(found.decode(expected.encode(text))).as(text).isEqualTo(expected.decode(expected.encode(text)));
        }
        assertThat(found.frame(new int[] {7})).isEqualTo(expected.frame(new int[] {7}));
    }

    @ParameterizedTest
    @CsvSource({
        "gpt-2, gpt2, gpt-2",
        "falcon, gpt2, falcon",
        "deepseek-llm, gpt2, deepseek-llm",
        "phi-3, llama, ''",
        "bert-bge, bert, ''"
    })
    void tablesSurviveTheirJson(String name, String model, String pre) throws IOException {
        Path file = Demand.data("tokenizers/gguf-vocab/ggml-vocab-" + name + ".gguf");
        VocabularyTables given = GgufTables.read(file);
        Tokenizer tokenizer = Tokenizer.of(given);
        VocabularyTables tables =
                VocabularyTables.of(reopened(tokenizer), given.tokens().size());
        assertThat(tables.model()).isEqualTo(model);
        assertThat(tables.pre()).isEqualTo(pre);
        assertThat(tables.tokens()).isEqualTo(given.tokens());
        if (model.equals("gpt2")) assertThat(tables.merges()).isEqualTo(given.merges());
        areTheSame(
                Tokenizer.of(tables),
                tokenizer,
                List.of(Files.readString(file.resolveSibling(file.getFileName() + ".inp"))
                        .split("\n__ggml_vocab_test__\n", -1)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-bpe", "qwen2", "smollm", "deepseek-v3", "tekken", "gpt-4o", "mpt", "command-r"})
    void theFamilyIsFoundByItsCuts(String name) throws IOException {
        VocabularyTables gpt2 = GgufTables.read(Demand.data("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf"));
        VocabularyTables given = new VocabularyTables(
                "",
                "gpt2",
                name,
                gpt2.tokens(),
                gpt2.scores(),
                gpt2.types(),
                gpt2.merges(),
                gpt2.ends(),
                gpt2.options(),
                new byte[0]);
        VocabularyTables found =
                VocabularyTables.of(reopened(Tokenizer.of(given)), gpt2.tokens().size());
        assertThat(Families.named(found.pre())).isEqualTo(Families.named(name));
    }

    @Test
    void everyNameIsKnownAndCutsInAWayOfItsOwn() {
        var ways = Families.NAMES.stream()
                .map(n -> Families.named(n).orElseThrow())
                .toList();
        assertThat(ways).doesNotHaveDuplicates();
    }

    @Test
    void filesOfWordPieceBecomeTables() throws IOException {
        Path cases = Demand.data("tokenizers/tokenizer-json/cases.json");
        var texts = new ArrayList<String>();
        for (JsonNode test : new JsonMapper().readTree(Files.readString(cases)))
            texts.add(test.path("text").stringValue());
        for (String name : new JsonMapper()
                .readTree(Files.readString(cases))
                .valueStream()
                .map(n -> n.path("file").stringValue())
                .distinct()
                .toList()) {
            Tokenizer tokenizer = Tokenizer.load(cases.resolveSibling(name));
            Tokenizer found = Tokenizer.of(VocabularyTables.of(tokenizer, tokenizer.vocabularySize()));
            for (String text : texts)
                assertThat(found.encode(text)).as(name + " " + text).isEqualTo(tokenizer.encode(text));
        }
    }

    @Test
    void scoresOfLlama2cBecomeTheirOrder() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(Demand.data("stories260k/tok512.bin"));
        VocabularyTables tables = VocabularyTables.of(tokenizer, 512);
        assertThat(tables.model()).isEqualTo("llama");
        assertThat(tables.types()).startsWith(2, 3, 3, 6, 6);
        areTheSame(
                Tokenizer.of(tables),
                tokenizer,
                List.of("Once upon a time", "", " two  spaces", "Zoë, 你好", "she said: \"no!\"\n"));
    }

    @Test
    void unigramKeepsItsScores() throws IOException {
        VocabularyTables given = new VocabularyTables(
                "",
                "t5",
                "",
                List.of("<pad>", "</s>", "<unk>", "▁", "a", "▁a", "b", "ab"),
                new float[] {0, 0, 0, -2, -3, -4, -5, -7.5f},
                new int[] {3, 3, 2, 1, 1, 1, 1, 1},
                List.of(),
                VocabularyTables.Ends.NONE,
                new VocabularyTables.Options(
                        Optional.of(false),
                        Optional.of(true),
                        Optional.of(true),
                        Optional.of(true),
                        Optional.empty(),
                        Optional.empty()),
                new byte[0]);
        Tokenizer tokenizer = Tokenizer.of(given);
        VocabularyTables tables = VocabularyTables.of(reopened(tokenizer), 8);
        assertThat(tables.scores()).isEqualTo(given.scores());
        assertThat(tables.ends().unknown()).isEqualTo(OptionalInt.of(2));
        areTheSame(Tokenizer.of(tables), tokenizer, List.of("ab  a b", "  ", "b", "xab"));
    }

    @Test
    void idsThatTheModelHasMoreAreUnused() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(Demand.data("stories260k/tok512.bin"));
        VocabularyTables tables = VocabularyTables.of(tokenizer, 515);
        assertThat(tables.tokens()).hasSize(515).endsWith("[PAD512]", "[PAD513]", "[PAD514]");
        assertThat(tables.types()).endsWith(5, 5, 5);
        assertThatThrownBy(() -> VocabularyTables.of(tokenizer, 511))
                .isInstanceOf(TokenizerException.class)
                .hasMessage("the tokenizer has 512 tokens, the model knows 511; the two do not belong together");
    }

    @Test
    void whatTablesCannotSayIsRefused() throws IOException {
        assertThatThrownBy(
                        () -> VocabularyTables.of(Tokenizer.load(Files.writeString(folder.resolve("t.json"), """
                {"model": {"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1}, "unk_token": "<unk>"},
                 "pre_tokenizer": {"type": "Whitespace"}}""")), 2))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("WordLevel")
                .hasMessageEndingWith("; write a folder instead");
        String cut = Tokenizer.of(GgufTables.read(Demand.data("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf")))
                .json()
                .replace("'s|'t|'re", " ?[A-H]|'s|'t|'re");
        Tokenizer odd = Tokenizer.load(Files.writeString(folder.resolve("odd.json"), cut));
        assertThatThrownBy(() -> VocabularyTables.of(odd, 50257))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("cuts text has no name in GGUF files");
    }
}
