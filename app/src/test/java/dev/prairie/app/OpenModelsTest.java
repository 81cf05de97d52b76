package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.generate.Embedder;
import dev.prairie.model.transformer.HeadForm.Pooling;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.resident.ModelUnavailableException;
import dev.prairie.serve.resident.ModelsOnDemand;
import dev.prairie.tensor.Tensor;
import dev.prairie.testing.Demand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The models of a server, from files. */
@Timeout(120)
final class OpenModelsTest {
    @TempDir
    private Path folder;

    private static OpenModels.Named named(String name, Path path) {
        return new OpenModels.Named(name, path);
    }

    private static OpenModels open(Duration idle, OpenModels.Named... models) {
        return OpenModels.of(
                List.of(models), null, Map.of(), idle, new DeviceOptions(), new CacheOptions(), new EngineOptions());
    }

    private static OpenModels.Named stories(String name) {
        return named(name, Demand.data("stories260k/stories260K.gguf"));
    }

    private static float[] vector(Lease lease, String text) {
        ServedModel model = (ServedModel) lease.model();
        List<int[]> ids = List.of(model.encode(text));
        float[] vector = lease.encoder().embed(ids, Pooling.LAST).getFirst();
        assertThat(vector)
                .isEqualTo(new Embedder(model.transformer(), model.kernels(), Pooling.LAST)
                        .embed(ids)
                        .getFirst());
        return vector;
    }

    private static Tensor weights(Lease lease) {
        return ((ServedModel) lease.model())
                .transformer()
                .parameters()
                .values()
                .iterator()
                .next();
    }

    @Test
    void memoryIsGivenBackWhenAModelIsIdleAndItComesBackTheSame() throws InterruptedException {
        Tensor first;
        Tensor second;
        float[] before;
        try (OpenModels open = open(Duration.ofMillis(200), stories("a"), stories("b"))) {
            assertThat(open.names()).isEqualTo("a, b");
            try (Lease a = open.models().lease("a").orElseThrow();
                    Lease b = open.models().lease("b").orElseThrow()) {
                before = vector(a, "Once upon a time");
                assertThat(vector(b, "Once upon a time")).isEqualTo(before);
                first = weights(a);
                second = weights(b);
                assertThat(open.models().loaded()).hasSize(2);
            }
            while (!open.models().loaded().isEmpty()
                    || first.segment().scope().isAlive()
                    || second.segment().scope().isAlive()) {
                Thread.sleep(10);
            }
            try (Lease again = open.models().lease("a").orElseThrow()) {
                assertThat(vector(again, "Once upon a time")).isEqualTo(before);
                first = weights(again);
            }
        }
        assertThat(first.segment().scope().isAlive()).isFalse();
    }

    @Test
    void whatIsWrongWithTheFirstIsSaidAtOnceAndWithAnotherWhenItIsAskedFor() throws IOException {
        Path damaged = Files.write(folder.resolve("damaged.gguf"), new byte[] {'G', 'G', 'U', 'F', 3, 0, 0, 0, 1});
        assertThatThrownBy(() -> open(ModelsOnDemand.NEVER, named("x", damaged), stories("a"))
                        .close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("damaged.gguf");
        try (OpenModels open = open(ModelsOnDemand.NEVER, stories("a"), named("x", damaged))) {
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> open.models().lease("x").orElseThrow().close())
                        .isInstanceOf(ModelUnavailableException.class)
                        .hasMessageContaining("the model x cannot be loaded")
                        .hasMessageContaining("damaged.gguf");
            }
            assertThat(open.models().loaded()).hasSize(1);
        }
    }

    @Test
    void aModelHasItsOwnNameOrAnother() throws IOException {
        Path path = Files.createDirectory(folder.resolve("small=1"));
        assertThat(ModelOptions.named(path.toString())).isEqualTo(named("small=1", path));
        assertThat(ModelOptions.named("chat=" + path)).isEqualTo(named("chat", path));
        assertThatThrownBy(() -> ModelOptions.named("chat=" + folder.resolve("none")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no model at " + folder.resolve("none"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"=x", " =x", "x="})
    void halfANameIsRefused(String given) {
        assertThatThrownBy(() -> ModelOptions.named(given))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("give PATH or NAME=PATH");
    }

    @ParameterizedTest
    @CsvSource({"90s, PT1M30S", "30m, PT30M", "2h, PT2H", "1d, PT24H", "0s, PT0S"})
    void anIdleTimeIsANumberWithItsUnit(String given, Duration time) {
        assertThat(ModelOptions.idle(given)).isEqualTo(time);
    }

    @ParameterizedTest
    @ValueSource(strings = {"5", "", "-1s", "1w", "1.5h", "99999999s", "Never"})
    void anotherIdleTimeIsRefused(String given) {
        assertThat(ModelOptions.idle("never")).isEqualTo(ModelsOnDemand.NEVER);
        assertThatThrownBy(() -> ModelOptions.idle(given))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--idle is " + given);
    }
}
