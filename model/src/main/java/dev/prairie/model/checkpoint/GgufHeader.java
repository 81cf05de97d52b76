package dev.prairie.model.checkpoint;

import dev.prairie.model.checkpoint.GgufValue.Type;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one GGUF file says of itself, believed only after every number has been checked against the true size of the
 * file: counts, lengths, types, the alignment, and that every tensor lies within the data and on no other.
 *
 * <p>Format: GGUF specification (ggml, {@code docs/gguf.md}), versions 2 and 3, little-endian. Where the program that most
 * files are made for is stricter than the specification ({@code gguf.cpp}), so are we; where files in use are freer (gaps
 * between tensors, any order of offsets), we are too.
 *
 * @param metadata  by key, in the order of the file
 * @param tensors   in the order of the file
 * @param alignment of the data and of every tensor in it
 * @param data      where the data begins
 */
record GgufHeader(Map<String, GgufValue> metadata, List<Stored> tensors, long alignment, long data) {
    static final int MAGIC = 0x46554747; // "GGUF"
    static final int VERSION = 3;
    static final String ALIGNMENT = "general.alignment";
    static final long DEFAULT_ALIGNMENT = 32;

    /** The specification allows any multiple of 8; nobody needs more than a huge page's. */
    static final long LARGEST_ALIGNMENT = 1 << 21;

    static final int LONGEST_KEY = 65535;
    static final int LONGEST_NAME = 64;
    static final int MOST_DIMENSIONS = 4;

    /** Arrays in arrays: the specification sets no limit, no known file uses more than two. */
    private static final int DEEPEST = 4;

    /** The fewest bytes of a key with its value, and of the description of a tensor. */
    private static final int LEAST_VALUE = Long.BYTES + 1 + Integer.BYTES + 1;

    private static final int LEAST_TENSOR = Long.BYTES + 1 + Integer.BYTES + Long.BYTES + Integer.BYTES + Long.BYTES;

    /**
     * One tensor.
     *
     * @param type   its number
     * @param dims   innermost first, as in the file
     * @param offset from where the data begins
     */
    record Stored(String name, int type, int[] dims, long offset) {
        long elements() {
            long n = 1;
            for (int dim : dims) n *= dim; // was checked
            return n;
        }

        /** Its bytes, 0 where its type is not known. */
        long bytes() {
            return GgmlType.numbered(type).map(t -> t.bytes(elements())).orElse(0L);
        }
    }

    /** Reads and checks everything in front of the data. */
    static GgufHeader parse(Path file, MemorySegment all) {
        return new Reader(new GgufCursor(file, all), all.byteSize()).read();
    }

    /** {@code at}, or the next multiple of {@code alignment}, a power of two, above it. */
    static long aligned(long at, long alignment) {
        return Math.addExact(at, alignment - 1) & -alignment;
    }

    private record Reader(GgufCursor cursor, long size) {
        GgufHeader read() {
            int magic = cursor.integer("the magic GGUF");
            if (magic != MAGIC) throw cursor.wrong("the magic GGUF", magic(magic));
            version(cursor.integer("a version"));
            long tensors = cursor.count("a number of tensors", LEAST_TENSOR);
            long values = cursor.count("a number of metadata values", LEAST_VALUE);
            var metadata = new LinkedHashMap<String, GgufValue>();
            for (long i = 0; i < values; i++) {
                cursor.enter("metadata value", i);
                String key = cursor.name("a key", LONGEST_KEY);
                cursor.enter(key);
                if (metadata.put(key, value()) != null) throw cursor.wrong("one value", "a second one");
            }
            long alignment = alignment(Optional.ofNullable(metadata.get(ALIGNMENT)));
            var stored = new ArrayList<Stored>();
            var names = new HashSet<String>();
            for (long i = 0; i < tensors; i++) {
                cursor.enter("tensor", i);
                Stored tensor = tensor(alignment);
                if (!names.add(tensor.name)) throw cursor.wrong("one tensor of this name", "a second one");
                stored.add(tensor);
            }
            cursor.enter("data");
            long data = tensors == 0 ? cursor.at() : aligned(cursor.at(), alignment);
            if (data > size) throw cursor.wrong("to begin at byte " + data, "a file of " + size + " bytes");
            placed(stored, size - data);
            return new GgufHeader(metadata, stored, alignment, data);
        }

        private static String magic(int magic) {
            var text = new StringBuilder();
            for (int i = 0; i < 4; i++) {
                int octet = magic >> (8 * i) & 0xFF;
                text.append(octet >= ' ' && octet < 127 ? (char) octet : '?');
            }
            return text.toString();
        }

        private void version(int version) {
            if (version == 2 || version == 3) return;
            if ((version & 0xFFFF) == 0 && version != 0)
                throw cursor.wrong(
                        "a little-endian file", "a big-endian one of version " + Integer.reverseBytes(version));
            throw cursor.wrong(
                    "version 2 or 3" + (version == 1 ? ", since version 1 counts in other widths" : ""),
                    "version " + Integer.toUnsignedString(version));
        }

        private Type type() {
            int id = cursor.integer("a type");
            return Type.numbered(id)
                    .orElseThrow(() -> cursor.wrong("a type from 0 to 12", Integer.toUnsignedString(id)));
        }

        private GgufValue value() {
            Type type = type();
            int begin = cursor.at();
            skip(type, 0);
            return cursor.value(type, begin);
        }

        private void skip(Type type, int depth) {
            switch (type) {
                case U8, I8, U16, I16, U32, I32, F32, U64, I64, F64 -> cursor.skip(type.size(), "a value");
                case BOOL -> {
                    byte flag = cursor.octet("true or false");
                    if (flag != 0 && flag != 1) throw cursor.wrong("0 or 1 for false or true", flag + "");
                }
                case TEXT -> cursor.skipTexts(1);
                case ARRAY -> {
                    if (depth == DEEPEST) throw cursor.wrong("arrays " + DEEPEST + " deep", "deeper ones");
                    Type element = type();
                    long count = cursor.count("a number of elements", element.leastSize());
                    if (element == Type.TEXT) cursor.skipTexts(count);
                    else if (element.size() > 0 && element != Type.BOOL)
                        cursor.skip(count * element.size(), "an array");
                    else for (long i = 0; i < count; i++) skip(element, depth + 1);
                }
            }
        }

        private long alignment(Optional<GgufValue> given) {
            if (given.isEmpty()) return DEFAULT_ALIGNMENT;
            cursor.enter(ALIGNMENT);
            if (given.get().type() != Type.U32)
                throw cursor.wrong("a U32", given.get().toString());
            long alignment = given.get().whole();
            if (Long.bitCount(alignment) != 1 || alignment > LARGEST_ALIGNMENT)
                throw cursor.wrong("a power of two up to " + LARGEST_ALIGNMENT, alignment + "");
            return alignment;
        }

        private Stored tensor(long alignment) {
            String name = cursor.name("a tensor's name", LONGEST_NAME);
            cursor.enter(name);
            int rank = cursor.integer("a number of dimensions");
            if (rank < 1 || rank > MOST_DIMENSIONS)
                throw cursor.wrong("1 to " + MOST_DIMENSIONS + " dimensions", Integer.toUnsignedString(rank));
            long[] dims = new long[rank];
            for (int d = 0; d < rank; d++) dims[d] = cursor.whole("a dimension");
            int type = cursor.integer("a type");
            long offset = cursor.whole("an offset");
            for (long dim : dims)
                if (dim < 1 || dim > Integer.MAX_VALUE)
                    throw cursor.wrong("dimensions from 1 to " + Integer.MAX_VALUE, Arrays.toString(dims));
            Optional<GgmlType> known = GgmlType.numbered(type);
            try {
                long elements = 1;
                for (long dim : dims) elements = Math.multiplyExact(elements, dim);
                if (known.isPresent()) known.get().bytes(elements);
            } catch (ArithmeticException e) {
                throw cursor.wrong("as many elements as fit in a file", Arrays.toString(dims));
            }
            if (known.isPresent() && dims[0] % known.get().block() != 0)
                throw cursor.wrong(
                        "rows of whole blocks of " + known.get().block() + ", which " + known.get() + " needs",
                        dims[0] + " in a row");
            if (offset < 0 || offset % alignment != 0)
                throw cursor.wrong("an offset that is a multiple of " + alignment, Long.toUnsignedString(offset));
            return new Stored(
                    name, type, Arrays.stream(dims).mapToInt(d -> (int) d).toArray(), offset);
        }

        /** That every tensor lies within the data, and none on another. */
        private void placed(List<Stored> tensors, long data) {
            var ordered = new ArrayList<>(tensors);
            ordered.sort(Comparator.comparingLong(Stored::offset).thenComparingLong(Stored::bytes));
            long free = 0;
            String before = "";
            for (Stored t : ordered) {
                cursor.enter(t.name);
                long bytes = t.bytes();
                if (t.offset > data || bytes > data - t.offset)
                    throw cursor.wrong(
                            "to lie within the " + data + " bytes of data", bytes + " bytes from byte " + t.offset);
                if (t.offset < free)
                    throw cursor.wrong(
                            "to begin at byte " + free + " of the data or behind it, where " + before + " ends",
                            "an overlap: byte " + t.offset);
                free = t.offset + bytes;
                before = t.name;
            }
        }
    }
}
