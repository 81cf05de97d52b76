package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.model.transformer.TransformerConfig.Activation;
import dev.prairie.model.transformer.TransformerConfig.Norm;
import dev.prairie.model.transformer.TransformerConfig.Positions;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.reference.Quantization;
import dev.prairie.testing.Demand;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufModelTest {
    private final Arena arena = Arena.ofShared();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        arena.close();
    }

    private static TransformerConfig config(String form, int width) {
        boolean qwen3 = form.startsWith("qwen3");
        return switch (form) {
            case "gpt2" -> TransformerConfig.gpt2(29, 20, 2, width, 4);
            case "llama", "llama tied", "llama with biases", "qwen3", "qwen3 tied" ->
                new TransformerConfig(
                        29,
                        20,
                        2,
                        width,
                        4,
                        2,
                        8,
                        2 * width,
                        Norm.RMS,
                        Positions.ROPE,
                        Activation.SWIGLU,
                        form.endsWith("biases"),
                        form.endsWith("tied"),
                        qwen3,
                        5e5f,
                        1e-6f);
            default -> throw new IllegalArgumentException(form);
        };
    }

    /** Nothing is zero or one, so that nothing can be mistaken for something else. */
    private Checkpoint model(TransformerConfig config) {
        Random random = new Random(7);
        Transformer model = Transformer.initialise(config, arena, 3);
        for (Tensor t : model.parameters().values())
            for (long i = 0; i < t.shape().size(); i++) t.set(i, (float) random.nextGaussian());
        return new Checkpoint(config, model.parameters(), OptionalInt.of(3), List.of(4, 5));
    }

    private Path write(Checkpoint checkpoint) throws IOException {
        Path file = folder.resolve("model.of.any.name");
        GgufWriter.write(file, GgufModel.metadata(checkpoint), GgufModel.entries(checkpoint));
        return file;
    }

    private static Tensor found(Map<String, Tensor> tensors, String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    @Test
    void aTrainedModelSaysWhatItMustOnEveryDevice() throws IOException {
        Stories stories = Stories.read();
        Checkpoint checkpoint = Checkpoint.load(Demand.data("stories260k/stories260K.gguf"), arena);
        assertThat(checkpoint.begin()).hasValue(1);
        assertThat(checkpoint.end()).containsExactly(2);
        assertThat(checkpoint.config().context()).isEqualTo(2048);
        assertThat(found(checkpoint.parameters(), "layers.0.attention.v.weight")
                        .segment()
                        .isReadOnly())
                .as("mapped")
                .isTrue();
        for (Devices.Usable device : Devices.probe().usable())
            try (Device opened = device.provider().open(2)) {
                stories.saysWhatItMust(checkpoint.transformer(), opened.kernels());
            }
    }

    @Test
    void holdsTheSameBitsAsItsOtherContainers() throws IOException {
        Path data = Demand.data("stories260k");
        Checkpoint gguf = Checkpoint.load(data.resolve("stories260K.gguf"), arena);
        Checkpoint.load(data.resolve("stories260K.bin"), arena)
                .parameters()
                .forEach((name, t) -> assertThat(
                                found(gguf.parameters(), name).segment().mismatch(t.segment()))
                        .as(name)
                        .isEqualTo(-1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "llama tied", "llama with biases", "qwen3", "qwen3 tied"})
    void loadsWhatItSaved(String form) throws IOException {
        Checkpoint saved = model(config(form, 16));
        Checkpoint loaded = Checkpoint.load(write(saved), arena);
        assertThat(loaded.config()).isEqualTo(saved.config());
        assertThat(loaded.begin()).hasValue(3);
        assertThat(loaded.end()).containsExactly(4, 5);
        assertThat(loaded.parameters().keySet())
                .containsExactlyElementsOf(saved.parameters().keySet());
        saved.parameters()
                .forEach((name, t) -> assertThat(
                                found(loaded.parameters(), name).segment().mismatch(t.segment()))
                        .as(name)
                        .isEqualTo(-1));
    }

    @Test
    void putsThePairsOfAHeadTogetherForLlamaAlone() throws IOException {
        for (String form : List.of("llama", "qwen3")) {
            Checkpoint saved = model(config(form, 16));
            Gguf gguf = Gguf.open(write(saved), arena);
            Tensor ours = found(saved.parameters(), "layers.1.attention.k.weight"); // 2 heads of 8 rows
            Tensor theirs = gguf.tensor("blk.1.attn_k.weight");
            int[] rows = form.equals("llama")
                    ? new int[] {0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15}
                    : new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
            for (int row = 0; row < rows.length; row++)
                assertThat(theirs.slice(row, row + 1).toFloats())
                        .as("%s %d", form, row)
                        .containsExactly(ours.slice(rows[row], rows[row] + 1).toFloats());
        }
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void keepsTheTypeOfMatrices(DType type) throws IOException {
        if (type == DType.I32) return; // no type of weights
        for (String form : List.of("gpt2", "llama", "qwen3")) {
            Checkpoint wide = model(config(form, 256));
            var narrow = new LinkedHashMap<String, Tensor>();
            wide.parameters()
                    .forEach((name, t) -> narrow.put(name, t.shape().rank() == 1 ? t : noise(type, t.shape())));
            Checkpoint saved = new Checkpoint(wide.config(), narrow, wide.begin(), wide.end());
            Checkpoint loaded = Checkpoint.load(write(saved), arena);
            narrow.forEach((name, t) -> {
                assertThat(found(loaded.parameters(), name)).as(name).hasToString(t.toString());
                assertThat(found(loaded.parameters(), name).segment().mismatch(t.segment()))
                        .as(name)
                        .isEqualTo(-1);
            });
        }
    }

    /** Of this type, or of F16 where rows are too short for its blocks. */
    private Tensor noise(DType type, Shape shape) {
        if (shape.last() % type.block() != 0) return Tensor.zeros(arena, DType.F16, shape);
        Tensor t = Tensor.zeros(arena, type, shape);
        byte[] bytes = new byte[(int) t.segment().byteSize()];
        new Random(shape.hashCode()).nextBytes(bytes);
        t.segment().copyFrom(MemorySegment.ofArray(bytes));
        return t;
    }

    @Test
    void decodesBlocksToFloats() throws IOException {
        Checkpoint wide = model(config("llama", 32));
        var narrow = new LinkedHashMap<>(wide.parameters());
        Tensor blocks = noise(DType.Q8_0, Shape.of(32, 32));
        narrow.put("layers.0.attention.q.weight", blocks);
        Checkpoint loaded =
                Checkpoint.load(write(new Checkpoint(wide.config(), narrow, wide.begin(), wide.end())), arena);
        Tensor expected = Tensor.zeros(arena, Shape.of(32, 32));
        Quantization.decode(expected, blocks);
        assertThat(found(loaded.floats(arena).parameters(), "layers.0.attention.q.weight")
                        .segment()
                        .mismatch(expected.segment()))
                .isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource({
        "general.architecture, TEXT, mamba, 'general.architecture: expected one of [gpt2, llama, qwen3], found mamba'",
        "llama.block_count, U32, 0, 'llama.block_count: expected at least 1, found 0'",
        "llama.block_count, U32, 3, 'blk.2.attn_norm.weight: expected a tensor (16), found nothing'",
        "llama.block_count, U32, 2000000000, 'layers: expected 2000000000 of the file'",
        "llama.block_count, TEXT, two, 'llama.block_count: expected a whole number, found the text two'",
        "llama.attention.head_count, U32, 0, 'llama.attention.head_count: expected at least 1'",
        "llama.attention.head_count, U32, 3, 'a possible model, found config: heads 3'",
        "llama.attention.head_count_kv, U32, 0, 'keyHeads'",
        "llama.embedding_length, U32, 17, 'expected shape (29, 17) by the file'",
        "llama.embedding_length, U32, 4294967295, 'expected at most 2147483647'",
        "llama.attention.key_length, U32, 7, 'llama.attention.value_length: expected 7, the width of a head, found 8'",
        "llama.expert_count, U32, 8, 'llama.expert_count: expected nothing or 0.0, found 8'",
        "llama.rope.scaling.type, TEXT, yarn, 'llama.rope.scaling.type: expected none, found the text yarn'",
        "llama.attention.sliding_window, U32, 4096, 'llama.attention.sliding_window'",
    })
    void refusesWhatItCannotCompute(String key, String type, String value, String message) throws IOException {
        Checkpoint saved = model(config("llama", 16));
        var metadata = new LinkedHashMap<>(GgufModel.metadata(saved));
        metadata.put(key, type.equals("TEXT") ? GgufValue.of(value) : GgufValue.u32(Long.parseLong(value)));
        Path file = folder.resolve("model.gguf");
        GgufWriter.write(file, metadata, GgufModel.entries(saved));
        assertThatThrownBy(() -> Checkpoint.load(file, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }

    @Test
    void refusesTensorsWithoutAPlaceAndOfIntegers() throws IOException {
        Checkpoint saved = model(config("llama", 16));
        var entries = new ArrayList<>(GgufModel.entries(saved));
        entries.add(TensorEntry.of("rope_freqs.weight", Tensor.zeros(arena, Shape.of(4))));
        Path file = folder.resolve("model.gguf");
        GgufWriter.write(file, GgufModel.metadata(saved), entries);
        assertThatThrownBy(() -> Checkpoint.load(file, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("rope_freqs.weight: expected no tensor without a place");
        entries.removeLast();
        entries.removeIf(e -> e.name().equals("output.weight"));
        entries.add(TensorEntry.of("output.weight", Tensor.zeros(arena, DType.I32, Shape.of(29, 16))));
        GgufWriter.write(file, GgufModel.metadata(saved), entries);
        assertThatThrownBy(() -> Checkpoint.load(file, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("output.weight: expected F32, BF16 or F16, found I32");
    }

    @Test
    void saysThatAVocabularyIsNoModel() {
        Path file = Demand.data("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf");
        assertThatThrownBy(() -> Checkpoint.load(file, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("is it a vocabulary alone?");
    }

    @Test
    void acceptsDimensionsOfOneThatOthersLeaveOut() throws IOException {
        TransformerConfig c = new TransformerConfig(
                29, 20, 1, 1, 1, 1, 2, 1, Norm.RMS, Positions.ROPE, Activation.SWIGLU, false, true, false, 1e4f, 1e-5f);
        Checkpoint saved = model(c);
        List<TensorEntry> shorter = GgufModel.entries(saved).stream()
                .map(e -> e.shape().dim(0) == 1 && e.shape().rank() == 2
                        ? new TensorEntry(
                                e.name(),
                                e.type(),
                                Shape.of(e.shape().last()),
                                a -> e.content()
                                        .apply(a)
                                        .view(Shape.of(e.shape().last())))
                        : e)
                .toList();
        Path file = folder.resolve("model.gguf");
        GgufWriter.write(file, GgufModel.metadata(saved), shorter);
        assertThat(found(Checkpoint.load(file, arena).parameters(), "layers.0.feedforward.up.weight"))
                .hasToString("F32(1, 1)");
    }
}
