package dev.prairie.model.checkpoint;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes GGUF files of version 3, one tensor in memory at a time. Tensors follow each other without gaps but those of the
 * alignment, in the order given, as the strictest of readers demands ({@code gguf.cpp}).
 */
public final class GgufWriter {
    /** Bytes handed to the channel at a time. */
    private static final long PIECE = 1 << 24;

    private GgufWriter() {}

    /**
     * Writes one file, completely or not at all. {@code general.alignment} among the values is heeded.
     *
     * @throws IllegalArgumentException for keys, names or shapes that no GGUF file may have
     */
    public static void write(Path file, Map<String, GgufValue> metadata, List<TensorEntry> tensors) throws IOException {
        check(metadata, tensors);
        long alignment = alignment(metadata);
        AtomicFile.write(file, channel -> {
            head(channel, metadata, tensors, alignment);
            if (!tensors.isEmpty()) pad(channel, alignment);
            for (TensorEntry tensor : tensors)
                try (Arena arena = Arena.ofConfined()) {
                    writeAll(channel, tensor.make(arena).segment());
                    pad(channel, alignment);
                }
        });
    }

    /**
     * Writes a model in as many files as needed for none to hold more than {@code most} bytes of tensors, unless one tensor
     * alone is larger. All metadata is in the first.
     *
     * @param file the name of the whole, such as {@code NAME.gguf}: the parts are {@code NAME-00001-of-00003.gguf} and so on
     * @return the files; the one that was named if one suffices
     */
    public static List<Path> write(Path file, Map<String, GgufValue> metadata, List<TensorEntry> tensors, long most)
            throws IOException {
        check(metadata, tensors);
        List<List<TensorEntry>> parts = parts(tensors, most);
        if (parts.size() == 1) {
            write(file, metadata, tensors);
            return List.of(file);
        }
        String name = String.valueOf(file.getFileName());
        String prefix = name.endsWith(".gguf") ? name.substring(0, name.length() - ".gguf".length()) : name;
        var files = new ArrayList<Path>();
        for (int part = 0; part < parts.size(); part++)
            files.add(file.resolveSibling(GgufSplit.name(prefix, part, parts.size())));
        for (int part = parts.size() - 1; part >= 0; part--) { // the one that is opened comes last
            var values = new LinkedHashMap<String, GgufValue>();
            if (part == 0) values.putAll(metadata);
            else if (metadata.containsKey(GgufHeader.ALIGNMENT))
                values.put(GgufHeader.ALIGNMENT, GgufValue.u32(alignment(metadata)));
            values.put(GgufSplit.NUMBER, GgufValue.whole(GgufValue.Type.U16, part));
            values.put(GgufSplit.COUNT, GgufValue.whole(GgufValue.Type.U16, parts.size()));
            values.put(GgufSplit.TENSORS, GgufValue.whole(GgufValue.Type.I32, tensors.size()));
            write(files.get(part), values, parts.get(part));
        }
        return files;
    }

    private static List<List<TensorEntry>> parts(List<TensorEntry> tensors, long most) {
        var parts = new ArrayList<List<TensorEntry>>();
        parts.add(new ArrayList<>());
        long size = 0;
        for (TensorEntry tensor : tensors) {
            if (!parts.getLast().isEmpty() && Math.addExact(size, tensor.bytes()) > most) {
                parts.add(new ArrayList<>());
                size = 0;
            }
            parts.getLast().add(tensor);
            size = Math.addExact(size, tensor.bytes());
        }
        return parts;
    }

    private static long alignment(Map<String, GgufValue> metadata) {
        GgufValue given = metadata.get(GgufHeader.ALIGNMENT);
        if (given == null) return GgufHeader.DEFAULT_ALIGNMENT;
        if (given.type() != GgufValue.Type.U32
                || Long.bitCount(given.whole()) != 1
                || given.whole() > GgufHeader.LARGEST_ALIGNMENT)
            throw new IllegalArgumentException("gguf: " + GgufHeader.ALIGNMENT + " is " + given
                    + ", must be a power of two up to " + GgufHeader.LARGEST_ALIGNMENT + " as U32");
        return given.whole();
    }

    private static void check(Map<String, GgufValue> metadata, List<TensorEntry> tensors) {
        for (String key : metadata.keySet()) length("key", key, GgufHeader.LONGEST_KEY);
        var names = new HashSet<String>();
        for (TensorEntry tensor : tensors) {
            length("tensor's name", tensor.name(), GgufHeader.LONGEST_NAME);
            if (!names.add(tensor.name()))
                throw new IllegalArgumentException("gguf: two tensors are named " + tensor.name());
            int rank = tensor.shape().rank();
            if (rank > GgufHeader.MOST_DIMENSIONS || tensor.shape().size() == 0)
                throw new IllegalArgumentException("gguf: " + tensor.name() + " is " + tensor.shape()
                        + ", must have 1 to " + GgufHeader.MOST_DIMENSIONS + " dimensions and none of 0");
        }
    }

    private static void length(String what, String text, int most) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > most)
            throw new IllegalArgumentException(
                    "gguf: the " + what + " " + text + " has " + bytes + " bytes, must have 1 to " + most);
    }

    private static void head(
            FileChannel channel, Map<String, GgufValue> metadata, List<TensorEntry> tensors, long alignment)
            throws IOException {
        // Not closed: that would close the channel.
        var out = new Output(new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16));
        out.integer(GgufHeader.MAGIC);
        out.integer(GgufHeader.VERSION);
        out.whole(tensors.size());
        out.whole(metadata.size());
        for (var value : metadata.entrySet()) {
            out.text(value.getKey());
            out.integer(value.getValue().type().ordinal());
            out.bytes(value.getValue().encoded());
        }
        long offset = 0;
        for (TensorEntry tensor : tensors) {
            out.text(tensor.name());
            int[] dims = tensor.shape().dims();
            out.integer(dims.length);
            for (int d = dims.length - 1; d >= 0; d--) out.whole(dims[d]);
            out.integer(GgmlType.of(tensor.type()).id());
            out.whole(offset);
            offset = GgufHeader.aligned(Math.addExact(offset, tensor.bytes()), alignment);
        }
        out.stream.flush();
    }

    /** Little-endian numbers and texts. */
    private record Output(OutputStream stream) {
        void bytes(ByteBuffer bytes) throws IOException {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            stream.write(copy);
        }

        void integer(int value) throws IOException {
            bytes(ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(0, value));
        }

        void whole(long value) throws IOException {
            bytes(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, value));
        }

        void text(String text) throws IOException {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            whole(utf8.length);
            stream.write(utf8);
        }
    }

    private static void pad(FileChannel channel, long alignment) throws IOException {
        long at = channel.position();
        writeAll(channel, MemorySegment.ofArray(new byte[(int) (GgufHeader.aligned(at, alignment) - at)]));
    }

    private static void writeAll(FileChannel channel, MemorySegment bytes) throws IOException {
        for (long from = 0; from < bytes.byteSize(); from += PIECE) {
            ByteBuffer piece = bytes.asSlice(from, Math.min(PIECE, bytes.byteSize() - from))
                    .asByteBuffer();
            while (piece.hasRemaining()) channel.write(piece);
        }
    }
}
