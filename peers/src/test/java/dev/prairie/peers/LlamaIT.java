package dev.prairie.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.app.peer.LlamaPeer;
import dev.prairie.app.peer.PeerException;
import dev.prairie.testing.Demand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** llama.cpp computes what is known of a small model: the comparison compares like with like. */
class LlamaIT {
    private static LlamaPeer peer;

    @TempDir
    Path folder;

    private JsonNode expected;

    @BeforeAll
    static void start() {
        peer = LlamaPeer.start(root(), 2);
    }

    @AfterAll
    static void close() {
        peer.close();
    }

    private static Path root() {
        return Path.of(System.getProperty("prairie.root"));
    }

    @BeforeEach
    void open() throws Exception {
        Path data = Demand.data("stories260k");
        expected = JsonMapper.shared().readTree(Files.readString(data.resolve("expected.json")));
        assertThat(peer.open(data.resolve("stories260K.gguf"), 512, false)).isPositive();
    }

    @Test
    void namesItsBuildAndWhatItWasCompiledFor() {
        assertThat(peer.name()).matches("llama\\.cpp b4916 \\(.*AVX2.*\\)");
    }

    @Test
    void greedyIdsAreTheKnownOnes() {
        assertThat(peer.greedy(new int[] {1}, greedy().length)).isEqualTo(greedy());
    }

    private int[] greedy() {
        return JsonMapper.shared().convertValue(expected.path("greedy_ids"), int[].class);
    }

    @Test
    void logitsAreTheKnownOnes() {
        float[] logits = peer.logits(new int[] {1});

        assertThat(logits).hasSize(512);
        for (JsonNode best : expected.path("logits").path(0).path("top5"))
            assertThat((double) logits[best.path(0).intValue()])
                    .isCloseTo(best.path(1).doubleValue(), within(5e-3)); // its cache holds F16
    }

    @Test
    void textBecomesTheKnownIds() {
        int[] known = JsonMapper.shared().convertValue(expected.path("prompt_ids"), int[].class);

        assertThat(peer.tokenize(expected.path("prompt").stringValue())).isEqualTo(known);
    }

    @Test
    void perplexityOfItsOwnWritingIsLow() {
        String text = expected.path("greedy_text").stringValue();

        assertThat(peer.perplexity(text, 64)).isBetween(1.0, 3.0);
        assertThat(peer.perplexity(text.repeat(3).toUpperCase(Locale.ROOT), 64)).isGreaterThan(10);
    }

    @Test
    void timesGrowWithTheTokens() {
        assertThat(peer.prefill(512)).isGreaterThan(peer.prefill(32));
        assertThat(peer.decode(256)).isGreaterThan(peer.decode(8));
    }

    @Test
    void tiledAttentionSaysTheSame() {
        peer.open(Demand.data("stories260k").resolve("stories260K.gguf"), 512, true);

        assertThat(peer.greedy(new int[] {1}, 50)).isEqualTo(Arrays.copyOf(greedy(), 50));
    }

    @Test
    void fileThatIsNoModelIsRefusedWithItsReason() throws Exception {
        Path file = Files.writeString(folder.resolve("no model.gguf"), "GGUF, but not really");

        try (LlamaPeer other = LlamaPeer.start(root(), 1)) {
            assertThatThrownBy(() -> other.open(file, 64, false))
                    .isInstanceOf(PeerException.class)
                    .hasMessageContaining("does not load")
                    .hasMessageContaining("no model.gguf");
        }
    }
}
