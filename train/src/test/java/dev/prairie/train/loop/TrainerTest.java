package dev.prairie.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.DeviceException;
import dev.prairie.tensor.device.Devices;
import dev.prairie.text.batch.Batch;
import dev.prairie.text.batch.Shard;
import dev.prairie.text.corpus.CorpusException;
import dev.prairie.text.tokenizer.Tokenizer;
import dev.prairie.train.checkpoint.DamagedCheckpointException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
    @TempDir
    Path folder;

    private final Device device =
            Devices.probe().choose(Optional.empty()).provider().open(2);
    private Path corpus;

    @BeforeEach
    void corpus() throws Exception {
        var text = new StringBuilder();
        var random = new Random(1);
        for (int i = 0; i < 3000; i++)
            text.append(List.of("the cat ", "sat on ", "a mat. ", "Then it ", "slept.\n")
                    .get(random.nextInt(5)));
        corpus = Files.writeString(folder.resolve("corpus.txt"), text);
    }

    @AfterEach
    void close() {
        device.close();
    }

    private static Recipe recipe(Map<String, String> changes) {
        Recipe small = Recipes.with(
                Recipe.DEFAULTS,
                Map.of(
                        "layers", "2",
                        "width", "32",
                        "context", "24",
                        "batch", "4",
                        "steps", "20",
                        "vocabulary", "300",
                        "warmup", "2",
                        "validateEvery", "7",
                        "sampleEvery", "9",
                        "sampleTokens", "5"));
        return Recipes.with(small, changes);
    }

    private RunFolder run(String name) {
        return new RunFolder(folder.resolve(name));
    }

    private Outcome train(String name, Recipe recipe) {
        try (Trainer trainer = Trainer.start(corpus, recipe, run(name), device, TrainingListener.NONE)) {
            return trainer.run();
        }
    }

    /** Ends a run after so many steps, as Ctrl-C does. */
    private Outcome interrupt(String name, Recipe recipe, int after) {
        var stop = new Trainer[1];
        var listener = new TrainingListener() {
            @Override
            public void step(Metrics.Line line, int steps, double secondsLeft) {
                if (line.step() == after) stop[0].stop();
            }
        };
        try (Trainer trainer = Trainer.start(corpus, recipe, run(name), device, listener)) {
            stop[0] = trainer;
            return trainer.run();
        }
    }

    private Outcome resume(String name) {
        try (Trainer trainer = Trainer.resume(run(name), device, TrainingListener.NONE)) {
            return trainer.run();
        }
    }

    private byte[] weights(String name) throws Exception {
        return Files.readAllBytes(run(name).model().resolve("model.safetensors"));
    }

    @Test
    void resumingGivesTheBitsOfOneGo() throws Exception {
        for (var changes : List.of(
                Map.<String, String>of(),
                Map.of("form", "gpt2", "accumulation", "2", "loader", "random", "recompute", "true"))) {
            String tag = changes.isEmpty() ? "a" : "b";
            Outcome whole = train("whole" + tag, recipe(changes));
            Outcome half = interrupt("half" + tag, recipe(changes), 10);
            assertThat(half.finished()).isFalse();
            assertThat(run("half" + tag).finished()).isFalse();
            assertThat(half.step()).isEqualTo(10);
            Outcome rest = resume("half" + tag);
            assertThat(rest.finished()).isTrue();
            assertThat(rest.loss()).isEqualTo(whole.loss());
            assertThat(rest.valLoss()).isEqualTo(whole.valLoss());
            assertThat(weights("half" + tag)).isEqualTo(weights("whole" + tag));
            List<Metrics.Line> lines = Metrics.read(run("half" + tag).metrics());
            assertThat(lines).extracting(Metrics.Line::step).hasSize(20).isSorted();
            assertThat(lines.getLast().loss())
                    .isEqualTo(
                            Metrics.read(run("whole" + tag).metrics()).getLast().loss());
        }
    }

    @Test
    void thePrecisionOfARunIsThatOfItsRecipeAlsoWhenResumed() throws Exception {
        var tiny = Map.of(
                "layers",
                "1",
                "width",
                "8",
                "heads",
                "2",
                "context",
                "8",
                "batch",
                "2",
                "steps",
                "4",
                "vocabulary",
                "260");
        var half = Recipes.with(recipe(tiny), Map.of("precision", "bf16", "sampleEvery", "0", "validateBatches", "1"));
        try (Device reference =
                Devices.probe().choose(Optional.of("reference")).provider().open(1)) {
            var stop = new Trainer[1];
            var listener = new TrainingListener() {
                @Override
                public void step(Metrics.Line line, int steps, double secondsLeft) {
                    if (line.step() == 2) stop[0].stop();
                }
            };
            for (var recipe : List.of(half, Recipes.with(half, Map.of("precision", "f32")))) {
                String name = recipe.precision().toString();
                try (Trainer trainer = Trainer.start(corpus, recipe, run(name), reference, TrainingListener.NONE)) {
                    trainer.run();
                }
            }
            try (Trainer trainer = Trainer.start(corpus, half, run("resumed"), reference, listener)) {
                stop[0] = trainer;
                trainer.run();
            }
            try (Trainer trainer = Trainer.resume(run("resumed"), reference, TrainingListener.NONE)) {
                trainer.run();
            }
        }
        assertThat(Recipes.read(run("BF16").recipe()).precision()).isEqualTo(Recipe.Precision.BF16);
        assertThat(weights("resumed")).isEqualTo(weights("BF16"));
        assertThat(weights("F32")).isNotEqualTo(weights("BF16"));
    }

    @Test
    void aPrecisionThatTheDeviceLacksIsRefusedBeforeAnythingIsWritten() {
        try (Device vector =
                Devices.probe().choose(Optional.of("cpu:vector")).provider().open(1)) {
            assertThatThrownBy(() -> Trainer.start(
                            corpus, recipe(Map.of("precision", "bf16")), run("none"), vector, TrainingListener.NONE))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageContaining("cpu:vector offers precision [F32], not BF16");
            assertThat(run("none").description()).doesNotExist();
        }
    }

    @Test
    void learnsAndLeavesAFolderThatHoldsEverything() throws Exception {
        Outcome outcome = train("run", recipe(Map.of("steps", "120", "learningRate", "0.01")));
        List<Metrics.Line> lines = Metrics.read(run("run").metrics());
        assertThat(lines.getFirst().loss()).isBetween(5.0, 6.5); // ln 300 = 5.7: it knows nothing
        assertThat(outcome.valLoss().orElseThrow()).isLessThan(2.5);
        assertThat(outcome.valBitsPerByte().orElseThrow()).isLessThan(1.2).isPositive();
        assertThat(lines.getLast().valLoss()).isEqualTo(outcome.valLoss());
        assertThat(lines).allSatisfy(l -> assertThat(l.mfu()).isBetween(0.0, 1.0));
        assertThat(Files.readString(run("run").plot())).startsWith("<svg").contains("validation ");
        assertThat(Files.readString(run("run").description())).contains("\"finished\"");
        assertThat(run("run").finished()).isTrue();
        assertThat(Recipes.read(run("run").recipe()).steps()).isEqualTo(120);
        assertThat(run("run").saved()).hasSizeBetween(1, 2);

        // What was written is the model that was measured.
        Tokenizer tokenizer = Tokenizer.load(run("run").model());
        try (Arena arena = Arena.ofShared();
                Slab slab = new Slab();
                Shard shard = Shard.open(run("run").validationTokens())) {
            Transformer model = Checkpoint.load(run("run").model(), arena).transformer();
            assertThat(model.config().vocabulary()).isEqualTo(tokenizer.vocabularySize());
            int[] ids = new int[20];
            int[] targets = new int[20];
            for (int i = 0; i < 20; i++) {
                ids[i] = shard.id(i + 1);
                targets[i] = shard.id(i + 2);
            }
            var ops = new Ops(device.kernels(), slab);
            float[] losses = ops.crossEntropy(model.forward(ops, Tokens.sequence(0, ids), KvCache.NONE), targets)
                    .toFloats();
            double mean = 0;
            for (float l : losses) mean += l / 20;
            assertThat(mean).isLessThan(3);
        }
    }

    @Test
    void aDamagedCheckpointIsNamedAndThePreviousOneKept() throws Exception {
        interrupt("run", recipe(Map.of("checkpointEvery", "5")), 12);
        List<Path> saved = run("run").saved();
        assertThat(saved).hasSize(2);
        byte[] good = Files.readAllBytes(saved.getFirst());
        byte[] flipped = good.clone();
        flipped[good.length - 100] ^= 4;
        for (byte[] bad : List.of(flipped, Arrays.copyOf(good, good.length / 2))) {
            Files.write(saved.getFirst(), bad);
            assertThatThrownBy(() -> resume("run"))
                    .isInstanceOf(DamagedCheckpointException.class)
                    .hasMessageContaining(saved.getFirst().getFileName().toString())
                    .hasMessageContaining("resume from " + saved.get(1).getFileName());
            assertThat(saved.get(1)).exists();
        }
        Files.delete(saved.getFirst());
        assertThat(resume("run").step()).isEqualTo(20);
    }

    @Test
    void badCorporaAreRefusedAndLeaveNothingBehind() throws Exception {
        Path binary = Files.write(folder.resolve("data.bin"), new byte[] {0, 1, 2, 0, 3, (byte) 0xff, 0});
        Path empty = Files.createFile(folder.resolve("empty.txt"));
        Path missing = folder.resolve("none.txt");
        for (Path bad : List.of(binary, empty, missing)) {
            corpus = bad;
            assertThatThrownBy(() -> train("bad", recipe(Map.of())))
                    .isInstanceOf(CorpusException.class)
                    .hasMessageContaining(bad.getFileName().toString());
            assertThat(run("bad").description()).doesNotExist();
        }
        corpus = Files.writeString(folder.resolve("short.txt"), "too short");
        assertThatThrownBy(() -> train("short", recipe(Map.of("loader", "random"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("give more text");
    }

    @Test
    void aRunIsNeverOverwritten() {
        train("run", recipe(Map.of("steps", "1")));
        assertThatThrownBy(() -> train("run", recipe(Map.of()))).hasMessageContaining("already holds a run");
    }

    @Test
    void everyFormThatARecipeCanAskForIsWrittenAndReadBack() throws Exception {
        int i = 0;
        for (var form : List.of(
                Map.of("form", "gpt2", "tiedHead", "false"),
                Map.of("form", "gpt2", "feedForward", "40", "queryKeyNorm", "true"),
                Map.of("tiedHead", "false", "keyHeads", "2"),
                Map.of("queryKeyNorm", "true", "tokenizer", "characters"))) {
            var changes = new HashMap<>(form);
            changes.put("steps", "2");
            train("form" + i, recipe(changes));
            try (Arena arena = Arena.ofShared()) {
                Transformer model =
                        Checkpoint.load(run("form" + i).model(), arena).transformer();
                assertThat(model.config())
                        .isEqualTo(recipe(changes).transformer(model.config().vocabulary()));
            }
            i++;
        }
    }

    @Test
    void divergenceEndsTheRunWithAWayOut() {
        assertThatThrownBy(() -> train("run", recipe(Map.of("learningRate", "1e30", "clip", "0", "warmup", "0"))))
                .isInstanceOf(TrainingException.class)
                .hasMessageContaining("diverged")
                .hasMessageContaining("learningRate");
    }

    @Test
    void memoryIsEstimatedBeforeTheStart() throws Exception {
        for (var changes : List.of(
                Map.of("width", "64"),
                Map.of("width", "64", "form", "gpt2", "vocabulary", "1000"),
                Map.of("width", "64", "recompute", "true", "layers", "6"),
                Map.of("width", "64", "queryKeyNorm", "true", "keyHeads", "2"))) {
            Recipe recipe = recipe(changes);
            var config = recipe.transformer(recipe.vocabulary());
            try (Arena arena = Arena.ofShared()) {
                var random = new Random(2);
                int n = 4096;
                int[] ids = random.ints(n, 0, recipe.vocabulary()).toArray();
                Tokens rows = Tokens.rows(n / 16, ids);
                var batch = new Batch(ids, ids, rows.positions(), rows.starts());
                var trainable = new HashMap<Tensor, Tensor>();
                Transformer model = Transformer.initialise(config, arena, 1);
                try (var own = new Pass(model, device.gradKernels())) {
                    model.parameters().values().forEach(t -> trainable.put(t, Tensor.zeros(arena, t.shape())));
                    own.train(batch, n, trainable, false, recipe.recompute());
                    long estimate =
                            MemoryEstimate.of(config, n, recipe.recompute()).activations();
                    assertThat((double) own.peak() / estimate)
                            .as(changes.toString())
                            .isBetween(0.6, 1.0);
                }
            }
        }
        var estimate = new MemoryEstimate(3L << 30, 1L << 30);
        estimate.require(5L << 30);
        assertThatThrownBy(() -> estimate.require(0))
                .hasMessageContaining("needs about 4.0 GiB")
                .hasMessageContaining("0 MiB are free");
        assertThat(MemoryEstimate.free()).isPositive();
    }
}
