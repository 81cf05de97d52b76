package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    private final Arena arena = Arena.ofShared();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        arena.close();
    }

    private static byte[] file(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
    }

    private Safetensors open(byte[] bytes) throws IOException {
        return Safetensors.open(Files.write(folder.resolve("some.safetensors"), bytes), arena);
    }

    private Map<String, Tensor> sample() {
        var tensors = new LinkedHashMap<String, Tensor>();
        tensors.put("b.weight", Tensor.of(arena, Shape.of(2, 3), 1, -2, 3.5f, Float.MIN_VALUE, -0f, 1e30f));
        tensors.put("half", Tensor.zeros(arena, DType.BF16, Shape.of(3)));
        tensors.put("a.\"quoted\".灯", Tensor.of(arena, Shape.of(1), 7));
        tensors.put("ids", Tensor.zeros(arena, DType.I32, Shape.of(2, 1)));
        tensors.put("empty", Tensor.zeros(arena, Shape.of(0, 4)));
        return tensors;
    }

    @Test
    void readsBackWhatItWrote() throws IOException {
        Path path = folder.resolve("deep/er/model.safetensors");
        Safetensors.write(path, sample(), Map.of("step", "12", "note", "two\n\"lines\""));
        Safetensors read = Safetensors.open(path, arena);
        assertThat(read.names()).containsExactly("a.\"quoted\".灯", "b.weight", "empty", "ids", "half");
        assertThat(read.metadata()).containsEntry("step", "12").containsEntry("note", "two\n\"lines\"");
        sample().forEach((name, t) -> {
            assertThat(read.tensor(name).toString()).isEqualTo(t.toString());
            assertThat(read.shape(name)).hasValue(t.shape());
            assertThat(read.tensor(name).segment().mismatch(t.segment())).isEqualTo(-1);
        });
        try (Stream<Path> left = Files.list(path.getParent())) {
            assertThat(left).as("no temporary files").containsExactly(path);
        }
    }

    @Test
    void writesWhatTheFormatAsksFor() throws IOException {
        Path path = folder.resolve("one.safetensors");
        Safetensors.write(path, sample(), Map.of());
        byte[] bytes = Files.readAllBytes(path);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(buffer.getLong(0));
        assertThat(length % 8).isZero();
        assertThat(bytes[8]).isEqualTo((byte) '{');
        String header = new String(bytes, 8, length, StandardCharsets.UTF_8);
        assertThat(header)
                .startsWith("{\"__metadata__\":{\"prairie.sha256\":\"")
                .contains("\"b.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[4,28]}");
        assertThat(buffer.getFloat(8 + length)).isEqualTo(7); // the widest type first, then by name
        assertThat(buffer.getFloat(8 + length + 4 + 8)).isEqualTo(3.5f);
        Safetensors.write(folder.resolve("two.safetensors"), sample(), Map.of());
        assertThat(Files.readAllBytes(folder.resolve("two.safetensors"))).isEqualTo(bytes);
    }

    @Test
    void readsAFileOfAnotherProgram() throws IOException {
        byte[] bytes = file("""
                {"x":{"shape":[],"dtype":"F32","data_offsets":[8,12]},
                 "y":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},
                 "z":{"dtype":"F4_X2","shape":[3],"data_offsets":[12,14]}}  \s""", 14);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - 6, 2.5f);
        Safetensors read = open(bytes);
        assertThat(read.tensor("x").toFloats()).containsExactly(2.5f);
        assertThat(read.shape("y")).hasValue(Shape.of(1));
        assertThatThrownBy(() -> read.tensor("y"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("some.safetensors: y: expected one of [F32, BF16, F16, I32], found F64");
        assertThatThrownBy(() -> read.tensor("z")).hasMessageContaining("found F4_X2");
        assertThatThrownBy(() -> read.tensor("w")).hasMessageContaining("w: expected a tensor, found none among 3");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{}                                                                | data: expected 0 bytes",
                "[]                                                                | a JSON object, found ARRAY",
                "{\"a\":                                                           | header: expected a JSON object",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | header: expected a JSON object, found Duplicate",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} {} | header: expected a JSON object",
                "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}                    | a: expected dtype, shape and two data_offsets",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}} | two data_offsets",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | a shape: expected a whole number from 0 up, found -2",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}} | found 2.0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}} | found \"2\"",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}} | found 99999999999999999999",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}} | a: expected as many bytes as F32[4294967296, 4294967296] needs",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}  | needs, found 8 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,8]}} | needs, found 8 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}} | within the 8 of data, found bytes 0 to 12",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}  | found bytes 8 to 0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}  | data: expected 4 bytes, where a ends, found 8 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}  | where the header ends, found a gap: byte 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | where a ends, found an overlap: byte 4",
                "{\"__metadata__\":{\"a\":1}}                                     | __metadata__ a: expected text, found 1",
                "{\"__metadata__\":[]}                                            | __metadata__: expected an object",
            })
    void refusesAHostileHeader(String header, String message) {
        assertThatThrownBy(() -> open(file(header, 8)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 0, 1, 3, 100, Long.MAX_VALUE, Long.MIN_VALUE})
    void refusesAnImpossibleHeaderLength(long length) {
        byte[] bytes = file("{}", 0);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        assertThatThrownBy(() -> open(bytes))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("header: expected a length from 2 to 2, found " + Long.toUnsignedString(length));
    }

    @Test
    void aShapeThatFitsNoTensorIsNamedNotTruncated() throws IOException {
        Safetensors read = open(file("{\"a\":{\"dtype\":\"F32\",\"shape\":[0,4294967297],\"data_offsets\":[0,0]}}", 0));
        assertThatThrownBy(() -> read.tensor("a"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("[0, 4294967297]");
    }

    @Test
    void refusesEveryTruncation() throws IOException {
        Path path = folder.resolve("model.safetensors");
        Safetensors.write(path, sample(), Map.of("step", "12"));
        byte[] bytes = Files.readAllBytes(path);
        for (int keep = 0; keep < bytes.length; keep++) {
            byte[] cut = Arrays.copyOf(bytes, keep);
            assertThatThrownBy(() -> open(cut)).as("%d bytes", keep).isInstanceOf(CheckpointException.class);
        }
        assertThatThrownBy(() -> open(Arrays.copyOf(bytes, bytes.length + 1))).isInstanceOf(CheckpointException.class);
    }

    /** A flip in the name of the sum leaves nothing to check, but then all else is as it was. */
    @Test
    void noFlippedBitIsBelieved() throws IOException {
        Path path = folder.resolve("model.safetensors");
        Safetensors.write(path, sample(), Map.of("step", "12"));
        byte[] bytes = Files.readAllBytes(path);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int key = text.indexOf(Checksum.KEY);
        int refused = 0;
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try (Arena own = Arena.ofShared()) {
                Path other = Files.write(folder.resolve("flipped.safetensors"), flipped);
                Safetensors.open(other, own);
                assertThat(bit / 8).as("bit %d went unnoticed", bit).isBetween(key, key + Checksum.KEY.length() - 1);
            } catch (CheckpointException e) {
                assertThat(e).hasMessageContaining("flipped.safetensors");
                refused++;
            }
        }
        assertThat(refused).isGreaterThanOrEqualTo((bytes.length - Checksum.KEY.length()) * 8);
    }

    @Test
    void aFlippedBitIsNamed() throws IOException {
        Path path = folder.resolve("model.safetensors");
        Safetensors.write(path, sample(), Map.of());
        byte[] bytes = Files.readAllBytes(path);
        bytes[bytes.length - 1] ^= 1;
        assertThatThrownBy(() -> open(bytes))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("some.safetensors: prairie.sha256: expected ")
                .hasMessageContaining("a bit has changed since it was saved");
    }

    @Test
    void aFailedWriteKeepsWhatWasThere() throws IOException {
        Path path = Files.writeString(folder.resolve("kept"), "before");
        assertThatThrownBy(() -> AtomicFile.write(path, channel -> {
                    channel.write(ByteBuffer.wrap(new byte[10]));
                    throw new IOException("no space left");
                }))
                .hasMessage("no space left");
        assertThat(path).hasContent("before");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(path);
        }
    }

    @Test
    void tensorsOfAFileAreReadOnly() throws IOException {
        Path path = folder.resolve("model.safetensors");
        Safetensors.write(path, sample(), Map.of());
        Tensor t = Safetensors.open(path, arena).tensor("b.weight");
        assertThat(t.segment().isReadOnly()).isTrue();
        assertThat(t.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(1);
    }

    // ---- shards -----------------------------------------------------------------------------------------------

    private Path index(String weightMap) throws IOException {
        Safetensors.write(folder.resolve("one.safetensors"), Map.of("a", Tensor.of(arena, Shape.of(1), 1)), Map.of());
        Safetensors.write(folder.resolve("two.safetensors"), Map.of("b", Tensor.of(arena, Shape.of(1), 2)), Map.of());
        return Files.writeString(
                folder.resolve(Safetensors.INDEX), "{\"metadata\":{},\"weight_map\":" + weightMap + "}");
    }

    @Test
    void readsShards() throws IOException {
        index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
        Safetensors read = Safetensors.open(folder, arena);
        assertThat(read.names()).containsExactlyInAnyOrder("a", "b");
        assertThat(read.tensor("b").toFloats()).containsExactly(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"a\":\"../one.safetensors\"} | a shard's name without folders, found \"../one.safetensors\"",
                "{\"a\":\"/etc/passwd\"} | a shard's name without folders",
                "{\"a\":3} | a shard's name without folders, found 3",
                "[] | weight_map: expected an object",
                "{\"a\":\"three.safetensors\"} | three.safetensors: file: expected a safetensors file, found nothing",
                "{\"a\":\"one.safetensors\",\"b\":\"one.safetensors\"} | b: expected to be in one.safetensors, found it nowhere",
                "{\"a\":\"two.safetensors\",\"b\":\"one.safetensors\"} | a: expected to be in two.safetensors, found it in",
            })
    void refusesAHostileIndex(String weightMap, String message) throws IOException {
        index(weightMap);
        assertThatThrownBy(() -> Safetensors.open(folder, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }
}
