package dev.prairie.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class TablesReaderTest {
    private static final float[] NO_SCORES = {};
    private static final int[] NO_TYPES = {};

    @Test
    void scoredPiecesJoinBestFirst() {
        Tokenizer tokenizer = Tokenizer.of(tables(
                "llama",
                List.of("<unk>", "<s>", "</s>", "<0x41>", "▁", "a", "b", "▁a", "ab", "<x>"),
                new float[] {0, 0, 0, 0, -1, -1, -1, -3, -2, 0},
                new int[] {2, 3, 3, 6, 1, 1, 1, 1, 1, 4}));
        assertThat(tokenizer.encode("ab")).containsExactly(4, 8);
        assertThat(tokenizer.encode("a")).containsExactly(7);
        assertThat(tokenizer.encode("A")).containsExactly(4, 3);
        assertThat(tokenizer.encode("z")).containsExactly(4, 0);
        assertThat(tokenizer.encode("a<x>a")).containsExactly(7, 9, 7);
        assertThat(tokenizer.encode("<s>")).doesNotContain(1);
        assertThat(tokenizer.encodeWithSpecials("<s>a")).containsExactly(1, 7);
        assertThat(tokenizer.frame(new int[] {7})).containsExactly(1, 7);
        assertThat(tokenizer.decode(4, 8, 7)).isEqualTo("ab a");
        assertThat(tokenizer.addsBos()).isTrue();
        assertThat(tokenizer.eos()).hasValue(2);
    }

    @Test
    void charactersMissingAloneStillJoin() {
        Tokenizer tokenizer = Tokenizer.of(
                tables("llama", List.of("<unk>", "<s>", "</s>", "xy", "▁"), new float[5], new int[] {2, 3, 3, 1, 1}));
        assertThat(tokenizer.encode("xyx")).containsExactly(4, 3, 0);
    }

    @Test
    void unigramKnowsTheCharacterMap() {
        // A double array with one entry: "A" leads to the replacement "a".
        int[] units = new int[300];
        units[0] = 1 << 10; // the root's offset
        units[1 ^ 'A'] = 'A' | 1 << 8 | (1 ^ 'A' ^ 2) << 10; // label, has a value, its place is 2
        units[2] = 0x8000_0000; // the value: replacement at byte 0
        ByteBuffer map = ByteBuffer.allocate(4 + 4 * units.length + 2).order(ByteOrder.LITTLE_ENDIAN);
        map.putInt(4 * units.length);
        for (int unit : units) {
            map.putInt(unit);
        }
        map.put((byte) 'a');
        VocabularyTables.Options options = new VocabularyTables.Options(
                Optional.empty(),
                Optional.empty(),
                Optional.of(true),
                Optional.of(true),
                Optional.empty(),
                Optional.empty());
        VocabularyTables tables = new VocabularyTables(
                "",
                "t5",
                "",
                List.of("<pad>", "</s>", "<unk>", "▁", "a", "▁a", "b"),
                new float[] {0, 0, 0, -2, -3, -4, -5},
                new int[] {3, 3, 2, 1, 1, 1, 1},
                List.of(),
                VocabularyTables.Ends.NONE,
                options,
                map.array());
        Tokenizer tokenizer = Tokenizer.of(tables);
        assertThat(tokenizer.encode("  A   b ")).containsExactly(5, 3, 6);
        assertThat(tokenizer.encode("   ")).isEmpty();
        assertThat(tokenizer.frame(new int[] {5})).containsExactly(5, 1);
        assertThat(tokenizer.decode(5, 3, 6)).isEqualTo("a b");
        byte[] cut = map.array().clone();
        ByteBuffer.wrap(cut).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 5000);
        refused(
                new VocabularyTables(
                        "",
                        "t5",
                        "",
                        tables.tokens(),
                        tables.scores(),
                        tables.types(),
                        List.of(),
                        tables.ends(),
                        options,
                        cut),
                "precompiled_charsmap");
    }

    @Test
    void wordPiecesAreSpelledAsTheirMakerDoes() {
        List<String> tokens = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁caf", "e", "▁!");
        VocabularyTables.Ends ends = ends(2, 3, 1);
        Tokenizer tokenizer = Tokenizer.of(new VocabularyTables(
                "",
                "bert",
                "",
                tokens,
                NO_SCORES,
                new int[] {3, 2, 3, 3, 1, 1, 1},
                List.of(),
                ends,
                VocabularyTables.Options.NONE,
                new byte[0]));
        assertThat(tokenizer.encode("CAFÉ! x")).containsExactly(4, 5, 6, 1);
        assertThat(tokenizer.spelling(5)).isEqualTo("##e");
        assertThat(tokenizer.frame(new int[] {4})).containsExactly(2, 4, 3);
        assertThat(tokenizer.decode(4, 5, 6)).isEqualTo("cafe!");
        assertThat(tokenizer.encode("caf".repeat(100))).containsExactly(1); // a word of more than 100 characters
    }

    @Test
    void bytePairsOfAFamily() {
        List<String> tokens = List.of("a", "b", "ab", "Ġ", "<|end|>", "Ġa");
        Tokenizer tokenizer = Tokenizer.of(bpe(tokens, List.of("Ġ a", "a b"), new int[] {1, 1, 1, 1, 3, 1}, "qwen2"));
        assertThat(tokenizer.encode("ab ab")).containsExactly(2, 5, 1);
        assertThat(tokenizer.frame(new int[] {2})).containsExactly(2);
        // A piece that is a token goes before the merges where the family says so.
        Tokenizer whole = Tokenizer.of(bpe(tokens, List.of("Ġ a"), new int[] {1, 1, 1, 1, 3, 1}, "llama-bpe"));
        assertThat(whole.encode("ab")).containsExactly(2);
    }

    @Test
    void contradictionsAreRefusedOneByOne() {
        List<String> three = List.of("<unk>", "<s>", "</s>");
        refused(tables("llama", List.of(), NO_SCORES, NO_TYPES), "empty");
        refused(tables("llama", three, new float[2], NO_TYPES), "2 scores");
        refused(tables("llama", three, new float[3], new int[4]), "4 token types");
        refused(tables("llama", three, new float[3], new int[] {1, 7, 1}), "type 7");
        refused(tables("llama", three, new float[] {0, Float.NaN, 0}, NO_TYPES), "not a number");
        refused(tables("llama", List.of("a", "b", "a"), new float[3], NO_TYPES), "twice");
        for (String b : List.of("<0x-1>", "<0xZZ>", "<0x1>", "x")) {
            refused(tables("llama", List.of("<unk>", "<s>", b), new float[3], new int[] {2, 3, 6}), b);
        }
        refused(tables("magic", three, new float[3], NO_TYPES), "magic");
        refused(bpe(three, List.of(), NO_TYPES, "magic"), "magic");
        refused(bpe(three, List.of("a b"), NO_TYPES, "gpt-2"), "merge 0");
        refused(bpe(three, List.of("ab"), NO_TYPES, "gpt-2"), "merge 0");
        refused(bpe(three, List.of("a "), NO_TYPES, "gpt-2"), "merge 0");
        refused(
                new VocabularyTables(
                        "",
                        "llama",
                        "",
                        three,
                        new float[3],
                        NO_TYPES,
                        List.of(),
                        ends(3, 2, 0),
                        VocabularyTables.Options.NONE,
                        new byte[0]),
                "bos_token_id = 3");
        refused(
                new VocabularyTables(
                        "",
                        "gpt2",
                        "gpt-2",
                        three,
                        NO_SCORES,
                        NO_TYPES,
                        List.of(),
                        VocabularyTables.Ends.NONE,
                        new VocabularyTables.Options(
                                Optional.of(true),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty()),
                        new byte[0]),
                "add_bos_token");
        refused(tables("bert", three, NO_SCORES, NO_TYPES), "unknown token");
        refused(
                new VocabularyTables(
                        "",
                        "t5",
                        "",
                        three,
                        new float[3],
                        NO_TYPES,
                        List.of(),
                        VocabularyTables.Ends.NONE,
                        VocabularyTables.Options.NONE,
                        new byte[] {1, 2}),
                "precompiled_charsmap");
    }

    @Test
    void emptyPiecesKeepTheirPlace() {
        Tokenizer tokenizer = Tokenizer.of(tables(
                "llama", List.of("<unk>", "<s>", "</s>", "", "▁", ""), new float[6], new int[] {2, 3, 3, 1, 1, 1}));
        assertThat(tokenizer.vocabularySize()).isEqualTo(6);
        assertThat(tokenizer.encode("[EMPTY_3]")).doesNotContain(3);
    }

    private static VocabularyTables tables(String model, List<String> tokens, float[] scores, int[] types) {
        return new VocabularyTables(
                "",
                model,
                "",
                tokens,
                scores,
                types,
                List.of(),
                VocabularyTables.Ends.NONE,
                VocabularyTables.Options.NONE,
                new byte[0]);
    }

    private static VocabularyTables bpe(List<String> tokens, List<String> merges, int[] types, String pre) {
        return new VocabularyTables(
                "",
                "gpt2",
                pre,
                tokens,
                NO_SCORES,
                types,
                merges,
                VocabularyTables.Ends.NONE,
                VocabularyTables.Options.NONE,
                new byte[0]);
    }

    private static VocabularyTables.Ends ends(int bos, int separator, int unknown) {
        return new VocabularyTables.Ends(
                OptionalInt.of(bos),
                OptionalInt.empty(),
                OptionalInt.of(unknown),
                OptionalInt.of(separator),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    private static void refused(VocabularyTables tables, String... reasons) {
        assertThatThrownBy(() -> Tokenizer.of(tables))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContainingAll(reasons);
    }
}
