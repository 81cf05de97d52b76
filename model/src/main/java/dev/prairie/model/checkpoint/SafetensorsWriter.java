package dev.prairie.model.checkpoint;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** Writes safetensors files, one tensor in memory at a time. */
final class SafetensorsWriter {
    /** One cache line: more than the 8 that the format asks for, so that a mapped file suits the widest vector. */
    private static final int ALIGNMENT = 64;

    /** Bytes handed to the channel at a time. */
    private static final long PIECE = 1 << 24;

    /** A tensor that is made, in the arena given, when its turn comes. */
    record Entry(String name, DType type, Shape shape, Function<Arena, Tensor> content) {
        Entry {
            if (type.quantized())
                throw new IllegalArgumentException("safetensors: " + name + " is " + type + shape
                        + ", which the format does not hold; write GGUF");
        }

        long bytes() {
            return type.bytes(shape.size());
        }
    }

    private SafetensorsWriter() {}

    /** Writes the file, completely or not at all. Wider types first, then by name: so every tensor is aligned. */
    static void write(Path file, List<Entry> entries, Map<String, String> metadata) throws IOException {
        List<Entry> ordered = entries.stream()
                .sorted(Comparator.comparingInt((Entry e) -> -e.type.size()).thenComparing(Entry::name))
                .toList();
        byte[] start = start(header(ordered, metadata));
        AtomicFile.write(file, channel -> {
            Checksum sum = new Checksum();
            sum.add(start);
            writeAll(channel, ByteBuffer.wrap(start));
            for (Entry entry : ordered)
                try (Arena arena = Arena.ofConfined()) {
                    MemorySegment content =
                            checked(entry, entry.content.apply(arena)).segment();
                    sum.add(content);
                    for (long from = 0; from < content.byteSize(); from += PIECE)
                        writeAll(
                                channel,
                                content.asSlice(from, Math.min(PIECE, content.byteSize() - from))
                                        .asByteBuffer());
                }
            channel.position(Checksum.place(start).orElseThrow());
            writeAll(channel, ByteBuffer.wrap(sum.digits()));
        });
    }

    private static Tensor checked(Entry entry, Tensor content) {
        if (content.type() != entry.type || !content.shape().equals(entry.shape))
            throw new IllegalArgumentException(
                    "safetensors: " + entry.name + " is announced as " + entry.type + entry.shape + ", is " + content);
        return content;
    }

    private static byte[] header(List<Entry> entries, Map<String, String> metadata) {
        var root = new LinkedHashMap<String, Object>();
        var texts = new TreeMap<>(metadata);
        texts.put(Checksum.KEY, Checksum.BLANK);
        root.put(SafetensorsHeader.METADATA, texts);
        long at = 0;
        for (Entry entry : entries) {
            long end = Math.addExact(at, entry.bytes());
            var described = new LinkedHashMap<String, Object>();
            described.put("dtype", entry.type.name());
            described.put("shape", entry.shape.dims());
            described.put("data_offsets", new long[] {at, end});
            if (root.put(entry.name, described) != null)
                throw new IllegalArgumentException("safetensors: two tensors are named " + entry.name);
            at = end;
        }
        return Json.MAPPER.writeValueAsBytes(root);
    }

    /** Length, header, and the spaces that the format allows behind it. */
    private static byte[] start(byte[] header) {
        int whole = Math.ceilDiv(Long.BYTES + header.length, ALIGNMENT) * ALIGNMENT;
        byte[] start = new byte[whole];
        Arrays.fill(start, (byte) ' ');
        ByteBuffer.wrap(start)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(whole - Long.BYTES)
                .put(header);
        return start;
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) channel.write(bytes);
    }
}
