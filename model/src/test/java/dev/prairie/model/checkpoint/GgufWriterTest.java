package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.testing.Demand;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufWriterTest {
    private final Arena arena = Arena.ofShared();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        arena.close();
    }

    private static Map<String, GgufValue> metadata() {
        var values = new LinkedHashMap<String, GgufValue>();
        values.put("general.architecture", GgufValue.of("llama"));
        for (GgufValue.Type type : GgufValue.Type.values())
            if (type.whole()) values.put("whole." + type, GgufValue.whole(type, 100));
        values.put("whole.negative", GgufValue.whole(GgufValue.Type.I64, Long.MIN_VALUE));
        values.put("f32", GgufValue.of(0.1f));
        values.put("f64", GgufValue.of(0.1));
        values.put("flag", GgufValue.of(true));
        values.put("empty", GgufValue.of(""));
        values.put("texts", GgufValue.texts(List.of("草原", "", "x")));
        values.put("ints", GgufValue.ints(1, -2, 3));
        values.put("floats", GgufValue.floats(1f, -2f));
        values.put(
                "nested",
                GgufValue.array(List.of(GgufValue.ints(1, 2), GgufValue.texts(List.of("a")), GgufValue.floats(3f))));
        return values;
    }

    /** A tensor of every type. */
    private Map<String, Tensor> tensors() {
        Random random = new Random(5);
        var tensors = new LinkedHashMap<String, Tensor>();
        for (DType type : DType.values()) {
            Tensor t = Tensor.zeros(arena, type, Shape.of(3, type.block() * 5));
            byte[] noise = new byte[(int) t.segment().byteSize()];
            random.nextBytes(noise);
            t.segment().copyFrom(MemorySegment.ofArray(noise));
            tensors.put("t." + type, t);
        }
        tensors.put("four", Tensor.zeros(arena, Shape.of(2, 1, 3, 5)));
        tensors.put("one", Tensor.zeros(arena, Shape.of(1)));
        return tensors;
    }

    private static List<TensorEntry> entries(Map<String, Tensor> tensors) {
        return tensors.entrySet().stream()
                .map(e -> TensorEntry.of(e.getKey(), e.getValue()))
                .toList();
    }

    private static List<TensorEntry> entries(Gguf gguf) {
        return gguf.names().stream()
                .map(name -> TensorEntry.of(name, gguf.tensor(name)))
                .toList();
    }

    private static void same(Gguf read, Map<String, Tensor> tensors) {
        assertThat(read.names()).containsExactlyElementsOf(tensors.keySet());
        tensors.forEach((name, t) -> {
            assertThat(read.tensor(name)).as(name).hasToString(t.toString());
            assertThat(read.tensor(name).segment().mismatch(t.segment()))
                    .as(name)
                    .isEqualTo(-1);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8, 64, 4096})
    void readsBackWhatItWroteAndWritesTheSameBytes(int alignment) throws IOException {
        Map<String, GgufValue> metadata = metadata();
        if (alignment > 0) metadata.put("general.alignment", GgufValue.u32(alignment));
        Path file = folder.resolve("deep/er/model.gguf");
        GgufWriter.write(file, metadata, entries(tensors()));
        Gguf read = Gguf.open(file, arena);
        same(read, tensors());
        assertThat(read.metadata().values().keySet()).containsExactlyElementsOf(metadata.keySet());
        assertThat(read.metadata().number("f64")).isEqualTo(0.1);
        assertThat(read.metadata().texts("texts")).containsExactly("草原", "", "x");
        assertThat(read.metadata().value("nested").orElseThrow().elements())
                .hasToString("[an array of 2 I32, an array of 1 TEXT, an array of 1 F32]");
        assertThat(Files.size(file) % Math.max(1, alignment == 0 ? 32 : alignment))
                .as("padded to the end")
                .isZero();
        Path again = folder.resolve("again.gguf");
        GgufWriter.write(again, read.metadata().values(), entries(read));
        assertThat(Files.mismatch(file, again)).isEqualTo(-1);
        try (Stream<Path> left = Files.list(file.getParent())) {
            assertThat(left).as("no temporary files").containsExactly(file);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stories260k/stories260K.gguf",
                "tokenizers/gguf-vocab/ggml-vocab-phi-3.gguf",
                "tokenizers/gguf-vocab/ggml-vocab-bert-bge.gguf",
                "tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf"
            })
    void writesTheBytesThatOthersWrote(String name) throws IOException {
        Path file = Demand.data(name);
        Gguf read = Gguf.open(file, arena);
        Path again = folder.resolve("again.gguf");
        GgufWriter.write(again, read.metadata().values(), entries(read));
        assertThat(Files.mismatch(file, again)).isEqualTo(-1);
    }

    @Test
    void writesInParts() throws IOException {
        Map<String, Tensor> tensors = tensors();
        List<Path> files = GgufWriter.write(folder.resolve("model.gguf"), metadata(), entries(tensors), 1000);
        assertThat(files.size()).isGreaterThan(2);
        String count = String.format(Locale.ROOT, "%05d", files.size());
        assertThat(files.getFirst()).hasFileName("model-00001-of-" + count + ".gguf");
        for (Path file : files) {
            Gguf read = Gguf.open(file, arena);
            same(read, tensors);
            assertThat(read.path()).isEqualTo(files.getFirst());
            assertThat(read.metadata().text("general.architecture")).isEqualTo("llama");
        }
        assertThat(GgufWriter.write(folder.resolve("one.gguf"), metadata(), entries(tensors), 1 << 30))
                .containsExactly(folder.resolve("one.gguf"));
    }

    private List<Path> parts(String name) throws IOException {
        List<TensorEntry> entries = Stream.of("a", "b", "c")
                .map(n -> TensorEntry.of(n, Tensor.zeros(arena, Shape.of(8))))
                .toList();
        List<Path> files = GgufWriter.write(folder.resolve(name + ".gguf"), metadata(), entries, 32);
        assertThat(files).hasSize(3);
        return files;
    }

    private void refused(Path file, String message) {
        assertThatThrownBy(() -> Gguf.open(file, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }

    @Test
    void missesAPart() throws IOException {
        List<Path> files = parts("model");
        Files.delete(files.get(1));
        refused(files.getFirst(), "00002-of-00003.gguf: file: expected one of 3 parts of the model, found nothing");
    }

    @Test
    void noticesARenamedPart() throws IOException {
        List<Path> files = parts("model");
        Files.move(files.getFirst(), folder.resolve("whole.gguf"));
        refused(folder.resolve("whole.gguf"), "name: expected one like NAME-00001-of-00003.gguf");
        Files.copy(files.get(2), files.getFirst());
        refused(files.getFirst(), "split.no: expected 0 by the file's name, found 2");
    }

    @Test
    void noticesAPartOfAnotherModel() throws IOException {
        List<Path> files = parts("model");
        List<TensorEntry> more = Stream.of("a", "b", "c", "d", "e")
                .map(n -> TensorEntry.of(n, Tensor.zeros(arena, Shape.of(8))))
                .toList();
        List<Path> others = GgufWriter.write(folder.resolve("other.gguf"), metadata(), more, 64);
        Files.copy(others.get(1), Files.createDirectories(folder.resolve("x")).resolve("p"));
        Files.move(folder.resolve("x/p"), files.get(1), StandardCopyOption.REPLACE_EXISTING);
        refused(files.getFirst(), "split.tensors.count: expected 3 as");
    }

    @Test
    void noticesATensorInTwoParts() throws IOException {
        List<Path> files = parts("model");
        Gguf first = Gguf.open(files.getFirst(), arena);
        var values = new LinkedHashMap<String, GgufValue>();
        values.put("split.no", GgufValue.u32(1));
        values.put("split.count", GgufValue.u32(3));
        values.put("split.tensors.count", GgufValue.u32(3));
        GgufWriter.write(files.get(1), values, List.of(TensorEntry.of("a", first.tensor("a"))));
        refused(files.getFirst(), "a: expected one place, found another in");
        GgufWriter.write(files.get(1), values, List.of());
        refused(files.getFirst(), "split.tensors.count: expected 3 tensors in 3 parts, found 2");
    }

    @ParameterizedTest
    @CsvSource({"70000,at most 65535 parts", "-5,'split.count: expected at most'"})
    void refusesAnImpossibleNumberOfParts(int count, String message) throws IOException {
        Path file = folder.resolve("model.gguf");
        GgufWriter.write(file, Map.of("split.count", GgufValue.whole(GgufValue.Type.I32, count)), List.of());
        refused(file, message);
    }

    @Test
    void keepsWhatStoodThereWhenATensorFails() throws IOException {
        Path file = folder.resolve("model.gguf");
        GgufWriter.write(file, metadata(), List.of());
        byte[] before = Files.readAllBytes(file);
        var bad = new TensorEntry("bad", DType.F32, Shape.of(2), a -> Tensor.zeros(a, Shape.of(3)));
        assertThatThrownBy(() -> GgufWriter.write(file, metadata(), List.of(bad)))
                .hasMessageContaining("bad is announced as F32(2), is F32(3)");
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    @Test
    void refusesWhatNoFileMayHold() {
        Path file = folder.resolve("model.gguf");
        Tensor t = Tensor.zeros(arena, Shape.of(1));
        refusedToWrite(file, Map.of("", GgufValue.u32(1)), List.of(), "must have 1 to 65535");
        refusedToWrite(file, Map.of(), List.of(TensorEntry.of("n".repeat(65), t)), "has 65 bytes");
        refusedToWrite(
                file, Map.of(), List.of(TensorEntry.of("t", t), TensorEntry.of("t", t)), "two tensors are named t");
        refusedToWrite(file, Map.of(), List.of(TensorEntry.of("t", Tensor.zeros(arena, Shape.of(0, 3)))), "none of 0");
        refusedToWrite(file, Map.of("general.alignment", GgufValue.u32(3)), List.of(), "must be a power of two");
        assertThatThrownBy(() -> GgufValue.u32(-1)).hasMessageContaining("U32 does not hold -1");
        assertThatThrownBy(() -> GgufValue.array(List.of(GgufValue.u32(1), GgufValue.of(1f))))
                .hasMessageContaining("holds U32 and F32");
        assertThat(file).doesNotExist();
    }

    private static void refusedToWrite(
            Path file, Map<String, GgufValue> metadata, List<TensorEntry> tensors, String message) {
        assertThatThrownBy(() -> GgufWriter.write(file, metadata, tensors))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
