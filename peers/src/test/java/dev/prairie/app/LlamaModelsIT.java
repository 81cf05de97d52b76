package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.app.peer.LlamaPeer;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.generate.Generator;
import dev.prairie.model.generate.Perplexity;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.testing.Demand;
import dev.prairie.text.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files that we write load in llama.cpp, which computes with their weights what we do. */
class LlamaModelsIT {
    private static LlamaPeer peer;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        peer = LlamaPeer.start(Path.of(System.getProperty("prairie.root")), 2);
    }

    @AfterAll
    static void close() {
        peer.close();
    }

    private static Device device() {
        return Devices.probe().choose(Optional.empty()).provider().open(2);
    }

    /** MXFP4 is younger than this llama.cpp. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"I32", "MXFP4"},
            mode = EnumSource.Mode.EXCLUDE)
    void everyTypeOfWeightsGivesTheirLogits(DType type) throws Exception {
        var config = TransformerConfig.llama(512, 256, 2, 256, 4, 2, 512, true);
        int[] ids = {1, 300, 301, 17, 400, 5, 511, 260, 9};
        try (Device device = device();
                Arena arena = Arena.ofShared()) {
            Path file = folder.resolve(type + ".gguf");
            RandomFile.write(
                    file, "random", RandomModel.make(config, (name, shape) -> type, device.kernels(), 3, arena));
            peer.open(file, 64, false);
            float[] theirs = peer.logits(ids);
            var model = Checkpoint.load(file, arena).transformer(device.kernels(), arena);
            double difference = 0, size = 0;
            try (var session = new Generator(model, device.kernels(), DType.F16).open(64)) {
                float[] ours = session.feed(ids);
                for (int i = 0; i < ours.length; i++) {
                    difference += Math.pow(ours[i] - theirs[i], 2);
                    size += Math.pow(theirs[i], 2);
                }
            }
            // they round activations to 8 bits by blocks of 32 or 256, we by 32
            assertThat(Math.sqrt(difference / size)).as(type.name()).isLessThan(0.02);
        }
    }

    @Test
    void perplexityIsTheirs() throws Exception {
        Path file = Demand.data("stories260k/stories260K.gguf");
        Path corpus = Demand.data("corpora/tinyshakespeare");
        String text;
        try (var files = Files.list(corpus)) {
            Path largest = files.filter(Files::isRegularFile)
                    .max((a, b) -> Long.compare(a.toFile().length(), b.toFile().length()))
                    .orElseThrow();
            text = Files.readString(largest).substring(0, 20_000);
        }
        peer.open(file, 256, false);
        double theirs = peer.perplexity(text, 256);
        try (Device device = device();
                Arena arena = Arena.ofShared()) {
            Tokenizer tokenizer = ModelTokenizer.of(file);
            var model = Checkpoint.load(file, arena).transformer(device.kernels(), arena);
            var ours = Perplexity.of(
                    model,
                    device.kernels(),
                    tokenizer.frame(tokenizer.encode(text)),
                    tokenizer.bos(),
                    256,
                    (soFar, of) -> {});
            assertThat(ours.value()).isCloseTo(theirs, within(1e-3 * theirs));
        }
    }
}
