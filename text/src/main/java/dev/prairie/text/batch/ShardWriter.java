package dev.prairie.text.batch;

import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Encodes documents into a token file. If the tokenizer has tokens for beginning and end, each document is put between
 * them; if one token is both, a single one stands between two documents. The file has its name only once it is whole.
 */
public final class ShardWriter implements AutoCloseable {
    private final Path file;
    private final Path unfinished;
    private final Tokenizer tokenizer;
    private final int width;
    private final int shared;
    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    private CRC32C checksum = new CRC32C();
    private long[] starts = new long[64];
    private int documents;
    private long tokens;
    private long textBytes;

    /** A writer of {@code file}, which is replaced if it exists. */
    public ShardWriter(Path file, Tokenizer tokenizer) throws IOException {
        this.file = file;
        this.tokenizer = tokenizer;
        width = ShardHeader.width(tokenizer.vocabularySize());
        shared = tokenizer.bos().isPresent() && tokenizer.bos().equals(tokenizer.eos()) ? 1 : 0;
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        unfinished = file.resolveSibling(file.getFileName() + ".new");
        channel = FileChannel.open(
                unfinished, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
        channel.position(ShardHeader.SIZE);
    }

    /** Adds a document; an empty one is none. */
    public void add(String text) throws IOException {
        if (text.isEmpty()) {
            return;
        }
        if (documents == starts.length) {
            starts = Arrays.copyOf(starts, Math.multiplyExact(2, documents));
        }
        starts[documents++] = tokens == 0 ? 0 : tokens - shared;
        if (tokenizer.bos().isPresent() && (shared == 0 || tokens == 0)) {
            put(tokenizer.bos().getAsInt());
        }
        for (int id : tokenizer.encode(text)) {
            put(id);
        }
        if (tokenizer.eos().isPresent()) {
            put(tokenizer.eos().getAsInt());
        }
        textBytes += text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Tokens so far. */
    public long tokens() {
        return tokens;
    }

    /** Completes the file and gives it its name. */
    public void finish() throws IOException {
        flush();
        int idsChecksum = (int) checksum.getValue();
        checksum = new CRC32C();
        channel.position(Math.ceilDiv(channel.position(), 8L) * 8);
        for (int d = 0; d < documents; d++) {
            room(8);
            buffer.putLong(starts[d]);
        }
        flush();
        int startsChecksum = (int) checksum.getValue();
        checksum = new CRC32C();
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            room(4);
            buffer.putInt(tokenizer.specials().isSpecial(id) ? 0 : tokenizer.bytes(id).length);
        }
        flush();
        ShardHeader header = new ShardHeader(
                width,
                tokenizer.vocabularySize(),
                shared,
                tokens,
                documents,
                textBytes,
                tokenizer.fingerprint(),
                idsChecksum,
                startsChecksum,
                (int) checksum.getValue());
        channel.position(0);
        ByteBuffer bytes = header.bytes();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(true);
        channel.close();
        Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Lets go of the file; one that was not finished disappears. */
    @Override
    public void close() throws IOException {
        if (channel.isOpen()) {
            channel.close();
            Files.deleteIfExists(unfinished);
        }
    }

    private void put(int id) throws IOException {
        room(width);
        if (width == 2) {
            buffer.putShort((short) id);
        } else {
            buffer.putInt(id);
        }
        tokens++;
    }

    private void room(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            flush();
        }
    }

    private void flush() throws IOException {
        buffer.flip();
        checksum.update(buffer.duplicate());
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }
}
