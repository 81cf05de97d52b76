package dev.prairie.text.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.testing.Demand;
import dev.prairie.text.batch.LoaderConfig.Mode;
import dev.prairie.text.corpus.Corpus;
import dev.prairie.text.corpus.Split;
import dev.prairie.text.tokenizer.BpeTrainer;
import dev.prairie.text.tokenizer.CharacterTokenizer;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BatchLoaderTest {
    private static final Tokenizer CHARACTERS = CharacterTokenizer.learn(List.of("abcdefghij"), List.of());
    private static final Tokenizer ENDED = new BpeTrainer(257, List.of("<|endoftext|>")).train();
    private static final Tokenizer FRAMED = new BpeTrainer(258, List.of("<s>", "</s>")).train();

    @TempDir
    private Path folder;

    @Test
    void aShardGivesBackWhatWasWritten() throws IOException {
        try (Shard shard = shard(FRAMED, "hé", "x")) {
            assertThat(ids(shard)).containsExactly(256, 'h', 0xC3, 0xA9, 257, 256, 'x', 257);
            assertThat(shard.documents()).isEqualTo(2);
            assertThat(shard.start(1)).isEqualTo(5);
            assertThat(shard.end(0)).isEqualTo(5);
            assertThat(shard.end(1)).isEqualTo(8);
            assertThat(shard.textBytes()).isEqualTo(4);
            assertThat(shard.byteLength(256)).isZero();
            assertThat(shard.byteLength('x')).isEqualTo(1);
            shard.requireMadeBy(FRAMED);
            assertThatThrownBy(() -> shard.requireMadeBy(ENDED))
                    .isInstanceOf(ShardException.class)
                    .hasMessageContaining("encode the corpus again");
        }
    }

    @Test
    void oneTokenBetweenDocumentsIfItIsBothEndAndBeginning() throws IOException {
        try (Shard shard = shard(ENDED, "ab", "c")) {
            assertThat(ids(shard)).containsExactly(256, 'a', 'b', 256, 'c', 256);
            assertThat(List.of(shard.start(0), shard.end(0), shard.start(1), shard.end(1)))
                    .containsExactly(0L, 4L, 3L, 6L);
        }
    }

    @Test
    void largeVocabulariesTakeFourBytes() throws IOException {
        StringBuilder many = new StringBuilder();
        for (int c = 0x10000; c < 0x10000 + 70_000; c++) {
            many.appendCodePoint(c);
        }
        Tokenizer wide = CharacterTokenizer.learn(List.of(many.toString()), List.of());
        try (Shard shard = shard(wide, Character.toString(0x10000 + 69_999), Character.toString(0x10000))) {
            assertThat(ids(shard)).containsExactly(69_999, 0);
        }
    }

    @Test
    void everyFlippedBitAndEveryCutIsNoticed() throws IOException {
        shard(ENDED, "some text", "more").close();
        Path file = folder.resolve("t.tokens");
        byte[] good = Files.readAllBytes(file);
        Path bad = folder.resolve("bad.tokens");
        for (int i = 0; i < good.length; i++) {
            if (i >= 96 && i < ShardHeader.SIZE) {
                continue; // kept for later versions, read by none
            }
            byte[] flipped = good.clone();
            flipped[i] ^= (byte) (1 << (i % 8));
            Files.write(bad, flipped);
            assertThatThrownBy(() -> Shard.open(bad))
                    .as("byte %d", i)
                    .isInstanceOf(ShardException.class)
                    .hasMessageContaining("bad.tokens");
        }
        for (int length = 0; length < good.length; length += 7) {
            Files.write(bad, Arrays.copyOf(good, length));
            assertThatThrownBy(() -> Shard.open(bad)).isInstanceOf(ShardException.class);
        }
        byte[] inIds = good.clone();
        inIds[ShardHeader.SIZE] ^= 1;
        Files.write(bad, inIds);
        assertThatThrownBy(() -> Shard.open(bad)).hasMessageContaining("token ids");
        assertThatThrownBy(() -> Shard.open(folder.resolve("absent"))).isInstanceOf(ShardException.class);
    }

    @Test
    void anUnfinishedFileHasNoName() throws IOException {
        Path file = folder.resolve("u.tokens");
        try (ShardWriter writer = new ShardWriter(file, ENDED)) {
            writer.add("text");
        }
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void resumingGivesTheSameBatches(Mode mode) throws IOException {
        try (Shard shard = shard(ENDED, texts(40))) {
            LoaderConfig config = new LoaderConfig(mode, 3, 16, 42);
            BatchLoader straight = new BatchLoader(shard, config);
            for (int stop = 0; stop < 60; stop++) {
                BatchLoader resumed = new BatchLoader(shard, config, straight.state());
                Batch expected = straight.next();
                same(resumed.next(), expected);
                assertThat(resumed.state()).isEqualTo(straight.state());
                assertThat(expected.tokens()).isBetween(1, 48);
                assertThat(expected.predictions()).isEqualTo(expected.tokens());
            }
            assertThat(straight.epochs()).isGreaterThan(1);
            same(new BatchLoader(shard, config).next(), new BatchLoader(shard, config).next());
            LoaderConfig other = new LoaderConfig(mode, 3, 16, 43);
            assertThat(new BatchLoader(shard, other).next().ids())
                    .isNotEqualTo(new BatchLoader(shard, config).next().ids());
            assertThatThrownBy(() -> new BatchLoader(shard, other, straight.state()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("43");
        }
    }

    @Test
    void randomRowsAreWindowsOfTheStream() throws IOException {
        try (Shard shard = shard(CHARACTERS, "abcdefghij")) {
            BatchLoader loader = new BatchLoader(shard, new LoaderConfig(Mode.RANDOM, 4, 3, 1));
            Map<Integer, Integer> firsts = new HashMap<>();
            for (int i = 0; i < 200; i++) {
                Batch batch = loader.next();
                assertThat(batch.starts()).containsExactly(0, 3, 6, 9, 12);
                assertThat(batch.positions()).containsExactly(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2);
                for (int t = 0; t < 12; t++) {
                    assertThat(batch.targets()[t]).isEqualTo(batch.ids()[t] + 1);
                }
                for (int row = 0; row < 4; row++) {
                    firsts.merge(batch.ids()[3 * row], 1, Integer::sum);
                }
            }
            assertThat(firsts.keySet()).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6);
            assertThat(firsts.values()).allMatch(count -> count > 60 && count < 180);
        }
    }

    @Test
    void packedEpochsHoldEveryPredictionOnceAndCrossNoDocument() throws IOException {
        String[] texts = texts(12);
        try (Shard shard = shard(ENDED, texts)) {
            long predictions = new Rows(shard, new LoaderConfig(Mode.PACKED, 1, 1, 7)).predictions();
            BatchLoader loader = new BatchLoader(shard, new LoaderConfig(Mode.PACKED, 1, 1, 7));
            List<List<Integer>> epochs = new ArrayList<>();
            for (int epoch = 0; epoch < 2; epoch++) {
                List<Integer> targets = new ArrayList<>();
                for (long i = 0; i < predictions; i++) {
                    targets.add(loader.next().targets()[0]);
                }
                epochs.add(targets);
            }
            assertThat(epochs.get(0)).isNotEqualTo(epochs.get(1)).hasSameElementsAs(epochs.get(1));
            assertThat(loader.state().epoch()).isEqualTo(2);
            List<Integer> inOrder = new ArrayList<>();
            new Validation(shard, new LoaderConfig(Mode.PACKED, 1, 1, 7))
                    .forEach(batch -> inOrder.add(batch.targets()[0]));
            assertThat(epochs.get(0)).hasSameElementsAs(inOrder).hasSize(inOrder.size());
            assertThat(documentsOf(inOrder)).containsExactly(texts);

            Batch batch = new BatchLoader(shard, new LoaderConfig(Mode.PACKED, 4, 50, 7)).next();
            assertThat(batch.sequences()).isGreaterThanOrEqualTo(4);
            for (int s = 0; s < batch.sequences(); s++) {
                for (int t = batch.starts()[s]; t < batch.starts()[s + 1]; t++) {
                    assertThat(batch.positions()[t]).isEqualTo(t - batch.starts()[s]);
                    if (t > batch.starts()[s]) {
                        assertThat(batch.ids()[t])
                                .isEqualTo(batch.targets()[t - 1])
                                .isNotEqualTo(256);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void validationPredictsEveryTokenOnce(Mode mode) throws IOException {
        String[] texts = texts(9);
        try (Shard shard = shard(ENDED, texts)) {
            Validation validation = new Validation(shard, new LoaderConfig(mode, 2, 13, 0));
            int predictions = 0;
            long bytes = 0;
            for (Batch batch : validation) {
                predictions += batch.predictions();
                bytes += batch.bytes();
                assertThat(batch.tokens()).isLessThanOrEqualTo(26);
            }
            assertThat(predictions).isEqualTo((int) validation.predictions());
            List<Integer> targets = new ArrayList<>(); // row by row they are the text in order
            for (Batch batch : new Validation(shard, new LoaderConfig(mode, 1, 13, 0))) {
                for (int target : batch.targets()) {
                    targets.add(target);
                }
            }
            assertThat(documentsOf(targets)).containsExactly(texts);
            int[] second = validation.batch(0).targets();
            int half = validation.batches() * 13; // the second row of a batch lies half the text away from the first
            assertThat(Arrays.copyOfRange(second, 13, 26))
                    .containsExactly(targets.subList(half, half + 13).stream()
                            .mapToInt(Integer::intValue)
                            .toArray());
            assertThat(bytes).isEqualTo(shard.textBytes());
            same(validation.batch(1), validation.batch(1));
            assertThatThrownBy(() -> validation.batch(validation.batches()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void tooLittleTextIsAClearMistake() throws IOException {
        try (Shard shard = shard(CHARACTERS, "abc")) {
            assertThatThrownBy(() -> new BatchLoader(shard, new LoaderConfig(Mode.RANDOM, 1, 3, 0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("3 tokens")
                    .hasMessageContaining("4");
        }
        try (Shard shard = shard(CHARACTERS)) {
            assertThatThrownBy(() -> new Validation(shard, new LoaderConfig(Mode.PACKED, 1, 3, 0)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new Batch(new int[2], new int[2], new int[2], new int[] {0, 0, 2}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Batch(new int[2], new int[1], new int[2], new int[] {0, 2}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shakespeareIsPartedAsNanoGptDoes() throws IOException {
        Path file = Demand.data("corpora/tinyshakespeare/input.txt");
        Corpus corpus = Corpus.open(file);
        Tokenizer tokenizer = CharacterTokenizer.learn(List.of(Files.readString(file)), List.of());
        EncodedCorpus encoded = EncodedCorpus.write(corpus, tokenizer, new Split(0.1), folder);
        try (Shard train = Shard.open(encoded.train());
                Shard validation = Shard.open(encoded.validation())) {
            assertThat(train.tokens()).isEqualTo(1_003_854);
            assertThat(validation.tokens()).isEqualTo(111_540);
            assertThat(encoded.report().documents()).isEqualTo(1);
            Batch batch = new BatchLoader(train, new LoaderConfig(Mode.RANDOM, 12, 64, 1337)).next();
            assertThat(batch.tokens()).isEqualTo(768);
            assertThat(batch.bytes()).isEqualTo(768);
        }
    }

    private Shard shard(Tokenizer tokenizer, String... texts) throws IOException {
        Path file = folder.resolve("t.tokens");
        try (ShardWriter writer = new ShardWriter(file, tokenizer)) {
            for (String text : texts) {
                writer.add(text);
            }
            writer.finish();
        }
        return Shard.open(file);
    }

    private static String[] texts(int count) {
        String[] texts = new String[count];
        for (int i = 0; i < count; i++) {
            texts[i] = "document " + i + " says " + "la".repeat((i * 7) % 11) + " é.";
        }
        return texts;
    }

    /** Cuts a stream of targets at the end token and spells the parts. */
    private static List<String> documentsOf(List<Integer> targets) {
        List<String> documents = new ArrayList<>();
        List<Integer> ids = new ArrayList<>();
        for (int target : targets) {
            if (target == 256) {
                byte[] bytes = new byte[ids.size()];
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = ids.get(i).byteValue();
                }
                documents.add(new String(bytes, StandardCharsets.UTF_8));
                ids.clear();
            } else {
                ids.add(target);
            }
        }
        return documents;
    }

    private static void same(Batch found, Batch expected) {
        assertThat(found).usingRecursiveComparison().isEqualTo(expected);
    }

    private static int[] ids(Shard shard) {
        int[] ids = new int[(int) shard.tokens()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = shard.id(i);
        }
        return ids;
    }
}
