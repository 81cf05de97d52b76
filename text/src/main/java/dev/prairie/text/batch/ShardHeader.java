package dev.prairie.text.batch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * The first 128 bytes of a token file, all numbers little-endian:
 *
 * <pre>
 *   0  8 bytes   "PRTOKENS"
 *   8  int32     version, 1
 *  12  int32     bytes of an id: 2 (unsigned) or 4
 *  16  int32     vocabulary size V
 *  20  int32     tokens that neighbouring documents share: 0, or 1 where one token ends a document and begins the next
 *  24  int64     tokens
 *  32  int64     documents
 *  40  int64     bytes of the text
 *  48  32 bytes  SHA-256 of the tokenizer
 *  80  int32     CRC-32C of the ids
 *  84  int32     CRC-32C of the document starts
 *  88  int32     CRC-32C of the byte lengths
 *  92  int32     CRC-32C of bytes 0 to 91
 *  96  32 bytes  zero
 * </pre>
 *
 * The ids follow, then zeros to a multiple of eight, then {@code documents} int64 document starts, then V int32 with the
 * bytes of text that each id stands for.
 */
record ShardHeader(
        int width,
        int vocabularySize,
        int shared,
        long tokens,
        long documents,
        long textBytes,
        String fingerprint,
        int idsChecksum,
        int startsChecksum,
        int lengthsChecksum) {
    static final int SIZE = 128;
    private static final long MAGIC = 0x534E454B4F545250L; // "PRTOKENS" read as a little-endian number
    private static final int VERSION = 1;
    private static final int CHECKED = 92;

    static int width(int vocabularySize) {
        return vocabularySize <= 1 << 16 ? 2 : 4;
    }

    /** Where the document starts begin. */
    long startsOffset() {
        return SIZE + Math.multiplyExact(Math.ceilDiv(Math.multiplyExact(tokens, width), 8L), 8L);
    }

    /** Where the byte lengths begin. */
    long lengthsOffset() {
        return Math.addExact(startsOffset(), Math.multiplyExact(documents, 8L));
    }

    /** Bytes of the whole file. */
    long fileSize() {
        return Math.addExact(lengthsOffset(), 4L * vocabularySize);
    }

    ByteBuffer bytes() {
        ByteBuffer buffer = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(MAGIC)
                .putInt(VERSION)
                .putInt(width)
                .putInt(vocabularySize)
                .putInt(shared);
        buffer.putLong(tokens)
                .putLong(documents)
                .putLong(textBytes)
                .put(HexFormat.of().parseHex(fingerprint));
        buffer.putInt(idsChecksum).putInt(startsChecksum).putInt(lengthsChecksum);
        buffer.putInt(checksum(buffer));
        return buffer.clear();
    }

    /** Reads and checks a header against the true size of its file. */
    static ShardHeader read(ByteBuffer bytes, Path file, long size) {
        ByteBuffer buffer = bytes.order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.remaining() < SIZE || buffer.getLong(0) != MAGIC) {
            throw new ShardException(file, "is not a token file; encode the corpus again");
        }
        if (buffer.getInt(CHECKED) != checksum(buffer)) {
            throw new ShardException(
                    file, "is damaged: the header does not match its checksum; encode the corpus again");
        }
        if (buffer.getInt(8) != VERSION) {
            throw new ShardException(
                    file, "has version " + buffer.getInt(8) + ", known is " + VERSION + "; encode the corpus again");
        }
        byte[] digest = new byte[32];
        buffer.get(48, digest);
        ShardHeader header = new ShardHeader(
                buffer.getInt(12),
                buffer.getInt(16),
                buffer.getInt(20),
                buffer.getLong(24),
                buffer.getLong(32),
                buffer.getLong(40),
                HexFormat.of().formatHex(digest),
                buffer.getInt(80),
                buffer.getInt(84),
                buffer.getInt(88));
        header.check(file, size);
        return header;
    }

    /** A checksum proves no good will: every count is held against the size of the file. */
    private void check(Path file, long size) {
        boolean sane = vocabularySize > 0
                && width == width(vocabularySize)
                && (shared == 0 || shared == 1)
                && tokens >= 0
                && tokens <= size
                && documents >= 0
                && documents <= tokens
                && documents < Integer.MAX_VALUE
                && textBytes >= 0;
        if (!sane || fileSize() != size) {
            throw new ShardException(
                    file,
                    "is damaged: it has " + size + " bytes, its header declares "
                            + (sane ? fileSize() + " bytes" : "impossible counts") + " for " + tokens + " tokens and "
                            + documents
                            + " documents; encode the corpus again");
        }
    }

    private static int checksum(ByteBuffer buffer) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.slice(0, CHECKED));
        return (int) crc.getValue();
    }
}
