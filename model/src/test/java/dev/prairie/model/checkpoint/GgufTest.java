package dev.prairie.model.checkpoint;

import static dev.prairie.model.checkpoint.GgufBytes.ARRAY;
import static dev.prairie.model.checkpoint.GgufBytes.BOOL;
import static dev.prairie.model.checkpoint.GgufBytes.F32;
import static dev.prairie.model.checkpoint.GgufBytes.TEXT;
import static dev.prairie.model.checkpoint.GgufBytes.U32;
import static dev.prairie.model.checkpoint.GgufBytes.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.testing.Demand;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a good file says. What is wrong with bad ones: {@link GgufFaultsTest}. */
class GgufTest {
    private final Arena arena = Arena.ofShared();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        arena.close();
    }

    private Gguf open(GgufBytes bytes) throws IOException {
        return Gguf.open(Files.write(folder.resolve("model.gguf"), bytes.bytes()), arena);
    }

    /** Metadata of one value whose type and bytes are given. */
    private GgufMetadata value(int type, GgufBytes value) throws IOException {
        return open(header(0, 1).text("k").i32(type).raw(value.bytes())).metadata();
    }

    private static GgufBytes bytes() {
        return new GgufBytes();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void readsMetadataAndTensors(int version) throws IOException {
        Gguf gguf = open(bytes().raw("GGUF")
                .i32(version)
                .i64(2)
                .i64(2)
                .textValue("general.architecture", "llama")
                .u32("llama.block_count", 5)
                .tensor("a", 0, 0, 2, 3)
                .tensor("b.weight", 0, 32, 1)
                .pad(32)
                .f32(1)
                .f32(2)
                .f32(3)
                .f32(4)
                .f32(5)
                .f32(6)
                .zeros(8)
                .f32(-7));
        assertThat(gguf.names()).containsExactly("a", "b.weight");
        assertThat(gguf.shape("a")).hasValue(Shape.of(3, 2));
        assertThat(gguf.shape("c")).isEmpty();
        assertThat(gguf.type("a")).isEqualTo("F32");
        Tensor a = gguf.tensor("a");
        assertThat(a.shape()).isEqualTo(Shape.of(3, 2));
        assertThat(a.toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(a.segment().isReadOnly()).isTrue();
        assertThat(gguf.tensor("b.weight").toFloats()).containsExactly(-7);
        assertThat(gguf.metadata().text("general.architecture")).isEqualTo("llama");
        assertThat(gguf.metadata().integer("llama.block_count")).isEqualTo(5);
        assertThat(gguf.metadata().values().keySet()).containsExactly("general.architecture", "llama.block_count");
        assertThatThrownBy(() -> gguf.tensor("c"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("c: expected a tensor, found none among 2");
    }

    @Test
    void readsEveryTypeOfNumber() throws IOException {
        assertThat(value(0, bytes().i8(200)).integer("k")).isEqualTo(200);
        assertThat(value(1, bytes().i8(200)).integer("k")).isEqualTo(-56);
        assertThat(value(2, bytes().i8(0).i8(255)).integer("k")).isEqualTo(65280);
        assertThat(value(3, bytes().i8(0).i8(255)).integer("k")).isEqualTo(-256);
        assertThat(value(4, bytes().i32(7)).integer("k")).isEqualTo(7);
        assertThat(value(5, bytes().i32(-7)).integer("k")).isEqualTo(-7);
        assertThat(value(6, bytes().f32(1.5f)).number("k")).isEqualTo(1.5);
        assertThat(value(7, bytes().i8(1)).flag("k")).isTrue();
        assertThat(value(7, bytes().i8(0)).flag("k")).isFalse();
        assertThat(value(8, bytes().text("草原\u0000x")).text("k")).isEqualTo("草原\u0000x");
        assertThat(value(10, bytes().i64(Integer.MAX_VALUE)).integer("k")).isEqualTo(Integer.MAX_VALUE);
        assertThat(value(11, bytes().i64(Integer.MIN_VALUE)).integer("k")).isEqualTo(Integer.MIN_VALUE);
        assertThat(value(12, bytes().i64(Double.doubleToLongBits(1e300))).number("k"))
                .isEqualTo(1e300);
        assertThat(value(4, bytes().i32(7)).number("k")).isEqualTo(7);
    }

    @Test
    void readsArrays() throws IOException {
        assertThat(value(ARRAY, bytes().i32(TEXT).i64(3).text("a").text("").text("▁b"))
                        .texts("k"))
                .containsExactly("a", "", "▁b");
        assertThat(value(ARRAY, bytes().i32(F32).i64(2).f32(0.5f).f32(-1)).floats("k"))
                .containsExactly(0.5f, -1);
        assertThat(value(ARRAY, bytes().i32(5).i64(2).i32(3).i32(-1)).integers("k"))
                .containsExactly(3, -1);
        assertThat(value(ARRAY, bytes().i32(5).i64(2).i32(3).i32(-1)).floats("k"))
                .containsExactly(3, -1);
        assertThat(value(ARRAY, bytes().i32(0).i64(2).i8(255).i8(1)).integers("k"))
                .containsExactly(255, 1);
        assertThat(value(ARRAY, bytes().i32(BOOL).i64(2).i8(1).i8(0)).flags("k"))
                .containsExactly(true, false);
        assertThat(value(ARRAY, bytes().i32(U32).i64(0)).texts("k"))
                .as("an empty array is empty whatever its type")
                .isEmpty();
    }

    @Test
    void readsArraysInArrays() throws IOException {
        GgufBytes nested = bytes().i32(ARRAY).i64(3);
        nested.i32(U32).i64(2).i32(1).i32(2);
        nested.i32(TEXT).i64(1).text("x");
        nested.i32(ARRAY).i64(1).i32(BOOL).i64(1).i8(1);
        GgufValue value = value(ARRAY, nested).value("k").orElseThrow();
        assertThat(value.elementType()).hasValue(GgufValue.Type.ARRAY);
        List<GgufValue> inner = value.elements();
        assertThat(inner).hasSize(3);
        assertThat(inner.get(0)).hasToString("an array of 2 U32");
        assertThat(inner.get(0).elements()).hasToString("[1, 2]");
        assertThat(inner.get(1).elements()).hasToString("[the text x]");
        assertThat(inner.get(2).elements().getFirst().elements()).hasToString("[true]");
    }

    @ParameterizedTest
    @CsvSource({"4,7,7", "4,4294967295,-1", "5,-1,-1", "10,-1,-2", "11,-1,-1", "10,5000000000,-2", "5,-2,-2"})
    void knowsTheIdThatMeansNone(int type, long stored, int id) throws IOException {
        GgufMetadata metadata = value(type, type < 10 ? bytes().i32((int) stored) : bytes().i64(stored));
        if (type == 10 && stored == -1 || id == -1)
            assertThat(metadata.token("k")).isEmpty();
        else if (id == -2)
            assertThatThrownBy(() -> metadata.token("k"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("a token's id");
        else assertThat(metadata.token("k")).isEqualTo(OptionalInt.of(id));
        assertThat(metadata.token("other")).isEmpty();
    }

    @Test
    void answersTheSecondArgumentOnlyForAMissingKey() throws IOException {
        GgufMetadata metadata = value(TEXT, bytes().text("seven"));
        assertThat(metadata.integer("other", 3)).isEqualTo(3);
        assertThat(metadata.number("other", 2.5)).isEqualTo(2.5);
        assertThat(metadata.flag("other", true)).isTrue();
        assertThat(metadata.text("other", "none")).isEqualTo("none");
        assertThatThrownBy(() -> metadata.integer("k", 3))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("k: expected a whole number, found the text seven");
        assertThatThrownBy(() -> metadata.number("k", 3)).hasMessageContaining("expected a number, found the text");
        assertThatThrownBy(() -> metadata.flag("k")).hasMessageContaining("expected true or false, found the text");
        assertThatThrownBy(() -> metadata.texts("k")).hasMessageContaining("expected an array of texts, found the");
        assertThatThrownBy(() -> metadata.integer("missing")).hasMessageContaining("found no such key");
    }

    @Test
    void refusesArraysOfOtherThings() throws IOException {
        GgufMetadata numbers = value(ARRAY, bytes().i32(U32).i64(1).i32(-1));
        assertThatThrownBy(() -> numbers.texts("k")).hasMessageContaining("found an array of 1 U32");
        assertThatThrownBy(() -> numbers.flags("k")).hasMessageContaining("found an array of 1 U32");
        assertThatThrownBy(() -> numbers.text("k")).hasMessageContaining("found an array of 1 U32");
        assertThatThrownBy(() -> numbers.integers("k")).hasMessageContaining("k[0]: expected at most 2147483647");
        GgufMetadata texts = value(ARRAY, bytes().i32(TEXT).i64(1).text("x"));
        assertThatThrownBy(() -> texts.floats("k")).hasMessageContaining("found an array of 1 TEXT");
        assertThatThrownBy(() -> texts.integers("k")).hasMessageContaining("found an array of 1 TEXT");
    }

    @ParameterizedTest
    @CsvSource({"16,IQ2_XXS", "33,type 33", "-5,type 4294967291"})
    void mindsATypeItDoesNotKnowOnlyWhenTheTensorIsAskedFor(int type, String name) throws IOException {
        Gguf gguf = open(header(2, 0)
                .tensor("odd", type, 0, 256)
                .tensor("f", 0, 96, 1)
                .pad(32)
                .zeros(96)
                .f32(3));
        assertThat(gguf.tensor("f").toFloats()).containsExactly(3);
        assertThat(gguf.shape("odd")).hasValue(Shape.of(256));
        assertThat(gguf.type("odd")).isEqualTo(name);
        assertThatThrownBy(() -> gguf.tensor("odd"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("odd: expected one of [F32")
                .hasMessageContaining("found " + name);
    }

    @Test
    void readsATensorOfBlocks() throws IOException {
        Gguf gguf = open(header(1, 1)
                .u32("general.alignment", 8)
                .tensor("q", 8, 0, 64, 3, 2)
                .pad(8)
                .zeros(34 * 12));
        assertThat(gguf.tensor("q")).hasToString("Q8_0(2, 3, 64)");
    }

    @Test
    void toleratesGapsOtherOrdersAndATail() throws IOException {
        Gguf gguf = open(header(2, 0)
                .tensor("second", 0, 64, 1)
                .tensor("first", 0, 0, 1)
                .pad(32)
                .f32(1)
                .zeros(60)
                .f32(2)
                .zeros(100));
        assertThat(gguf.names()).containsExactly("second", "first");
        assertThat(gguf.tensor("first").toFloats()).containsExactly(1);
        assertThat(gguf.tensor("second").toFloats()).containsExactly(2);
    }

    @Test
    void isKnownByItsFirstBytesAlone() throws IOException {
        assertThat(Gguf.is(Files.write(folder.resolve("x.bin"), header(0, 0).bytes())))
                .isTrue();
        assertThat(Gguf.is(Files.writeString(folder.resolve("x.gguf"), "GGU"))).isFalse();
        assertThat(Gguf.is(folder)).isFalse();
    }

    @Test
    void readsVocabulariesOfOthers() throws IOException {
        Path file = Demand.data("tokenizers/gguf-vocab/ggml-vocab-deepseek-llm.gguf");
        GgufMetadata metadata = Gguf.open(file, arena).metadata();
        List<String> tokens = metadata.texts("tokenizer.ggml.tokens");
        assertThat(tokens).hasSize(102400).startsWith("!", "\"", "#");
        assertThat(metadata.texts("tokenizer.ggml.merges")).hasSize(99757).startsWith("Ġ Ġ", "Ġ t");
        assertThat(metadata.integers("tokenizer.ggml.token_type")).hasSize(102400);
        assertThat(metadata.token("tokenizer.ggml.bos_token_id")).hasValue(100000);
        assertThat(metadata.flag("tokenizer.ggml.add_bos_token")).isTrue();
        assertThat(metadata.number("llama.rope.freq_base")).isEqualTo(10000);
    }
}
