package dev.prairie.model.checkpoint;

import java.util.List;
import java.util.Optional;

/**
 * The types of GGUF metadata, in the order of their numbers in the file; {@code size} is that of one value, 0 where it varies
 * (GGUF specification, {@code gguf_metadata_value_type}).
 */
public enum GgufType {
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

    private static final List<GgufType> ALL = List.of(values());
    private final int size;

    GgufType(int size) {
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

    static Optional<GgufType> numbered(int id) {
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
