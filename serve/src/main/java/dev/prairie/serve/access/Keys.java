package dev.prairie.serve.access;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The keys of a file as they are now: a change of the file is seen within a second. */
final class Keys {
    private static final Logger LOG = System.getLogger(Keys.class.getName());
    private static final long LOOK_NANOS = 500_000_000L;

    private record Stamp(long modified, long size, @Nullable Object file) {
        static final Stamp NONE = new Stamp(-1, -1, null);
    }

    private final KeyFile file;
    private List<Key> keys;
    private Stamp stamp; // of the file as it was last looked at
    private long looked = System.nanoTime();

    /** @throws KeyFileException if the file cannot be read */
    Keys(KeyFile file) {
        this.file = file;
        this.stamp = stamp();
        this.keys = file.read();
    }

    /** The key with this secret, usable or not. */
    Optional<Key> find(String secret) {
        byte[] hash = KeyFile.hash(secret);
        Optional<Key> found = Optional.empty();
        for (Key key : all()) { // all of them, each to its last byte: time tells nothing
            if (MessageDigest.isEqual(hash, HexFormat.of().parseHex(key.hash()))) {
                found = Optional.of(key);
            }
        }
        return found;
    }

    synchronized List<Key> all() {
        long now = System.nanoTime();
        if (now - looked >= LOOK_NANOS) {
            looked = now;
            Stamp seen = stamp();
            if (!seen.equals(stamp)) {
                reload(seen);
            }
        }
        return keys;
    }

    private void reload(Stamp seen) {
        stamp = seen;
        try {
            keys = file.read();
        } catch (KeyFileException e) {
            // Whoever writes by hand may not be done: the keys that were good stay so until the file is again.
            LOG.log(Level.ERROR, "keys: " + e.getMessage());
        }
    }

    private Stamp stamp() {
        try {
            var attributes = Files.readAttributes(file.path(), BasicFileAttributes.class);
            return new Stamp(
                    Objects.requireNonNull(attributes.lastModifiedTime()).to(java.util.concurrent.TimeUnit.NANOSECONDS),
                    attributes.size(),
                    attributes.fileKey());
        } catch (IOException none) {
            return Stamp.NONE;
        }
    }
}
