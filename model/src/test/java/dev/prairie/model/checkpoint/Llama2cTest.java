package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.testing.Demand;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A trained model in three forms of llama2.c, with what it must say. */
class Llama2cTest {
    private final Arena arena = Arena.ofShared();

    @TempDir
    Path temporary;

    private Path folder = Path.of("");
    private Stories stories = Stories.NONE;

    @BeforeEach
    void read() throws IOException {
        folder = Demand.data("stories260k");
        stories = Stories.read();
    }

    @AfterEach
    void close() {
        arena.close();
    }

    private Transformer model(String name) throws IOException {
        return Checkpoint.load(folder.resolve(name), arena).transformer();
    }

    @ParameterizedTest
    @ValueSource(strings = {"stories260K.bin", "checkpoint_v1.bin"})
    void saysWhatItMustOnEveryDevice(String name) throws IOException {
        Checkpoint checkpoint = Checkpoint.load(folder.resolve(name), arena);
        assertThat(checkpoint.begin()).hasValue(1);
        assertThat(checkpoint.end()).containsExactly(1);
        Transformer model = checkpoint.transformer();
        assertThat(checkpoint.parameters().keySet())
                .containsExactlyElementsOf(model.config().parameterShapes().keySet());
        for (Devices.Usable device : Devices.probe().usable())
            try (Device opened = device.provider().open(2)) {
                stories.saysWhatItMust(model, opened.kernels());
            }
    }

    @Test
    void bothFloatFormsHoldTheSameBits() throws IOException {
        Transformer v0 = model("stories260K.bin");
        Transformer v1 = model("checkpoint_v1.bin");
        assertThat(v1.config()).isEqualTo(v0.config());
        v0.parameters().forEach((name, t) -> {
            Tensor other = v1.parameters().get(name);
            assertThat(other).isNotNull();
            if (other != null) assertThat(other.toFloats()).as(name).containsExactly(t.toFloats());
        });
    }

    @Test
    void quantizedFormSaysItsOwn() throws IOException {
        try (Device device = Stories.bestDevice()) {
            int[] own = stories.ids("q80", "greedy_ids");
            int[] found = Stories.greedy(model("stories260K_q80.bin"), device.kernels(), own.length);
            assertThat(found).containsExactly(own);
            assertThat(Arrays.copyOf(found, 114)).containsExactly(Arrays.copyOf(stories.ids("greedy_ids"), 114));
        }
    }

    @Test
    void keepsItsWordsInTheHuggingFaceLayout() throws IOException {
        ModelFolder.save(temporary, Checkpoint.load(folder.resolve("stories260K.bin"), arena));
        Checkpoint again = Checkpoint.load(temporary, arena);
        assertThat(again.end()).containsExactly(1);
        try (Device device = Stories.bestDevice()) {
            assertThat(Stories.greedy(again.transformer(), device.kernels(), 200))
                    .containsExactly(stories.ids("greedy_ids"));
        }
    }

    private Path copy(String name, int keep, int... intsByOffset) throws IOException {
        byte[] all = Arrays.copyOf(Files.readAllBytes(folder.resolve(name)), keep);
        ByteBuffer buffer = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < intsByOffset.length; i += 2) buffer.putInt(intsByOffset[i], intsByOffset[i + 1]);
        return Files.write(temporary.resolve("copy.bin"), all);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "stories260K.bin   | 0  | 0           | width: expected at least 1, found 0",
                "stories260K.bin   | 0  | 2147483647  | 2147483647",
                "stories260K.bin   | 4  | -172        | feed-forward width: expected at least 1, found -172",
                "stories260K.bin   | 8  | 2000000000  | by its header, found 1056540 bytes",
                "stories260K.bin   | 12 | 7           | heads 7",
                "stories260K.bin   | 16 | 3           | keyHeads 3",
                "stories260K.bin   | 20 | -512        | expected 1187612 bytes by its header, found 1056540 bytes",
                "stories260K.bin   | 20 | -2147483648 | vocabulary: expected a possible size",
                "stories260K.bin   | 24 | 511         | by its header, found 1056540 bytes",
                "checkpoint_v1.bin | 4  | 3           | version: expected 1 or 2, found 3",
                "checkpoint_v1.bin | 36 | 2           | shared head: expected 0 or 1, found 2",
                "checkpoint_v1.bin | 36 | 0           | by its header, found 1040384 bytes",
                "stories260K_q80.bin | 37 | 0         | group size: expected at least 1, found 0",
                "stories260K_q80.bin | 37 | 48        | group size: expected a divisor of the",
                "stories260K_q80.bin | 37 | 16        | by its header, found 294816 bytes",
            })
    void refusesAnImpossibleHeader(String name, int offset, int value, String message) throws IOException {
        Path broken = copy(name, (int) Files.size(folder.resolve(name)), offset, value);
        assertThatThrownBy(() -> Llama2c.load(broken, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("copy.bin");
    }

    @Test
    void refusesEveryOtherLength() throws IOException {
        int size = (int) Files.size(folder.resolve("stories260K.bin"));
        for (int keep : new int[] {0, 3, 27, 28, 255, 256, size / 2, size - 4, size - 1, size + 1, size + 4}) {
            Path broken = copy("stories260K.bin", keep);
            assertThatThrownBy(() -> Llama2c.load(broken, arena))
                    .as("%d of %d bytes", keep, size)
                    .isInstanceOf(CheckpointException.class);
        }
    }

    @Test
    void noHeaderOfNoiseDoesHarm() throws IOException {
        Random random = new Random(1);
        for (int round = 0; round < 500; round++) {
            byte[] noise = new byte[300 + random.nextInt(300)];
            random.nextBytes(noise);
            if (random.nextBoolean())
                ByteBuffer.wrap(noise).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 0x616b3432);
            Path file = Files.write(temporary.resolve("noise.bin"), noise);
            assertThatThrownBy(() -> Llama2c.load(file, arena)).isInstanceOf(CheckpointException.class);
        }
    }
}
