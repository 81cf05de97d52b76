package dev.prairie.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.testing.Demand;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ScoredBpeTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    @Test
    void agreesWithLlama2c() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(Demand.data("stories260k/tok512.bin"));
        JsonNode expected = JSON.readTree(Files.readString(Demand.data("stories260k/expected.json")));
        assertThat(tokenizer.vocabularySize()).isEqualTo(512);
        assertThat(tokenizer.bos()).hasValue(1);
        assertThat(tokenizer.eos()).hasValue(2);
        int[] prompt = tokenizer.encode(expected.path("prompt").stringValue());
        assertThat(IntStream.concat(IntStream.of(1), Arrays.stream(prompt)).toArray())
                .isEqualTo(ints(expected.path("prompt_ids")));
        for (String part : List.of("cross_entropy", "cross_entropy_2")) {
            JsonNode test = expected.path(part);
            String text = test.path("text").stringValue();
            text = text.equals("greedy_text") ? expected.path("greedy_text").stringValue() : text;
            assertThat(tokenizer.encode(text)).as(part).isEqualTo(ints(test.path("ids")));
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
        int[] greedy = ints(expected.path("greedy_full_ids"));
        String text = expected.path("greedy_full_text").stringValue();
        assertThat(tokenizer.decode(greedy)).isEqualTo(text);
        assertThat(tokenizer.stream().append(1) + tokenizer.streamAfter(1).append(greedy))
                .isEqualTo(text);
        assertThat(tokenizer.streamAfter(1, 403).append(407)).startsWith(" ");
    }

    @Test
    void savesAsTokenizerJson() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(Demand.data("stories260k/tok512.bin"));
        Path file = folder.resolve("tokenizer.json");
        tokenizer.save(file);
        Tokenizer opened = Tokenizer.load(folder);
        assertThat(opened).isInstanceOf(ScoredBpe.class);
        assertThat(opened.json()).isEqualTo(tokenizer.json());
        String text = Files.readString(Demand.data("corpora/tinyshakespeare/input.txt")) + "你好 ▁ <s>";
        assertThat(opened.encode(text)).isEqualTo(tokenizer.encode(text));
        assertThat(opened.decode(opened.encode("<s> x"))).isEqualTo("<s> x");
        assertThat(opened.encodeWithSpecials("<s>x")).startsWith(1);
    }

    @Test
    void joinsTheBestScoreFirstAndTheLeftmostAmongEquals() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(file(Map.of("ab", 1f, "bc", 2f, "aa", 0f)));
        assertThat(pieces(tokenizer, "abc")).containsExactly(" ", "a", "bc");
        assertThat(pieces(tokenizer, "aaa")).containsExactly(" ", "aa", "a");
        assertThat(pieces(tokenizer, "é")).hasSize(3);
        assertThat(tokenizer.decode(tokenizer.encode("é"))).isEqualTo("é");
        assertThat(tokenizer.encode("")).isEmpty();
    }

    @Test
    void damagedFilesAreNamed() throws IOException {
        byte[] good = Files.readAllBytes(file(Map.of("ab", 1f)));
        for (int length : new int[] {2, 4, 10, good.length / 2, good.length - 1}) {
            refused(Arrays.copyOf(good, length));
        }
        byte[] flipped = good.clone();
        flipped[4 + 4 + 3] = (byte) 0x80; // a negative length
        refused(flipped);
        byte[] nan = good.clone();
        ByteBuffer.wrap(nan).order(ByteOrder.LITTLE_ENDIAN).putFloat(4, Float.NaN);
        refused(nan);
    }

    private void refused(byte[] content) throws IOException {
        Path bad = Files.write(folder.resolve("bad.bin"), content);
        assertThatThrownBy(() -> Tokenizer.load(bad))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("bad.bin");
    }

    /** A tokenizer file with all bytes, the pieces " ", "a", "b", "c" and some more with scores. */
    private Path file(Map<String, Float> scored) throws IOException {
        Map<String, Float> scores = new HashMap<>(scored);
        List<String> names = new ArrayList<>(List.of("<unk>", "\n<s>\n", "\n</s>\n"));
        for (int b = 0; b < 256; b++) {
            names.add(String.format("<0x%02X>", b));
        }
        names.addAll(List.of(" ", "a", "b", "c"));
        names.addAll(scored.keySet());
        ByteBuffer buffer =
                ByteBuffer.allocate(1 << 14).order(ByteOrder.LITTLE_ENDIAN).putInt(8);
        for (String name : names) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            buffer.putFloat(scores.getOrDefault(name, 0f)).putInt(bytes.length).put(bytes);
        }
        return Files.write(folder.resolve("t.bin"), Arrays.copyOf(buffer.array(), buffer.position()));
    }

    private static List<String> pieces(Tokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text))
                .mapToObj(id -> new String(tokenizer.bytes(id), StandardCharsets.UTF_8))
                .toList();
    }

    private static int[] ints(JsonNode array) {
        return JSON.treeToValue(array, int[].class);
    }
}
