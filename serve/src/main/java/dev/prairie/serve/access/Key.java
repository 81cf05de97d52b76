package dev.prairie.serve.access;

import dev.prairie.serve.api.Scope;
import java.time.Instant;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a key: everything but the key itself.
 *
 * @param name    whose it is, in logs and counts; one usable key has it
 * @param tenant  whom cached prompts belong to; keys of one tenant may share them
 * @param hash    SHA-256 of the key, in lower hexadecimal digits
 * @param scopes  what it may do
 * @param created when it was made
 * @param expires from when it is useless; null is never
 * @param revoked from when it has been taken back; null while it has not
 * @param limits  how much it may do
 */
public record Key(
        String name,
        String tenant,
        String hash,
        Set<Scope> scopes,
        Instant created,
        @Nullable Instant expires,
        @Nullable Instant revoked,
        Limits limits) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,63}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    public Key {
        checkName("name", name);
        checkName("tenant", tenant);
        if (!HASH.matcher(hash).matches()) {
            throw new IllegalArgumentException("hash of key " + name + ": not 64 hexadecimal digits; make a new key");
        }
        scopes = Set.copyOf(scopes);
        if (scopes.isEmpty() || scopes.contains(Scope.OPEN) || scopes.contains(Scope.ANY)) {
            throw new IllegalArgumentException(
                    "scopes of key " + name + ": " + scopes + "; give one or more of generate, embed and observe");
        }
    }

    private static void checkName(String what, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(what + ": \"" + name
                    + "\" cannot be used; give up to 64 letters, digits and any of . _ @ -, a letter or digit first");
        }
    }

    /** Whether it opens anything at that time. */
    public boolean usable(Instant now) {
        return revoked == null && (expires == null || now.isBefore(expires));
    }

    Key withRevoked(Instant when) {
        return new Key(name, tenant, hash, scopes, created, expires, when, limits);
    }
}
