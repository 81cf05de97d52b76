package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every good file with every number in every place, cut off at every byte, and with noise: the same each time. What a
 * search guided by coverage finds beyond that: {@link GgufFuzz}, {@link SafetensorsFuzz}.
 */
class HostileTest {
    static Stream<byte[]> gguf() {
        return HostileSeeds.gguf();
    }

    static Stream<byte[]> safetensors() {
        return HostileSeeds.safetensors();
    }

    @ParameterizedTest
    @MethodSource("gguf")
    void opensEveryMutationOfAGgufFile(byte[] seed) {
        Hostile.gguf(seed);
        assertThat(mutations(seed, Hostile::gguf)).isGreaterThan(800);
    }

    @ParameterizedTest
    @MethodSource("safetensors")
    void opensEveryMutationOfASafetensorsFile(byte[] seed) {
        Hostile.safetensors(seed);
        assertThat(mutations(seed, Hostile::safetensors)).isGreaterThan(300);
    }

    /** What the metadata says of the model is as hostile as the rest. */
    @Test
    void loadsEveryMutationOfAModel(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("model.gguf");
        try (Arena arena = Arena.ofConfined()) {
            var model = new Checkpoint(
                    Transformer.initialise(TransformerConfig.llama(5, 4, 1, 4, 2, 1, 3, false), arena, 1));
            GgufWriter.write(file, GgufModel.metadata(model), GgufModel.entries(model));
        }
        byte[] seed = Files.readAllBytes(file);
        Hostile.model(seed);
        assertThat(mutations(seed, Hostile::model)).isGreaterThan(1000);
    }

    /** An adapter's pairs, and that they are one. */
    @Test
    void loadsEveryMutationOfAnAdapter(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("adapter.gguf");
        var base = TransformerConfig.llama(5, 4, 1, 4, 2, 1, 3, false);
        try (Arena arena = Arena.ofConfined()) {
            var tensors = List.of(
                    TensorEntry.of("blk.0.attn_q.weight.lora_a", Tensor.of(arena, Shape.of(1, 4), 1, 2, 3, 4)),
                    TensorEntry.of("blk.0.attn_q.weight.lora_b", Tensor.of(arena, Shape.of(4, 1), 1, 2, 3, 4)));
            var values = new LinkedHashMap<String, GgufValue>();
            values.put("general.type", GgufValue.of("adapter"));
            values.put("adapter.type", GgufValue.of("lora"));
            values.put("general.architecture", GgufValue.of("llama"));
            values.put("adapter.lora.alpha", GgufValue.of(8f));
            GgufWriter.write(file, values, tensors);
        }
        byte[] seed = Files.readAllBytes(file);
        Hostile.adapter(seed, base);
        assertThat(mutations(seed, bytes -> Hostile.adapter(bytes, base))).isGreaterThan(800);
    }

    @Test
    void readsEveryMutationOfAnAdaptersConfiguration() {
        byte[] seed =
                ("{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 8, \"use_rslora\": true, \"bias\": \"none\","
                                + " \"alpha_pattern\": {\"k_proj\": 3, \".*[0-9].*(k|v)_proj\": 2}, \"use_dora\": false}")
                        .getBytes(StandardCharsets.UTF_8);
        Hostile.peft(seed);
        assertThat(mutations(seed, Hostile::peft)).isGreaterThan(800);
    }

    private static int mutations(byte[] seed, Consumer<byte[]> open) {
        int count = 0;
        Random random = new Random(1);
        List<Long> numbers = HostileSeeds.numbers();
        int tries = seed.length < 400 ? numbers.size() : 2; // of a large file each place gets some of the numbers
        for (int at = 0; at < seed.length; at++) {
            open.accept(Arrays.copyOf(seed, at));
            for (int i = 0; i < tries; i++) {
                long number = numbers.get(tries == numbers.size() ? i : random.nextInt(numbers.size()));
                for (int width : new int[] {1, 4, 8})
                    if (at + width <= seed.length) {
                        open.accept(with(seed, at, number, width));
                        count++;
                    }
            }
        }
        for (int round = 0; round < 500; round++) {
            byte[] noisy = seed.clone();
            for (int flips = 1 + random.nextInt(8); flips > 0; flips--)
                noisy[random.nextInt(seed.length)] = (byte) random.nextInt();
            open.accept(noisy);
        }
        return count;
    }

    private static byte[] with(byte[] seed, int at, long number, int width) {
        byte[] changed = seed.clone();
        byte[] bytes = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(number)
                .array();
        System.arraycopy(bytes, 0, changed, at, width);
        return changed;
    }
}
