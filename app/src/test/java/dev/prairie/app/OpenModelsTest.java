package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.checkpoint.AdapterFile;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.generate.Embedder;
import dev.prairie.model.generate.Sampling;
import dev.prairie.model.transformer.Adapter;
import dev.prairie.model.transformer.HeadForm.Pooling;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.serve.engine.Event;
import dev.prairie.serve.engine.Request;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.resident.ModelUnavailableException;
import dev.prairie.serve.resident.ModelsOnDemand;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.testing.Demand;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
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

    @Test
    void anAdapterIsAskedForLikeAModel() throws Exception {
        Path file = adapter();
        try (OpenModels open = OpenModels.of(
                List.of(stories("base"), stories("b")),
                null,
                Map.of("poet", file),
                ModelsOnDemand.NEVER,
                new DeviceOptions(),
                new CacheOptions(),
                new EngineOptions())) {
            assertThat(open.names()).isEqualTo("base, poet, b");
            try (Lease base = open.models().lease("base").orElseThrow();
                    Lease poet = open.models().lease("poet").orElseThrow()) {
                assertThat(poet.card().base()).isEqualTo("base");
                ServedModel model = (ServedModel) poet.model();
                int[] prompt = model.encode("Once upon");
                assertThat(said(poet, prompt)).isEqualTo(alone(model, "poet", prompt));
                assertThat(said(base, prompt))
                        .isEqualTo(alone(model, null, prompt))
                        .isNotEqualTo(said(poet, prompt));
            }
        }
    }

    /** Small random numbers beside every projection. */
    private Path adapter() throws IOException {
        try (Arena arena = Arena.ofShared()) {
            TransformerConfig base = Checkpoint.load(Demand.data("stories260k/stories260K.gguf"), arena)
                    .config();
            var random = new Random(1);
            var weights = new LinkedHashMap<String, LowRank>();
            base.projections()
                    .forEach((name, shape) -> weights.put(
                            name,
                            new LowRank(
                                    numbers(arena, random, 4, shape.dim(1)),
                                    numbers(arena, random, 4, shape.dim(0)),
                                    1)));
            Path to = folder.resolve("poet");
            AdapterFile.save(to, new Adapter("poet", weights), base);
            return to;
        }
    }

    private static Tensor numbers(Arena arena, Random random, int rows, int columns) {
        Tensor tensor = Tensor.zeros(arena, Shape.of(rows, columns));
        for (long i = 0; i < tensor.shape().size(); i++) tensor.set(i, 0.1f * (float) random.nextGaussian());
        return tensor;
    }

    private static String said(Lease lease, int[] prompt) throws InterruptedException {
        var text = new StringBuilder(); // the latch hands it over
        var ended = new CountDownLatch(1);
        Request request = Request.builder(prompt, 20)
                .sampling(Sampling.GREEDY)
                .adapter(lease.adapter())
                .build();
        lease.engine().submit(List.of(request), (choice, event) -> {
            if (event instanceof Event.Text more) text.append(more.text());
            if (event instanceof Event.Finished || event instanceof Event.Failed) ended.countDown();
        });
        ended.await();
        return text.toString();
    }

    private static String alone(ServedModel model, @Nullable String adapter, int[] prompt) {
        int[] ids = model.generator(adapter).generate(prompt, 20, Sampling.GREEDY, id -> !model.endsText(id));
        return model.tokenizer().streamAfter(prompt).append(ids);
    }
}
