package dev.prairie.serve.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * What a block of keys and values was computed from: the tokens in it and everything before them, on whose behalf and with
 * which adapter. A SHA-256, so that nobody can make two beginnings that are taken for each other, and a caller of one tenant
 * never finds what another's prompt left behind.
 */
record BlockKey(long a, long b, long c, long d) {
    /** Before the first block. */
    static BlockKey root(String tenant, @Nullable String adapter) {
        MessageDigest hash = sha256();
        hash.update(tenant.getBytes(StandardCharsets.UTF_8));
        hash.update((byte) 0);
        if (adapter != null) {
            hash.update(adapter.getBytes(StandardCharsets.UTF_8));
        }
        return of(hash.digest());
    }

    /** Of the block that follows this one and holds {@code tokens} from {@code from} to {@code to}. */
    BlockKey next(int[] tokens, int from, int to) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * Long.BYTES + (to - from) * Integer.BYTES);
        bytes.putLong(a).putLong(b).putLong(c).putLong(d);
        for (int i = from; i < to; i++) {
            bytes.putInt(tokens[i]);
        }
        return of(sha256().digest(bytes.array()));
    }

    private static BlockKey of(byte[] digest) {
        ByteBuffer bytes = ByteBuffer.wrap(digest);
        return new BlockKey(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
