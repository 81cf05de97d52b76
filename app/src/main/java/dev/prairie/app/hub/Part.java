package dev.prairie.app.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What has arrived of a file: {@code FILE.part}, and beside it in {@code FILE.part.tag} which version of the file that is,
 * as the server named it. Without the tag nothing is known of the bytes, and they are worth nothing.
 */
final class Part {
    private final Path whole;
    private final Path bytes;
    private final Path tag;

    Part(Path whole) {
        this.whole = whole;
        bytes = whole.resolveSibling(whole.getFileName() + ".part");
        tag = whole.resolveSibling(whole.getFileName() + ".part.tag");
    }

    /** The file, once it is whole and right. */
    Path whole() {
        return whole;
    }

    /** Where bytes go. */
    Path bytes() {
        return bytes;
    }

    /** Bytes that a server may go on from. */
    long size() throws IOException {
        return Files.exists(bytes) && Files.exists(tag) ? Files.size(bytes) : 0;
    }

    /** Which version of the file the bytes are of, as its sender named it; may be empty. */
    String version() throws IOException {
        return Files.exists(tag) ? Files.readString(tag) : "";
    }

    /** Nothing of a version yet. */
    void begin(String version) throws IOException {
        discard();
        Files.createDirectories(whole.toAbsolutePath().getParent());
        Files.writeString(tag, version);
    }

    void discard() throws IOException {
        Files.deleteIfExists(bytes);
        Files.deleteIfExists(tag);
    }

    /** The file is whole and right. */
    void finish() throws IOException {
        Files.move(bytes, whole, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Files.deleteIfExists(tag);
    }

    /** SHA-256 of a file, in lower-case hexadecimal digits. */
    static String sha256(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            var digest = MessageDigest.getInstance("SHA-256");
            byte[] piece = new byte[1 << 20];
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) digest.update(piece, 0, n);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
