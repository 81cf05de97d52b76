package dev.prairie.serve.access;

import dev.prairie.serve.api.Scope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The file in which keys are kept, by their hashes alone, for its owner's eyes only. It is replaced as a whole, so that
 * whoever reads it finds the old keys or the new ones; whoever changes it holds the lock beside it.
 */
public final class KeyFile {
    private static final String PREFIX = "prairie-";
    private static final int RANDOM_BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    /** A key that was just made. This is the only time that it can be seen. */
    public record Made(String secret, Key key) {}

    private final Path file;

    public KeyFile(Path file) {
        this.file = file.toAbsolutePath();
    }

    public Path path() {
        return file;
    }

    /** The folder that it is in. */
    public Path folder() {
        Path parent = file.getParent();
        return parent == null ? file : parent;
    }

    /**
     * All keys, usable or not; none if there is no file.
     *
     * @throws KeyFileException if it is not a file of keys
     */
    public List<Key> read() {
        try {
            return KeyJson.read(Files.readAllBytes(file));
        } catch (NoSuchFileException none) {
            return List.of();
        } catch (IOException | RuntimeException e) {
            throw new KeyFileException(file, e);
        }
    }

    /**
     * Makes a key.
     *
     * @throws KeyFileException if a usable key has that name
     */
    public Made create(String name, String tenant, Set<Scope> scopes, @Nullable Instant expires, Limits limits) {
        byte[] random = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(random);
        String secret = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        Instant now = Instant.ofEpochSecond(Instant.now().getEpochSecond());
        Key key = new Key(name, tenant, HexFormat.of().formatHex(hash(secret)), scopes, now, expires, null, limits);
        change(keys -> {
            if (keys.stream().anyMatch(k -> k.name().equals(name) && k.usable(now))) {
                throw new KeyFileException(
                        "a key named " + name + " is in use; revoke it first, or choose another name");
            }
            List<Key> more = new ArrayList<>(keys);
            more.add(key);
            return more;
        });
        return new Made(secret, key);
    }

    /**
     * Takes back the usable key of that name. It stays in the file, so that who still has it is told.
     *
     * @throws KeyFileException if there is none
     */
    public void revoke(String name) {
        Instant now = Instant.ofEpochSecond(Instant.now().getEpochSecond());
        change(keys -> {
            if (keys.stream().noneMatch(k -> k.name().equals(name) && k.usable(now))) {
                throw new KeyFileException("no usable key is named " + name + "; see prairie keys list");
            }
            return keys.stream()
                    .map(k -> k.name().equals(name) && k.usable(now) ? k.withRevoked(now) : k)
                    .toList();
        });
    }

    /** The scope of that name. */
    public static Scope scope(String word) {
        return KeyJson.scope(word);
    }

    static byte[] hash(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private void change(UnaryOperator<List<Key>> change) {
        try {
            Files.createDirectories(folder(), ownersOnly("rwx------"));
            Path lock = file.resolveSibling(file.getFileName() + ".lock");
            // Within this process the channel's lock does not hold two threads apart.
            synchronized (KeyFile.class) {
                try (FileChannel channel = FileChannel.open(
                                lock,
                                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                                ownersOnly("rw-------"));
                        var held = channel.lock()) {
                    if (held.isValid()) {
                        replace(change.apply(read()));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }

    private void replace(List<Key> keys) throws IOException {
        Path whole = Files.createTempFile(folder(), "keys", ".tmp", ownersOnly("rw-------"));
        try {
            try (FileChannel channel = FileChannel.open(whole, StandardOpenOption.WRITE)) {
                var bytes = java.nio.ByteBuffer.wrap(KeyJson.write(keys));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(whole);
        }
    }

    /** Permissions of a new file, where the system has such. */
    static FileAttribute<?>[] ownersOnly(String permissions) {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}
