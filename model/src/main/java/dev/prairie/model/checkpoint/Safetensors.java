package dev.prairie.model.checkpoint;

import dev.prairie.model.checkpoint.SafetensorsHeader.Stored;
import dev.prairie.tensor.Buffer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import tools.jackson.databind.JsonNode;

/**
 * Tensors by name in safetensors files, mapped into memory: nothing is read before it is used, and nothing is believed
 * before it is checked. One file, or the shards that an index file names.
 *
 * <p>Format (safetensors README, section "Format"): 8 bytes, the length n of the header, little-endian; n bytes of JSON;
 * then the data. Tensors are read-only and live as long as the arena.
 */
public final class Safetensors implements TensorFile {
    /** The name of the file in a model's folder. */
    public static final String FILE = "model.safetensors";

    /** The name of the file that lists the shards of a large model. */
    public static final String INDEX = "model.safetensors.index.json";

    /** The limit of the format's own reader. */
    private static final long LONGEST_HEADER = 100_000_000;

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private record Place(Path file, Stored stored, MemorySegment data) {}

    private final Path path;
    private final Map<String, Place> places = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private Safetensors(Path path) {
        this.path = path;
    }

    /**
     * Maps a {@code .safetensors} file, the shards of an {@code .index.json} file, or whichever of the two a folder
     * holds. A file written by {@link #write} is read once to check its sum.
     *
     * @throws CheckpointException for what is missing, cut off, damaged or contradicts itself
     */
    public static Safetensors open(Path path, Arena arena) throws IOException {
        if (Files.isDirectory(path)) {
            Path index = path.resolve(INDEX);
            return open(!Files.exists(path.resolve(FILE)) && Files.exists(index) ? index : path.resolve(FILE), arena);
        }
        var opened = new Safetensors(path);
        if (path.toString().endsWith(".json")) opened.addShards(arena);
        else opened.addFile(path, arena);
        return opened;
    }

    private void addFile(Path file, Arena arena) throws IOException {
        if (!Files.isRegularFile(file))
            throw new CheckpointException(file, "file", "a safetensors file", "nothing", "check the path");
        MemorySegment all;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
        long size = all.byteSize();
        if (size < Long.BYTES)
            throw new CheckpointException(file, "file", "at least 8 bytes", size + " bytes", SafetensorsHeader.HINT);
        long length = all.get(LENGTH, 0);
        if (length < 2 || length > Math.min(size - Long.BYTES, LONGEST_HEADER))
            throw new CheckpointException(
                    file,
                    "header",
                    "a length from 2 to " + Math.min(size - Long.BYTES, LONGEST_HEADER),
                    Long.toUnsignedString(length),
                    SafetensorsHeader.HINT);
        byte[] json = all.asSlice(Long.BYTES, length).toArray(ValueLayout.JAVA_BYTE);
        MemorySegment data = all.asSlice(Long.BYTES + length);
        var header = SafetensorsHeader.parse(file, json, data.byteSize());
        byte[] start = all.asSlice(0, Long.BYTES).toArray(ValueLayout.JAVA_BYTE);
        Checksum.verify(file, start, json, data, "a bit has changed since it was saved; use the checkpoint before it");
        header.tensors().forEach((name, stored) -> {
            Place other = places.putIfAbsent(name, new Place(file, stored, data));
            if (other != null)
                throw new CheckpointException(file, name, "one place", "another in " + other.file, "remove one shard");
        });
        metadata.putAll(header.metadata());
    }

    private void addShards(Arena arena) throws IOException {
        String hint = "fetch the index and all its shards again";
        if (!Files.isRegularFile(path))
            throw new CheckpointException(path, "file", "an index of shards", "nothing", "check the path");
        JsonNode map =
                Json.object(path, "index", Files.readAllBytes(path), hint).path("weight_map");
        if (!map.isObject()) throw new CheckpointException(path, "weight_map", "an object", Json.found(map), hint);
        var shardOf = new LinkedHashMap<String, String>();
        map.properties().forEach(entry -> {
            JsonNode shard = entry.getValue();
            if (!shard.isString() || !shard.stringValue().matches("[\\w.-]+\\.safetensors"))
                throw new CheckpointException(
                        path, entry.getKey(), "a shard's name without folders", Json.found(shard), hint);
            shardOf.put(entry.getKey(), shard.stringValue());
        });
        for (String shard : new TreeSet<>(shardOf.values())) addFile(path.resolveSibling(shard), arena);
        shardOf.forEach((name, shard) -> {
            Place place = places.get(name);
            if (place == null || !place.file.equals(path.resolveSibling(shard)))
                throw new CheckpointException(
                        path, name, "to be in " + shard, place == null ? "it nowhere" : "it in " + place.file, hint);
        });
    }

    /** The file or index that was opened. */
    @Override
    public Path path() {
        return path;
    }

    /** All names, in the order of the file. */
    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(places.keySet());
    }

    /** The free text beside the tensors. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /** The shape of a tensor whatever its type; a scalar is (1). Empty where there is no such tensor. */
    @Override
    public Optional<Shape> shape(String name) {
        return Optional.ofNullable(places.get(name)).map(Safetensors::shape);
    }

    private static Shape shape(Place place) {
        long[] dims = place.stored.shape();
        if (LongStream.of(dims).anyMatch(d -> d > Integer.MAX_VALUE))
            throw new CheckpointException(
                    place.file,
                    place.stored.name(),
                    "dimensions of at most " + Integer.MAX_VALUE,
                    Arrays.toString(dims),
                    "no kernel takes it");
        return dims.length == 0
                ? Shape.of(1)
                : Shape.of(LongStream.of(dims).mapToInt(Math::toIntExact).toArray());
    }

    /** The tensor over the mapped file: F32, BF16, F16 or I32. */
    @Override
    public Tensor tensor(String name) {
        Place place = places.get(name);
        if (place == null)
            throw new CheckpointException(
                    path, name, "a tensor", "none among " + places.size(), "is this the right model?");
        Stored s = place.stored;
        DType type = held().stream()
                .filter(t -> t.name().equals(s.type()))
                .findFirst()
                .orElseThrow(() -> new CheckpointException(
                        place.file,
                        name,
                        "one of " + held(),
                        s.type(),
                        "convert the tensor to a type that can be computed with"));
        return Tensor.over(Buffer.of(place.data.asSlice(s.begin(), s.end() - s.begin())), type, shape(place));
    }

    /** What both the format and we know. */
    private static List<DType> held() {
        return Arrays.stream(DType.values()).filter(t -> !t.quantized()).toList();
    }

    /**
     * Writes a file that other programs can read, completely or not at all: tensors in the order of their names, the
     * metadata, and a sum over every byte that {@link #open} checks.
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) throws IOException {
        var entries = tensors.entrySet().stream()
                .map(e -> TensorEntry.of(e.getKey(), e.getValue()))
                .toList();
        SafetensorsWriter.write(file, entries, metadata);
    }
}
