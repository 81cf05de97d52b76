package dev.prairie.model.families;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.checkpoint.CheckpointException;
import dev.prairie.model.checkpoint.GgufValue;
import dev.prairie.model.checkpoint.GgufWriter;
import dev.prairie.model.checkpoint.Safetensors;
import dev.prairie.model.families.PlainModel.Weight;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Every key of every family's description with values that no maker wrote: refused as such, at once and in little memory. */
class HostileConfigTest {
    private static final List<String> VALUES = List.of(
            "null",
            "-1",
            "0",
            "1",
            "3",
            "65536",
            "2147483647",
            "4294967296",
            "0.5",
            "-0.0",
            "1e38",
            "1e400",
            "\"x\"",
            "true",
            "[]",
            "[1, 0, 1]",
            "[\"full_attention\"]",
            "{}",
            "{\"rope_type\": \"yarn\", \"factor\": 0.5}",
            "{\"rope_type\": \"linear\", \"factor\": 1e-45}",
            "{\"rope_type\": \"dynamic\", \"factor\": 1e38}",
            "{\"rope_type\": \"longrope\", \"short_factor\": [], \"long_factor\": [1e300]}");

    private static final List<GgufValue> METADATA = List.of(
            GgufValue.u32(0),
            GgufValue.u32(1),
            GgufValue.u32(3),
            GgufValue.u32(65536),
            GgufValue.u32(Integer.MAX_VALUE),
            GgufValue.u32(0xFFFF_FFFFL),
            GgufValue.of(Float.NaN),
            GgufValue.of(-1f),
            GgufValue.of(0f),
            GgufValue.of(Float.MIN_VALUE),
            GgufValue.of(Float.POSITIVE_INFINITY),
            GgufValue.of("yarn"),
            GgufValue.of(true),
            GgufValue.floats(1, 2));

    /** Heap for one description, whatever it says: as long as a list of all experts may be, and JSON's own needs. */
    private static final long MOST = 96L << 20;

    @TempDir
    Path folder;

    static Stream<String> families() {
        return StreamSupport.stream(TinyFamily.names().spliterator(), false)
                .filter(name -> !name.contains(" ") || name.equals("phi3 longrope")); // one of each family
    }

    /** Loads or is refused by {@link CheckpointException}; anything else is a fault. */
    private static void survives(String what, Path path) throws IOException {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try (Arena arena = Arena.ofShared()) {
            Checkpoint.load(path, arena).transformer();
        } catch (CheckpointException refused) {
            assertThat(refused.getMessage()).as(what).contains("expected");
        } catch (RuntimeException e) {
            throw new AssertionError(what + ": " + e, e);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).as(what).isLessThan(MOST);
    }

    @ParameterizedTest
    @MethodSource("families")
    void keysOfConfigJson(String name) throws IOException {
        TinyFamily family = TinyFamily.named(name);
        var tensors = new LinkedHashMap<String, Tensor>();
        try (Arena arena = Arena.ofConfined()) {
            for (Map.Entry<String, Weight> w : family.weights(1).entrySet())
                tensors.put(
                        w.getKey(),
                        Tensor.of(
                                arena,
                                Shape.of(w.getValue().shape()),
                                w.getValue().values()));
            Safetensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
        var keys = new ArrayList<>(family.config().propertyNames());
        keys.addAll(List.of("rope_scaling", "rope_parameters", "sliding_window", "layer_types", "head_dim"));
        keys.addAll(List.of("partial_rotary_factor", "num_experts", "num_local_experts"));
        for (String key : keys)
            for (String value : VALUES) {
                var changed = (ObjectNode) family.config();
                changed.remove(key);
                String text = new JsonMapper().writeValueAsString(changed);
                text = text.substring(0, text.length() - 1) + ", \"" + key + "\": " + value + "}";
                Files.writeString(folder.resolve("config.json"), text);
                survives(key + " " + value, folder);
            }
    }

    @ParameterizedTest
    @MethodSource("families")
    void keysOfMetadata(String name) throws IOException {
        TinyFamily family = TinyFamily.named(name);
        var spelling = new GgufSpelling(family.config(), family.weights(1));
        Map<String, GgufValue> good = spelling.metadata();
        String architecture = good.keySet().stream()
                .filter(key -> key.endsWith(".block_count"))
                .findFirst()
                .orElseThrow()
                .replace("block_count", "");
        var keys = new ArrayList<>(good.keySet());
        for (String key : List.of(
                "expert_count",
                "rope.scaling.type",
                "rope.scaling.factor",
                "attention.sliding_window",
                "rope.scaling.original_context_length",
                "rope.scaling.attn_factor",
                "rope.dimension_count")) keys.add(architecture + key);
        Path file = folder.resolve("model.gguf");
        for (String key : keys)
            for (GgufValue value : METADATA) {
                var changed = new LinkedHashMap<>(good);
                changed.put(key, value);
                GgufWriter.write(file, changed, spelling.tensors());
                survives(key + " " + value, file);
            }
    }
}
