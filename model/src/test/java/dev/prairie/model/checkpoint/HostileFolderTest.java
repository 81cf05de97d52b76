package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** A folder from a hub whose JSON files say anything at all: loaded, or refused with the file's name, at little cost. */
class HostileFolderTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long MOST_HEAP = 8 << 20;
    private static final List<String> VALUES = List.of(
            "0",
            "-1",
            "1",
            "7",
            "0.5",
            "1e300",
            "2147483647",
            "4294967296",
            "9223372036854775807",
            "12345678901234567890123",
            "\"\"",
            "\"7\"",
            "true",
            "null",
            "[]",
            "[1, \"x\", {}]",
            "{}",
            "{\"type\": 7, \"rope_type\": \"yarn\", \"factor\": 0}");

    @TempDir
    Path folder;

    private static TransformerConfig config(String form) {
        return form.equals("gpt2")
                ? TransformerConfig.gpt2(7, 5, 1, 6, 2)
                : TransformerConfig.llama(7, 5, 2, 8, 2, 1, 6, form.equals("tied llama"));
    }

    private void save(String form) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            ModelFolder.save(folder, new Checkpoint(Transformer.initialise(config(form), arena, 1)));
        }
    }

    private void loads(String what) throws IOException {
        long heap = 0;
        for (int round = 0; round < 3; round++) { // the first ones load classes
            long before = THREADS.getCurrentThreadAllocatedBytes();
            try (Arena arena = Arena.ofConfined()) {
                assertThat(Checkpoint.load(folder, arena).parameters()).isNotEmpty();
            } catch (CheckpointException refused) {
                assertThat(refused).hasMessageContaining(folder.toString());
            } catch (RuntimeException e) {
                fail(what, e);
            }
            heap = THREADS.getCurrentThreadAllocatedBytes() - before;
            if (heap < MOST_HEAP) return;
        }
        assertThat(heap).as("heap for %s", what).isLessThan(MOST_HEAP);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "tied llama"})
    void everyValueOfTheConfiguration(String form) throws IOException {
        save(form);
        Path file = folder.resolve(ConfigFile.FILE);
        ObjectNode good = (ObjectNode) MAPPER.readTree(file);
        good.remove(Checksum.KEY);
        for (String more : List.of("rope_scaling", "rope_parameters", "sliding_window", "n_inner", "head_dim"))
            if (!good.has(more)) good.putNull(more);
        for (String key : List.copyOf(good.propertyNames()))
            for (String value : VALUES) {
                ObjectNode bad = good.deepCopy();
                bad.set(key, MAPPER.readTree(value));
                Files.writeString(file, MAPPER.writeValueAsString(bad));
                loads(key + " = " + value);
            }
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "generation_config.json", "model.safetensors.index.json"})
    void textThatIsNoObject(String name) throws IOException {
        save("llama");
        if (name.endsWith("index.json")) Files.delete(folder.resolve(Safetensors.FILE));
        for (String text :
                List.of("", "[", "7", "{\"a\": 1, \"a\": 2}", "[".repeat(100_000), "{\"a\":".repeat(100_000))) {
            Files.writeString(folder.resolve(name), text);
            try (Arena arena = Arena.ofConfined()) {
                assertThatThrownBy(() -> Checkpoint.load(folder, arena))
                        .isInstanceOf(CheckpointException.class)
                        .hasMessageContaining(name);
            }
        }
    }

    @Test
    void anIndexThatLeadsOutOfTheFolder() throws IOException {
        save("llama");
        Files.move(folder.resolve(Safetensors.FILE), folder.resolve("elsewhere"));
        for (String shard : List.of(
                "../model.safetensors", "/etc/passwd", "a/b.safetensors", "elsewhere", "none.safetensors", "")) {
            JsonNode map = MAPPER.createObjectNode().put("model.norm.weight", shard);
            Files.writeString(
                    folder.resolve(Safetensors.INDEX),
                    MAPPER.writeValueAsString(MAPPER.createObjectNode().set("weight_map", map)));
            try (Arena arena = Arena.ofConfined()) {
                assertThatThrownBy(() -> Checkpoint.load(folder, arena))
                        .as(shard)
                        .isInstanceOf(CheckpointException.class);
            }
        }
    }
}
