package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
