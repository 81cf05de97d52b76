package dev.prairie.model.checkpoint;

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

/** Writes safetensors files, one tensor in memory at a time. */
final class SafetensorsWriter {
    /** One cache line: more than the 8 that the format asks for, so that a mapped file suits the widest vector. */
    private static final int ALIGNMENT = 64;

    /** Bytes handed to the channel at a time. */
    private static final long PIECE = 1 << 24;

    private SafetensorsWriter() {}

    /** Writes the file, completely or not at all. Wider types first, then by name: so every tensor is aligned. */
    static void write(Path file, List<TensorEntry> entries, Map<String, String> metadata) throws IOException {
        refuseBlocks(entries);
        List<TensorEntry> ordered = entries.stream()
                .sorted(Comparator.comparingInt((TensorEntry e) -> -e.type().size())
                        .thenComparing(TensorEntry::name))
                .toList();
        byte[] start = start(header(ordered, metadata));
        AtomicFile.write(file, channel -> {
            Checksum sum = new Checksum();
            sum.add(start);
            writeAll(channel, ByteBuffer.wrap(start));
            for (TensorEntry entry : ordered)
                try (Arena arena = Arena.ofConfined()) {
                    MemorySegment content = entry.make(arena).segment();
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

    private static void refuseBlocks(List<TensorEntry> entries) {
        for (TensorEntry entry : entries)
            if (entry.type().quantized())
                throw new IllegalArgumentException("safetensors: " + entry.name() + " is " + entry.type()
                        + entry.shape() + ", which the format does not hold; write GGUF");
    }

    private static byte[] header(List<TensorEntry> entries, Map<String, String> metadata) {
        var root = new LinkedHashMap<String, Object>();
        var texts = new TreeMap<>(metadata);
        texts.put(Checksum.KEY, Checksum.BLANK);
        root.put(SafetensorsHeader.METADATA, texts);
        long at = 0;
        for (TensorEntry entry : entries) {
            long end = Math.addExact(at, entry.bytes());
            var described = new LinkedHashMap<String, Object>();
            described.put("dtype", entry.type().name());
            described.put("shape", entry.shape().dims());
            described.put("data_offsets", new long[] {at, end});
            if (root.put(entry.name(), described) != null)
                throw new IllegalArgumentException("safetensors: two tensors are named " + entry.name());
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
