package dev.prairie.model.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One value of a GGUF file's metadata, kept in the bytes of the file and decoded when it is asked for: a vocabulary costs
 * nothing until somebody needs it, and what is copied from file to file stays the same to the last bit.
 *
 * <p>Types and encodings: GGUF specification (ggml, {@code docs/gguf.md}), {@code gguf_metadata_value_t}. Values that
 * come from a file live as long as the arena it was opened in.
 */
public final class GgufValue {
    /** The types, in the order of their numbers in the file; {@code size} is that of one value, 0 where it varies. */
    public enum Type {
        U8(1),
        I8(1),
        U16(2),
        I16(2),
        U32(4),
        I32(4),
        F32(4),
        BOOL(1),
        TEXT(0),
        ARRAY(0),
        U64(8),
        I64(8),
        F64(8);

        private static final List<Type> ALL = List.of(values());
        private final int size;

        Type(int size) {
            this.size = size;
        }

        int size() {
            return size;
        }

        /** The fewest bytes that one value takes: a text its length, an array its type and its count. */
        int leastSize() {
            return switch (this) {
                case TEXT -> Long.BYTES;
                case ARRAY -> Integer.BYTES + Long.BYTES;
                default -> size;
            };
        }

        static Optional<Type> numbered(int id) {
            return id >= 0 && id < ALL.size() ? Optional.of(ALL.get(id)) : Optional.empty();
        }

        boolean whole() {
            return switch (this) {
                case U8, I8, U16, I16, U32, I32, U64, I64 -> true;
                case F32, F64, BOOL, TEXT, ARRAY -> false;
            };
        }

        boolean real() {
            return this == F32 || this == F64;
        }
    }

    /** Where the elements of an array begin, behind their type and their count. */
    private static final int ELEMENTS = Integer.BYTES + Long.BYTES;

    private static final int SHOWN = 60;

    private final Type type;
    private final ByteBuffer file;
    private final int begin;
    private final int end;

    /** Bytes {@code begin} to {@code end} of {@code file}, which have been checked to be a value of this type. */
    GgufValue(Type type, ByteBuffer file, int begin, int end) {
        this.type = type;
        this.file = file;
        this.begin = begin;
        this.end = end;
    }

    private static GgufValue of(Type type, byte[] bytes) {
        return new GgufValue(type, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), 0, bytes.length);
    }

    private static ByteBuffer bytes(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A text, stored as UTF-8. */
    public static GgufValue of(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return of(
                Type.TEXT,
                bytes(Long.BYTES + utf8.length).putLong(utf8.length).put(utf8).array());
    }

    /** A truth value. */
    public static GgufValue of(boolean flag) {
        return of(Type.BOOL, new byte[] {(byte) (flag ? 1 : 0)});
    }

    /** A whole number from 0 to 2³² - 1 as U32, the type of most counts and ids. */
    public static GgufValue u32(long value) {
        return whole(Type.U32, value);
    }

    /** A whole number in the type given, which must hold it. */
    public static GgufValue whole(Type type, long value) {
        boolean fits = switch (type) {
            case U8 -> value >= 0 && value <= 0xFF;
            case I8 -> value == (byte) value;
            case U16 -> value >= 0 && value <= 0xFFFF;
            case I16 -> value == (short) value;
            case U32 -> value >= 0 && value <= 0xFFFF_FFFFL;
            case I32 -> value == (int) value;
            case U64 -> value >= 0;
            case I64 -> true;
            case F32, F64, BOOL, TEXT, ARRAY -> false;
        };
        if (!fits) throw new IllegalArgumentException("gguf: " + type + " does not hold " + value);
        byte[] wide = bytes(Long.BYTES).putLong(value).array();
        return of(type, Arrays.copyOf(wide, type.size));
    }

    /** A number as F32. */
    public static GgufValue of(float value) {
        return of(Type.F32, bytes(Float.BYTES).putFloat(value).array());
    }

    /** A number as F64. */
    public static GgufValue of(double value) {
        return of(Type.F64, bytes(Double.BYTES).putDouble(value).array());
    }

    /** An array of texts. */
    public static GgufValue texts(List<String> texts) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(array(Type.TEXT, texts.size(), 0).array());
        for (String text : texts) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            out.writeBytes(bytes(Long.BYTES).putLong(utf8.length).array());
            out.writeBytes(utf8);
        }
        return of(Type.ARRAY, out.toByteArray());
    }

    /** An array of I32. */
    public static GgufValue ints(int... values) {
        ByteBuffer out = array(Type.I32, values.length, Integer.BYTES);
        for (int value : values) out.putInt(value);
        return new GgufValue(Type.ARRAY, out, 0, out.capacity());
    }

    /** An array of F32. */
    public static GgufValue floats(float... values) {
        ByteBuffer out = array(Type.F32, values.length, Float.BYTES);
        for (float value : values) out.putFloat(value);
        return new GgufValue(Type.ARRAY, out, 0, out.capacity());
    }

    /** An array of values that all have one type; not empty. */
    public static GgufValue array(List<GgufValue> values) {
        Type element = values.getFirst().type;
        var out = new ByteArrayOutputStream();
        out.writeBytes(array(element, values.size(), 0).array());
        for (GgufValue value : values) {
            if (value.type != element)
                throw new IllegalArgumentException("gguf: an array holds " + element + " and " + value.type);
            byte[] encoded = new byte[value.end - value.begin];
            value.file.get(value.begin, encoded);
            out.writeBytes(encoded);
        }
        return of(Type.ARRAY, out.toByteArray());
    }

    private static ByteBuffer array(Type element, int count, int size) {
        return bytes(Math.addExact(ELEMENTS, Math.multiplyExact(count, size)))
                .putInt(element.ordinal())
                .putLong(count);
    }

    public Type type() {
        return type;
    }

    /** The type of an array's elements; empty for what is no array. */
    public Optional<Type> elementType() {
        return type == Type.ARRAY ? Type.numbered(file.getInt(begin)) : Optional.empty();
    }

    /** How many elements an array has; 1 for what is no array. */
    public int length() {
        return type == Type.ARRAY ? (int) file.getLong(begin + Integer.BYTES) : 1;
    }

    /** The elements of an array, arrays among them; what is no array has itself. */
    public List<GgufValue> elements() {
        Optional<Type> element = elementType();
        if (element.isEmpty()) return List.of(this);
        var elements = new ArrayList<GgufValue>(length());
        int at = begin + ELEMENTS;
        for (int i = length(); i > 0; i--) {
            int next = skip(element.get(), at);
            elements.add(new GgufValue(element.get(), file, at, next));
            at = next;
        }
        return elements;
    }

    private int skip(Type of, int at) {
        return switch (of) {
            case TEXT -> at + Long.BYTES + (int) file.getLong(at);
            case ARRAY -> {
                Type element = Type.numbered(file.getInt(at)).orElseThrow();
                int count = (int) file.getLong(at + Integer.BYTES);
                int next = at + ELEMENTS;
                if (element.size > 0) yield next + count * element.size;
                for (int i = 0; i < count; i++) next = skip(element, next);
                yield next;
            }
            default -> at + of.size;
        };
    }

    // ---- what accessors decode; the caller has looked at the type ---------------------------------------------

    /** The bytes as they stand in the file behind the type. */
    ByteBuffer encoded() {
        return file.slice(begin, end - begin);
    }

    String text() {
        return textAt(begin);
    }

    private String textAt(int at) {
        byte[] utf8 = new byte[(int) file.getLong(at)];
        file.get(at + Long.BYTES, utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    List<String> texts() {
        var texts = new ArrayList<String>(length());
        int at = begin + ELEMENTS;
        for (int i = length(); i > 0; i--) {
            texts.add(textAt(at));
            at += Long.BYTES + (int) file.getLong(at);
        }
        return texts;
    }

    boolean flag() {
        return file.get(begin) != 0;
    }

    boolean[] flags() {
        boolean[] flags = new boolean[length()];
        for (int i = 0; i < flags.length; i++) flags[i] = file.get(begin + ELEMENTS + i) != 0;
        return flags;
    }

    /** A whole number; a U64 above 2⁶³ - 1 comes out negative. */
    long whole() {
        return wholeAt(type, begin);
    }

    /** Element {@code i} of an array of whole numbers. */
    long wholeElement(Type element, int i) {
        return wholeAt(element, begin + ELEMENTS + i * element.size);
    }

    private long wholeAt(Type of, int at) {
        return switch (of) {
            case U8 -> file.get(at) & 0xFF;
            case I8 -> file.get(at);
            case U16 -> file.getShort(at) & 0xFFFF;
            case I16 -> file.getShort(at);
            case U32 -> file.getInt(at) & 0xFFFF_FFFFL;
            case I32 -> file.getInt(at);
            case U64, I64 -> file.getLong(at);
            case F32, F64, BOOL, TEXT, ARRAY -> throw new IllegalStateException(of + " is not a whole number");
        };
    }

    double real() {
        return realAt(type, begin);
    }

    /** Element {@code i} of an array of F32 or F64. */
    double realElement(Type element, int i) {
        return realAt(element, begin + ELEMENTS + i * element.size);
    }

    private double realAt(Type of, int at) {
        return of == Type.F32 ? file.getFloat(at) : file.getDouble(at);
    }

    /** As a message shows it. */
    @Override
    public String toString() {
        if (type == Type.TEXT) {
            String text = file.getLong(begin) > 4L * SHOWN ? "of " + file.getLong(begin) + " bytes" : text();
            return "the text " + (text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…");
        }
        if (type == Type.ARRAY)
            return "an array of " + length() + " " + elementType().orElse(Type.ARRAY);
        if (type == Type.BOOL) return String.valueOf(flag());
        return type.real() ? type + " " + real() : type == Type.U64 ? Long.toUnsignedString(whole()) : whole() + "";
    }
}
