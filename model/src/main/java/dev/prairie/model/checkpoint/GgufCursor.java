package dev.prairie.model.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A place in a GGUF file that only moves forward, and never beyond the file's end. */
final class GgufCursor {
    static final String HINT = "the file is damaged or cut off; fetch or convert it again";

    /** What a buffer spans; no file has more than this in front of its weights. */
    private static final long MOST = Integer.MAX_VALUE;

    private static final int SHOWN = 100;

    private final Path file;
    private final ByteBuffer bytes;
    private final CharsetDecoder strict = StandardCharsets.UTF_8.newDecoder();
    private int at;
    private String part = "header";
    private long index = -1;

    GgufCursor(Path file, MemorySegment all) {
        this.file = file;
        bytes = all.asSlice(0, Math.min(all.byteSize(), MOST)).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** What is being read, for messages. */
    void enter(String what) {
        part = what;
        index = -1;
    }

    /** The same, one of many. */
    void enter(String what, long number) {
        part = what;
        index = number;
    }

    int at() {
        return at;
    }

    private int left() {
        return bytes.capacity() - at;
    }

    /** The value between {@code begin} and here. */
    GgufValue value(GgufValue.Type type, int begin) {
        return new GgufValue(type, bytes, begin, at);
    }

    CheckpointException wrong(String expected, String found) {
        String brief = part.length() <= SHOWN ? part : part.substring(0, SHOWN) + "…";
        return new CheckpointException(file, index < 0 ? brief : brief + " " + index, expected, found, HINT);
    }

    /** Passes over {@code size} bytes, which must be there. */
    void skip(long size, String what) {
        if (size < 0 || size > left())
            throw wrong(
                    what + " of " + Long.toUnsignedString(size) + " bytes at byte " + at,
                    left() + " bytes up to the end of the file");
        at += (int) size;
    }

    int integer(String what) {
        skip(Integer.BYTES, what);
        return bytes.getInt(at - Integer.BYTES);
    }

    long whole(String what) {
        skip(Long.BYTES, what);
        return bytes.getLong(at - Long.BYTES);
    }

    byte octet(String what) {
        skip(1, what);
        return bytes.get(at - 1);
    }

    /** A count of things of at least {@code least} bytes each, which the rest of the file must have room for. */
    long count(String what, long least) {
        long count = whole(what);
        if (count < 0 || count > left() / least)
            throw wrong(
                    what + " of at most " + left() / least + ", which the file has room for",
                    Long.toUnsignedString(count));
        return count;
    }

    /** Passes over {@code count} texts of any bytes: one loop of its own, since vocabularies are long. */
    void skipTexts(long count) {
        int end = bytes.capacity();
        int next = at;
        for (long i = 0; i < count; i++) {
            long length = end - next < Long.BYTES ? -1 : bytes.getLong(next);
            if (length < 0 || length > end - next - Long.BYTES) {
                at = next;
                throw wrong("a text of at most " + left() + " bytes with its length", found(length));
            }
            next += Long.BYTES + (int) length;
        }
        at = next;
    }

    private String found(long length) {
        return left() < Long.BYTES ? "the end of the file" : Long.toUnsignedString(length) + " bytes";
    }

    /** A key or a name: UTF-8 of 1 to {@code longest} bytes. */
    String name(String what, int longest) {
        long length = whole("the length of " + what);
        if (length < 1 || length > longest)
            throw wrong(what + " of 1 to " + longest + " bytes", Long.toUnsignedString(length) + " bytes");
        skip(length, what);
        byte[] utf8 = new byte[(int) length];
        bytes.get(at - utf8.length, utf8);
        try {
            return strict.decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException e) {
            throw wrong(what + " in UTF-8", "other bytes");
        }
    }
}
