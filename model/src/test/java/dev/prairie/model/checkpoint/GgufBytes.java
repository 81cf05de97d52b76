package dev.prairie.model.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A GGUF file written by hand, field by field, so that any field can be wrong. Knows nothing of our writer. */
final class GgufBytes {
    static final int U32 = 4;
    static final int F32 = 6;
    static final int BOOL = 7;
    static final int TEXT = 8;
    static final int ARRAY = 9;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** The magic, version 3, and the two counts. */
    static GgufBytes header(long tensors, long values) {
        return new GgufBytes().raw("GGUF").i32(3).i64(tensors).i64(values);
    }

    GgufBytes raw(String text) {
        out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    GgufBytes raw(byte... bytes) {
        out.writeBytes(bytes);
        return this;
    }

    GgufBytes i8(int value) {
        out.write(value);
        return this;
    }

    GgufBytes i32(int value) {
        return raw(buffer(4).putInt(value).array());
    }

    GgufBytes i64(long value) {
        return raw(buffer(8).putLong(value).array());
    }

    GgufBytes f32(float value) {
        return raw(buffer(4).putFloat(value).array());
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A text: its length and its bytes. */
    GgufBytes text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return i64(utf8.length).raw(utf8);
    }

    GgufBytes u32(String key, long value) {
        return text(key).i32(U32).i32((int) value);
    }

    GgufBytes textValue(String key, String value) {
        return text(key).i32(TEXT).text(value);
    }

    /** A tensor's description; {@code dims} innermost first. */
    GgufBytes tensor(String name, int type, long offset, long... dims) {
        text(name).i32(dims.length);
        for (long dim : dims) i64(dim);
        return i32(type).i64(offset);
    }

    /** Zeros up to a multiple of {@code alignment}. */
    GgufBytes pad(int alignment) {
        while (out.size() % alignment != 0) out.write(0);
        return this;
    }

    GgufBytes zeros(int count) {
        return raw(new byte[count]);
    }

    byte[] bytes() {
        return out.toByteArray();
    }
}
