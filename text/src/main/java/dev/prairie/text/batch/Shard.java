package dev.prairie.text.batch;

import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * A token file, mapped into memory: one stream of ids and where each document begins in it. Made by {@link ShardWriter}.
 * Threads may share it; whoever opened it closes it.
 */
public final class Shard implements AutoCloseable {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final ShardHeader header;
    private final Arena arena;
    private final MemorySegment ids;
    private final MemorySegment starts;
    private final int[] byteLengths;

    private Shard(Path file, ShardHeader header, Arena arena, MemorySegment all) {
        this.file = file;
        this.header = header;
        this.arena = arena;
        ids = all.asSlice(ShardHeader.SIZE, header.tokens() * header.width());
        starts = all.asSlice(header.startsOffset(), header.documents() * 8);
        MemorySegment lengths = all.asSlice(header.lengthsOffset(), 4L * header.vocabularySize());
        verify("token ids", ids, header.idsChecksum());
        verify("document starts", starts, header.startsChecksum());
        verify("byte lengths", lengths, header.lengthsChecksum());
        byteLengths = lengths.toArray(INT);
        verifyValues();
    }

    /**
     * Opens a token file and verifies all of it, which takes about a second a gigabyte.
     *
     * @throws ShardException if it is missing, truncated or damaged; the message names the damaged part
     */
    @SuppressWarnings("MustBeClosed") // the arena is closed with the shard
    public static Shard open(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer first = ByteBuffer.allocate(ShardHeader.SIZE);
            while (first.hasRemaining() && channel.read(first) >= 0) {}
            ShardHeader header = ShardHeader.read(first.flip(), file, size);
            Arena arena = Arena.ofShared();
            try {
                return new Shard(file, header, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena));
            } catch (IOException | RuntimeException failure) {
                arena.close();
                throw failure;
            }
        } catch (IOException failure) {
            throw new ShardException(file, "could not be read (" + failure + "); encode the corpus first", failure);
        }
    }

    /** The file. */
    public Path file() {
        return file;
    }

    /** Number of ids. */
    public long tokens() {
        return header.tokens();
    }

    /** Number of documents. */
    public int documents() {
        return Math.toIntExact(header.documents());
    }

    /** Bytes of the text as UTF-8. */
    public long textBytes() {
        return header.textBytes();
    }

    /** Size of the vocabulary that made it. */
    public int vocabularySize() {
        return header.vocabularySize();
    }

    /** Fingerprint of the tokenizer that made it, {@link Tokenizer#fingerprint()}. */
    public String fingerprint() {
        return header.fingerprint();
    }

    /** A number that tells this content from other. */
    public int checksum() {
        return header.idsChecksum();
    }

    /** The id at a place of the stream. */
    public int id(long index) {
        return header.width() == 2 ? Short.toUnsignedInt(ids.getAtIndex(SHORT, index)) : ids.getAtIndex(INT, index);
    }

    /** Where a document begins in the stream, its beginning token included. */
    public long start(int document) {
        return starts.getAtIndex(LONG, document);
    }

    /** Where a document ends in the stream, its end token included. */
    public long end(int document) {
        return document + 1 < header.documents() ? start(document + 1) + header.shared() : header.tokens();
    }

    /** Bytes of text that an id stands for; 0 for special tokens. */
    public int byteLength(int id) {
        return byteLengths[id];
    }

    /**
     * Makes sure that the tokens are those of this tokenizer.
     *
     * @throws ShardException if they are not
     */
    public void requireMadeBy(Tokenizer tokenizer) {
        if (!tokenizer.fingerprint().equals(fingerprint())) {
            throw new ShardException(
                    file,
                    "was encoded with tokenizer " + fingerprint().substring(0, 12) + ", not "
                            + tokenizer.fingerprint().substring(0, 12) + "; encode the corpus again");
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private void verify(String part, MemorySegment content, int expected) {
        CRC32C crc = new CRC32C();
        long step = 1 << 26;
        for (long at = 0; at < content.byteSize(); at += step) {
            crc.update(
                    content.asSlice(at, Math.min(step, content.byteSize() - at)).asByteBuffer());
        }
        if ((int) crc.getValue() != expected) {
            throw new ShardException(
                    file, "is damaged: the " + part + " do not match their checksum; encode the corpus again");
        }
    }

    private void verifyValues() {
        for (long i = 0; i < tokens(); i++) {
            if (id(i) < 0 || id(i) >= vocabularySize()) {
                throw new ShardException(
                        file, "is damaged: token " + i + " is " + id(i) + ", outside " + vocabularySize() + " ids");
            }
        }
        long last = 0;
        for (int d = 0; d < documents(); d++) {
            if (start(d) < last || start(d) + header.shared() > tokens() || (d == 0 && start(d) != 0)) {
                throw new ShardException(
                        file,
                        "is damaged: document " + d + " starts at " + start(d) + ", after " + last + " and of "
                                + tokens() + " tokens");
            }
            last = start(d) + header.shared();
        }
        for (int length : byteLengths) {
            if (length < 0) {
                throw new ShardException(file, "is damaged: a token of " + length + " bytes");
            }
        }
    }
}
