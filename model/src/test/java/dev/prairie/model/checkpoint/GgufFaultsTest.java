package dev.prairie.model.checkpoint;

import static dev.prairie.model.checkpoint.GgufBytes.ARRAY;
import static dev.prairie.model.checkpoint.GgufBytes.BOOL;
import static dev.prairie.model.checkpoint.GgufBytes.TEXT;
import static dev.prairie.model.checkpoint.GgufBytes.U32;
import static dev.prairie.model.checkpoint.GgufBytes.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One test for each class of fault that a GGUF file can have, by accident or on purpose. */
class GgufFaultsTest {
    private final Arena arena = Arena.ofShared();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        arena.close();
    }

    private void refused(GgufBytes bytes, String message) throws IOException {
        refused(bytes.bytes(), message);
    }

    private void refused(byte[] bytes, String message) throws IOException {
        Path file = Files.write(folder.resolve("model.gguf"), bytes);
        assertThatThrownBy(() -> Gguf.open(file, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.gguf")
                .hasMessageContaining(message);
    }

    private static GgufBytes value(int type) {
        return header(0, 1).text("key").i32(type);
    }

    private static GgufBytes bytes() {
        return new GgufBytes();
    }

    @Test
    void noFile() {
        assertThatThrownBy(() -> Gguf.open(folder.resolve("none.gguf"), arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("expected a GGUF file, found nothing");
    }

    @Test
    void magic() throws IOException {
        refused(bytes().raw("GGJT").i32(3).i64(0).i64(0), "expected the magic GGUF, found GGJT");
        refused(new byte[0], "the magic GGUF of 4 bytes at byte 0, found 0 bytes");
    }

    @ParameterizedTest
    @CsvSource({
        "0,'expected version 2 or 3, found version 0'",
        "1,since version 1 counts in other widths",
        "4,found version 4",
        "-1,found version 4294967295",
        "50331648,'expected a little-endian file, found a big-endian one of version 3'",
    })
    void version(int version, String message) throws IOException {
        refused(bytes().raw("GGUF").i32(version).i64(0).i64(0), message);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 61, 3})
    void counts(long count) throws IOException {
        refused(header(count, 0).zeros(80), "a number of tensors of at most 2, which the file has room for");
        refused(header(0, count).zeros(40), "a number of metadata values of at most 2");
        refused(value(ARRAY).i32(U32).i64(count).i64(0), "key: expected a number of elements of at most 2");
    }

    @Test
    void countsOfNestedArrays() throws IOException {
        refused(
                value(ARRAY).i32(ARRAY).i64(1).i32(BOOL).i64(Long.MAX_VALUE).i8(0),
                "a number of elements of at most 1");
        refused(value(ARRAY).i32(ARRAY).i64(2).i32(BOOL).i64(0), "a number of elements of at most 1");
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 32, 4})
    void lengthsOfTexts(long length) throws IOException {
        refused(value(TEXT).i64(length).raw("abc"), "key: expected a text of at most");
        refused(value(ARRAY).i32(TEXT).i64(1).i64(length).raw("abc"), "key: expected a text of at most");
    }

    @Test
    void textWithoutItsLength() throws IOException {
        refused(value(TEXT).raw("abc"), "found the end of the file");
    }

    @Test
    void keys() throws IOException {
        refused(header(0, 1).text("").i32(U32).i32(0).zeros(8), "metadata value 0: expected a key of 1 to 65535 bytes");
        refused(header(0, 1).text("k".repeat(65536)).i32(U32).i32(0), "found 65536 bytes");
        refused(header(0, 1).i64(-1).zeros(20), "found 18446744073709551615 bytes");
        refused(header(0, 1).i64(2).i8(0xC3).i8(0x28).i32(U32).i32(0), "expected a key in UTF-8");
        refused(header(0, 2).u32("same", 1).u32("same", 1), "same: expected one value, found a second one");
    }

    @Test
    void aLongKeyIsNotShownWhole() throws IOException {
        Path file = Files.write(
                folder.resolve("model.gguf"),
                header(0, 1).text("k".repeat(60000)).i32(99).i32(0).bytes());
        assertThatThrownBy(() -> Gguf.open(file, arena))
                .isInstanceOf(CheckpointException.class)
                .satisfies(
                        e -> assertThat(String.valueOf(e.getMessage()).length()).isLessThan(1000));
    }

    @ParameterizedTest
    @ValueSource(ints = {13, -1, Integer.MIN_VALUE, 256})
    void types(int type) throws IOException {
        refused(value(type).zeros(16), "key: expected a type from 0 to 12, found " + Integer.toUnsignedString(type));
        refused(value(ARRAY).i32(type).i64(1).zeros(16), "key: expected a type from 0 to 12");
    }

    @Test
    void flags() throws IOException {
        refused(value(BOOL).i8(2), "key: expected 0 or 1 for false or true, found 2");
        refused(value(ARRAY).i32(BOOL).i64(2).i8(1).i8(-1), "found -1");
    }

    @Test
    void nesting() throws IOException {
        GgufBytes deep = value(ARRAY);
        for (int i = 0; i < 100_000; i++) deep.i32(ARRAY).i64(1);
        refused(deep.i32(U32).i64(0), "key: expected arrays 4 deep, found deeper ones");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 3, 48, 1L << 22, 0x80000000L, 0xFFFFFFFFL})
    void alignment(long alignment) throws IOException {
        refused(
                header(1, 1)
                        .u32("general.alignment", alignment)
                        .tensor("t", 0, 0, 1)
                        .pad(32)
                        .zeros(64),
                "general.alignment: expected a power of two up to 2097152, found " + alignment);
    }

    @Test
    void alignmentOfAnotherType() throws IOException {
        refused(header(0, 1).textValue("general.alignment", "32"), "general.alignment: expected a U32, found the text");
        refused(header(0, 1).text("general.alignment").i32(10).i64(32), "expected a U32, found 32");
    }

    @Test
    void dataThatWouldBeginBehindTheEnd() throws IOException {
        refused(
                header(1, 1)
                        .u32("general.alignment", 1 << 21)
                        .tensor("t", 0, 0, 1)
                        .zeros(64),
                "data: expected to begin at byte 2097152");
    }

    @Test
    void tensorNames() throws IOException {
        refused(header(1, 0).tensor("", 0, 0, 1).pad(32).zeros(32), "tensor 0: expected a tensor's name of 1 to 64");
        refused(header(1, 0).tensor("n".repeat(65), 0, 0, 1).pad(32).zeros(32), "found 65 bytes");
        refused(
                header(2, 0).tensor("t", 0, 0, 1).tensor("t", 0, 32, 1).pad(32).zeros(64),
                "t: expected one tensor of this name, found a second one");
    }

    @Test
    void numberOfDimensions() throws IOException {
        refused(header(1, 0).tensor("t", 0, 0).zeros(64), "t: expected 1 to 4 dimensions, found 0");
        refused(header(1, 0).tensor("t", 0, 0, 1, 1, 1, 1, 1).zeros(64), "expected 1 to 4 dimensions, found 5");
        refused(header(1, 0).text("t").i32(-1).zeros(64), "expected 1 to 4 dimensions, found 4294967295");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 31})
    void dimensions(long dim) throws IOException {
        refused(header(1, 0).tensor("t", 0, 0, 32, dim).zeros(64), "t: expected dimensions from 1 to 2147483647");
        refused(header(1, 0).tensor("t", 33, 0, dim).zeros(64), "t: expected dimensions from 1 to 2147483647");
    }

    @Test
    void dimensionsWhoseProductOverflows() throws IOException {
        long much = Integer.MAX_VALUE;
        refused(header(1, 0).tensor("t", 0, 0, much, much, much, much).zeros(64), "as many elements as fit in a file");
        refused(header(1, 0).tensor("t", 33, 0, much, much, much).zeros(64), "as many elements as fit in a file");
        refused(
                header(1, 0).tensor("t", 28, 0, 1 << 30, 1 << 30, 4).zeros(64),
                "t: expected as many elements as fit in a file");
    }

    @Test
    void rowsOfBrokenBlocks() throws IOException {
        refused(
                header(1, 0).tensor("t", 8, 0, 33, 32).pad(32).zeros(4096),
                "t: expected rows of whole blocks of 32, which Q8_0 needs, found 33 in a row");
        refused(header(1, 0).tensor("t", 12, 0, 128, 2).pad(32).zeros(4096), "blocks of 256, which Q4_K needs");
    }

    @Test
    void manyBlocksAreNoFault() throws IOException {
        Path file = Files.write(
                folder.resolve("model.gguf"),
                header(1, 0)
                        .tensor("t", 8, 0, 32 * 1000)
                        .pad(32)
                        .zeros(34 * 1000)
                        .bytes());
        assertThat(Gguf.open(file, arena).tensor("t")).hasToString("Q8_0(32000)");
        refused(
                header(1, 0).tensor("t", 8, 0, 32 * 1000).pad(32).zeros(34 * 1000 - 1),
                "t: expected to lie within the 33999 bytes of data, found 34000 bytes from byte 0");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 16, -32, Long.MIN_VALUE + 1, 33})
    void offsetsThatAreNotAligned(long offset) throws IOException {
        refused(
                header(1, 0).tensor("t", 0, offset, 1).pad(32).zeros(128),
                "t: expected an offset that is a multiple of 32, found " + Long.toUnsignedString(offset));
    }

    @ParameterizedTest
    @ValueSource(longs = {64, 96, 1L << 40, Long.MAX_VALUE - 31})
    void offsetsBehindTheEnd(long offset) throws IOException {
        refused(
                header(1, 0).tensor("t", 0, offset, 1).pad(32).zeros(64),
                "t: expected to lie within the 64 bytes of data");
        if (offset > 64)
            refused(
                    header(1, 0).tensor("t", 33, offset, 1).pad(32).zeros(64),
                    "t: expected to lie within the 64 bytes of data");
    }

    @Test
    void overlaps() throws IOException {
        refused(
                header(2, 0).tensor("a", 0, 0, 9).tensor("b", 0, 32, 1).pad(32).zeros(96),
                "b: expected to begin at byte 36 of the data or behind it, where a ends, found an overlap: byte 32");
        refused(header(2, 0).tensor("a", 0, 32, 1).tensor("b", 0, 32, 1).pad(32).zeros(96), "overlap");
        refused(header(2, 0).tensor("a", 33, 32, 1).tensor("b", 0, 0, 9).pad(32).zeros(96), "overlap");
    }

    @Test
    void everyLengthThatIsCutOff() throws IOException {
        byte[] whole = header(2, 4)
                .textValue("general.architecture", "llama")
                .text("list")
                .i32(ARRAY)
                .i32(TEXT)
                .i64(2)
                .text("one")
                .text("two")
                .u32("general.alignment", 16)
                .text("nested")
                .i32(ARRAY)
                .i32(ARRAY)
                .i64(1)
                .i32(U32)
                .i64(1)
                .i32(9)
                .tensor("a", 0, 0, 4)
                .tensor("b", 8, 16, 32, 2)
                .pad(16)
                .zeros(16 + 68)
                .bytes();
        Gguf.open(Files.write(folder.resolve("model.gguf"), whole), arena);
        for (int keep = 0; keep < whole.length; keep++) refused(Arrays.copyOf(whole, keep), "expected");
    }
}
