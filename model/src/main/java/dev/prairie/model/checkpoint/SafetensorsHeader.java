package dev.prairie.model.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * What a safetensors file says of itself, believed only after every number has been checked against the size of the
 * data: offsets, shapes and types agree, and the tensors cover the data from its first byte to its last without gap or
 * overlap, as the format demands (safetensors README, section "Format").
 */
record SafetensorsHeader(Map<String, Stored> tensors, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";
    static final String HINT = "the file is damaged or not in safetensors format; fetch or save it again";

    /** Bits of one element by type name. Types that are not here are refused when asked for. */
    private static final Map<String, Integer> BITS = Map.ofEntries(
            Map.entry("BOOL", 8),
            Map.entry("U8", 8),
            Map.entry("I8", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("I16", 16),
            Map.entry("U16", 16),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("I32", 32),
            Map.entry("U32", 32),
            Map.entry("F32", 32),
            Map.entry("I64", 64),
            Map.entry("U64", 64),
            Map.entry("F64", 64));

    /** One tensor: bytes {@code begin} (inclusive) to {@code end} (exclusive) of the data. */
    record Stored(String name, String type, long[] shape, long begin, long end) {}

    /** Reads and checks the header {@code json} of a file with {@code dataSize} bytes behind it. */
    static SafetensorsHeader parse(Path file, byte[] json, long dataSize) {
        JsonNode root = Json.object(file, "header", json, HINT);
        var tensors = new LinkedHashMap<String, Stored>();
        var metadata = new LinkedHashMap<String, String>();
        root.properties().forEach(entry -> {
            if (entry.getKey().equals(METADATA)) metadata(file, entry.getValue(), metadata);
            else tensors.put(entry.getKey(), stored(file, entry.getKey(), entry.getValue(), dataSize));
        });
        covered(file, new ArrayList<>(tensors.values()), dataSize);
        return new SafetensorsHeader(Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata));
    }

    private static void metadata(Path file, JsonNode node, Map<String, String> into) {
        if (!node.isObject()) throw new CheckpointException(file, METADATA, "an object", Json.found(node), HINT);
        node.properties().forEach(entry -> {
            if (!entry.getValue().isString())
                throw new CheckpointException(
                        file, METADATA + " " + entry.getKey(), "text", Json.found(entry.getValue()), HINT);
            into.put(entry.getKey(), entry.getValue().stringValue());
        });
    }

    private static Stored stored(Path file, String name, JsonNode node, long dataSize) {
        JsonNode type = node.path("dtype");
        JsonNode dims = node.path("shape");
        JsonNode offsets = node.path("data_offsets");
        if (!type.isString() || !dims.isArray() || !offsets.isArray() || offsets.size() != 2)
            throw new CheckpointException(file, name, "dtype, shape and two data_offsets", Json.found(node), HINT);
        long[] shape = new long[dims.size()];
        for (int i = 0; i < shape.length; i++) shape[i] = Json.count(file, name + " shape", dims.path(i), HINT);
        long begin = Json.count(file, name + " data_offsets", offsets.path(0), HINT);
        long end = Json.count(file, name + " data_offsets", offsets.path(1), HINT);
        if (begin > end || end > dataSize)
            throw new CheckpointException(
                    file, name, "bytes within the " + dataSize + " of data", "bytes " + begin + " to " + end, HINT);
        var stored = new Stored(name, type.stringValue(), shape, begin, end);
        Integer bits = BITS.get(stored.type);
        if (bits != null && !sized(shape, bits, end - begin))
            throw new CheckpointException(
                    file,
                    name,
                    "as many bytes as " + stored.type + Arrays.toString(shape) + " needs",
                    (end - begin) + " bytes",
                    HINT);
        return stored;
    }

    /** Whether the product of {@code shape} is exactly {@code bytes}, without trusting it to fit in a long. */
    private static boolean sized(long[] shape, int bits, long bytes) {
        for (long dim : shape) if (dim == 0) return bytes == 0;
        try {
            long elements = 1;
            for (long dim : shape) elements = Math.multiplyExact(elements, dim);
            return Math.multiplyExact(elements, (long) bits / 8) == bytes;
        } catch (ArithmeticException tooLarge) {
            return false;
        }
    }

    private static void covered(Path file, List<Stored> tensors, long dataSize) {
        tensors.sort(Comparator.comparingLong(Stored::begin).thenComparingLong(Stored::end));
        long at = 0;
        String before = "the header";
        for (Stored t : tensors) {
            if (t.begin != at)
                throw new CheckpointException(
                        file,
                        t.name,
                        "to begin at byte " + at + " of the data, where " + before + " ends",
                        (t.begin < at ? "an overlap: byte " : "a gap: byte ") + t.begin,
                        HINT);
            at = t.end;
            before = t.name;
        }
        if (at != dataSize)
            throw new CheckpointException(
                    file, "data", at + " bytes, where " + before + " ends", dataSize + " bytes", HINT);
    }
}
