package dev.prairie.model.checkpoint;

import dev.prairie.model.checkpoint.GgufValue.Type;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a GGUF file says beside its tensors, by key. Each accessor takes a key and gives the value in one Java type; a
 * value that is missing or of another kind is a {@link CheckpointException} that shows both. The forms with a second
 * argument answer it where the key is missing, never where the value is wrong.
 */
public final class GgufMetadata {
    private static final String HINT = "the file is damaged or of a kind that is not supported; fetch it again";

    private final Path file;
    private final Map<String, GgufValue> values;

    /** Takes over {@code values}. */
    GgufMetadata(Path file, Map<String, GgufValue> values) {
        this.file = file;
        this.values = Collections.unmodifiableMap(values);
    }

    /** All values in the order of the file, for who copies them. */
    public Map<String, GgufValue> values() {
        return values;
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    public Optional<GgufValue> value(String key) {
        return Optional.ofNullable(values.get(key));
    }

    public String text(String key) {
        GgufValue value = present(key, "text");
        if (value.type() != Type.TEXT) throw wrong(key, "text", value);
        return value.text();
    }

    public String text(String key, String missing) {
        return has(key) ? text(key) : missing;
    }

    public boolean flag(String key) {
        GgufValue value = present(key, "true or false");
        if (value.type() != Type.BOOL) throw wrong(key, "true or false", value);
        return value.flag();
    }

    public boolean flag(String key, boolean missing) {
        return has(key) ? flag(key) : missing;
    }

    /** A whole number of any stored width that fits in an int. */
    public int integer(String key) {
        GgufValue value = present(key, "a whole number");
        if (!value.type().whole()) throw wrong(key, "a whole number", value);
        if (!isInt(value.type(), value.whole())) throw wrong(key, "at most " + Integer.MAX_VALUE, value);
        return (int) value.whole();
    }

    public int integer(String key, int missing) {
        return has(key) ? integer(key) : missing;
    }

    /** The id of a token; none where the key is missing, or holds -1 in any stored width as some programs write it. */
    public OptionalInt token(String key) {
        Optional<GgufValue> value = value(key);
        if (value.isEmpty()) return OptionalInt.empty();
        Type type = value.get().type();
        if (!type.whole()) throw wrong(key, "a token's id", value.get());
        long id = value.get().whole();
        if (id == -1 || type == Type.U32 && id == 0xFFFF_FFFFL) return OptionalInt.empty();
        if (id < 0 || id > Integer.MAX_VALUE) throw wrong(key, "a token's id", value.get());
        return OptionalInt.of((int) id);
    }

    /** A number, stored as F32, F64 or whole. */
    public double number(String key) {
        GgufValue value = present(key, "a number");
        if (value.type().real()) return value.real();
        if (!value.type().whole()) throw wrong(key, "a number", value);
        return value.whole();
    }

    public double number(String key, double missing) {
        return has(key) ? number(key) : missing;
    }

    /** An array of texts, decoded now; bytes that are no UTF-8 become U+FFFD. */
    public List<String> texts(String key) {
        GgufValue value = array(key, "an array of texts");
        return is(value, Type.TEXT) ? value.texts() : none(key, "an array of texts", value, List.of());
    }

    /** An array of whole numbers of any stored width that fit in an int. */
    public int[] integers(String key) {
        String expected = "an array of whole numbers";
        GgufValue value = array(key, expected);
        Type element = value.elementType().orElse(Type.ARRAY);
        if (!element.whole()) return none(key, expected, value, new int[0]);
        int[] numbers = new int[value.length()];
        for (int i = 0; i < numbers.length; i++) {
            long number = value.wholeElement(element, i);
            if (!isInt(element, number))
                throw new CheckpointException(
                        file, key + "[" + i + "]", "at most " + Integer.MAX_VALUE, Long.toUnsignedString(number), HINT);
            numbers[i] = (int) number;
        }
        return numbers;
    }

    /** An array of F32, F64 or whole numbers as floats. */
    public float[] floats(String key) {
        String expected = "an array of numbers";
        GgufValue value = array(key, expected);
        Type element = value.elementType().orElse(Type.ARRAY);
        if (!element.real() && !element.whole()) return none(key, expected, value, new float[0]);
        float[] numbers = new float[value.length()];
        for (int i = 0; i < numbers.length; i++)
            numbers[i] = element.real() ? (float) value.realElement(element, i) : value.wholeElement(element, i);
        return numbers;
    }

    /** An array of truth values. */
    public boolean[] flags(String key) {
        GgufValue value = array(key, "an array of true and false");
        return is(value, Type.BOOL) ? value.flags() : none(key, "an array of true and false", value, new boolean[0]);
    }

    /** That {@code value}, of this key, is not what was expected. */
    CheckpointException wrong(String key, String expected, GgufValue value) {
        return new CheckpointException(file, key, expected, value.toString(), HINT);
    }

    private GgufValue present(String key, String expected) {
        GgufValue value = values.get(key);
        if (value == null) throw new CheckpointException(file, key, expected, "no such key", HINT);
        return value;
    }

    private GgufValue array(String key, String expected) {
        GgufValue value = present(key, expected);
        if (value.type() != Type.ARRAY) throw wrong(key, expected, value);
        return value;
    }

    private static boolean is(GgufValue array, Type element) {
        return array.elementType().equals(Optional.of(element));
    }

    /** An array of other things: only an empty one may be taken for any kind, since writers give it any type. */
    private <T> T none(String key, String expected, GgufValue value, T empty) {
        if (value.length() > 0) throw wrong(key, expected, value);
        return empty;
    }

    private static boolean isInt(Type type, long value) {
        return value == (int) value && !(type == Type.U64 && value < 0);
    }
}
