package dev.prairie.model.checkpoint;

import dev.prairie.model.checkpoint.GgufHeader.Stored;
import dev.prairie.tensor.Buffer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A GGUF file, mapped into memory: metadata by key, tensors by name. Only what stands in front of the weights is read
 * when it is opened, and nothing is believed before it is checked. A model in several files
 * ({@code NAME-00001-of-00003.gguf}) is opened by the name of any of them.
 *
 * <p>Format: GGUF specification (ggml, {@code docs/gguf.md}), versions 2 and 3, little-endian. Tensors and metadata are
 * read-only and live as long as the arena.
 */
public final class Gguf implements TensorFile {
    private record Place(Path file, Stored stored, MemorySegment data) {}

    private final Path path;
    private final GgufMetadata metadata;
    private final Map<String, Place> places;

    private Gguf(Path path, GgufMetadata metadata, Map<String, Place> places) {
        this.path = path;
        this.metadata = metadata;
        this.places = places;
    }

    /** Whether a file begins as a GGUF file does, whatever it is called. */
    public static boolean is(Path path) throws IOException {
        if (!Files.isRegularFile(path)) return false;
        ByteBuffer magic = ByteBuffer.allocate(Integer.BYTES);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            while (magic.hasRemaining() && channel.read(magic) >= 0) {}
        }
        return !magic.hasRemaining() && Integer.reverseBytes(magic.getInt(0)) == GgufHeader.MAGIC;
    }

    /**
     * Maps a file, and its other parts if it is one of several.
     *
     * @throws CheckpointException for what is missing, cut off, damaged or contradicts itself
     */
    public static Gguf open(Path path, Arena arena) throws IOException {
        Part named = Part.read(path, arena);
        GgufSplit split = GgufSplit.of(path, named.header);
        var places = new LinkedHashMap<String, Place>();
        var metadata = new GgufMetadata(path, named.header.metadata());
        for (int number = 0; number < split.count(); number++) {
            Path file = split.part(number);
            split.present(file);
            Part part = file.equals(path) ? named : Part.read(file, arena);
            split.check(file, number, part.header);
            if (number == 0) metadata = new GgufMetadata(file, part.header.metadata());
            part.addTo(places);
        }
        split.complete(places.size());
        return new Gguf(split.part(0), metadata, places);
    }

    /** One file, mapped. */
    private record Part(Path file, GgufHeader header, MemorySegment data) {
        static Part read(Path file, Arena arena) throws IOException {
            if (!Files.isRegularFile(file))
                throw new CheckpointException(file, "file", "a GGUF file", "nothing", "check the path");
            MemorySegment all;
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            }
            GgufHeader header = GgufHeader.parse(file, all);
            return new Part(file, header, all.asSlice(header.data()));
        }

        void addTo(Map<String, Place> places) {
            for (Stored stored : header.tensors()) {
                Place other = places.putIfAbsent(stored.name(), new Place(file, stored, data));
                if (other != null)
                    throw new CheckpointException(
                            file, stored.name(), "one place", "another in " + other.file, "fetch all parts again");
            }
        }
    }

    /** The file, the first one of several. */
    @Override
    public Path path() {
        return path;
    }

    /** What the file says beside the tensors. */
    public GgufMetadata metadata() {
        return metadata;
    }

    /** The names of all tensors, in the order of the file. */
    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(places.keySet());
    }

    /** The shape of a tensor whatever its type, outermost dimension first. Empty where there is no such tensor. */
    @Override
    public Optional<Shape> shape(String name) {
        return Optional.ofNullable(places.get(name)).map(p -> shape(p.stored));
    }

    private static Shape shape(Stored stored) {
        int rank = stored.dims().length;
        int[] dims = new int[rank];
        for (int d = 0; d < rank; d++) dims[d] = stored.dims()[rank - 1 - d];
        return Shape.of(dims);
    }

    /** The type of a tensor under ggml's name for it, such as {@code Q4_K}; one that we do not know is a number. */
    public String type(String name) {
        int type = place(name).stored.type();
        return GgmlType.numbered(type).map(GgmlType::name).orElse("type " + Integer.toUnsignedString(type));
    }

    /**
     * The tensor over the mapped file.
     *
     * @throws CheckpointException where there is none, or one of a type that we do not compute with
     */
    @Override
    public Tensor tensor(String name) {
        Place place = place(name);
        DType type = GgmlType.numbered(place.stored.type())
                .flatMap(GgmlType::ours)
                .orElseThrow(() -> new CheckpointException(
                        place.file,
                        name,
                        "one of " + List.of(DType.values()),
                        type(name),
                        "get the model in one of these types"));
        var bytes = place.data.asSlice(place.stored.offset(), place.stored.bytes());
        return Tensor.over(Buffer.of(bytes), type, shape(place.stored));
    }

    private Place place(String name) {
        Place place = places.get(name);
        if (place == null)
            throw new CheckpointException(
                    path, name, "a tensor", "none among " + places.size(), "is this the right model?");
        return place;
    }
}
