package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
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

    private static int mutations(byte[] seed, Consumer<byte[]> open) {
        int count = 0;
        for (int at = 0; at < seed.length; at++) {
            open.accept(Arrays.copyOf(seed, at));
            for (long number : HostileSeeds.numbers())
                for (int width : new int[] {1, 4, 8})
                    if (at + width <= seed.length) {
                        open.accept(with(seed, at, number, width));
                        count++;
                    }
        }
        Random random = new Random(1);
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
