package dev.prairie.model.checkpoint;

import static dev.prairie.model.checkpoint.GgufBytes.ARRAY;
import static dev.prairie.model.checkpoint.GgufBytes.BOOL;
import static dev.prairie.model.checkpoint.GgufBytes.F32;
import static dev.prairie.model.checkpoint.GgufBytes.TEXT;
import static dev.prairie.model.checkpoint.GgufBytes.U32;
import static dev.prairie.model.checkpoint.GgufBytes.header;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** Good files, small, that between them have every feature of their format: where mutation starts. */
final class HostileSeeds {
    private HostileSeeds() {}

    static Stream<byte[]> gguf() {
        return Stream.of(
                header(0, 0).bytes(),
                header(2, 3)
                        .textValue("general.architecture", "llama")
                        .u32("general.alignment", 8)
                        .text("tokenizer.ggml.tokens")
                        .i32(ARRAY)
                        .i32(TEXT)
                        .i64(3)
                        .text("<s>")
                        .text("")
                        .text("草")
                        .tensor("token_embd.weight", 0, 0, 2, 3)
                        .tensor("q", 8, 24, 32)
                        .pad(8)
                        .zeros(64)
                        .bytes(),
                header(1, 2)
                        .text("nested")
                        .i32(ARRAY)
                        .i32(ARRAY)
                        .i64(2)
                        .i32(BOOL)
                        .i64(2)
                        .i8(1)
                        .i8(0)
                        .i32(U32)
                        .i64(1)
                        .i32(9)
                        .text("floats")
                        .i32(ARRAY)
                        .i32(F32)
                        .i64(2)
                        .f32(1)
                        .f32(2)
                        .tensor("odd", 33, 32, 4, 2, 2, 2)
                        .pad(32)
                        .zeros(64)
                        .bytes(),
                split());
    }

    private static byte[] split() {
        return header(0, 3)
                .u32("split.no", 0)
                .u32("split.count", 2)
                .u32("split.tensors.count", 0)
                .bytes();
    }

    static Stream<byte[]> safetensors() {
        return Stream.of(
                        "{}",
                        "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]}}",
                        "{\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[4,8]},"
                                + "\"c\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]}}")
                .map(HostileSeeds::safetensors);
    }

    private static byte[] safetensors(String header) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + json.length + Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
    }

    /** Numbers that a hostile file puts where a count, a length or an offset belongs. */
    static List<Long> numbers() {
        return List.of(
                0L,
                1L,
                7L,
                31L,
                513L,
                -1L,
                (long) Integer.MAX_VALUE,
                1L << 31,
                0xFFFF_FFFFL,
                1L << 32,
                (1L << 61) + 1,
                Long.MAX_VALUE,
                Long.MIN_VALUE);
    }
}
