package dev.prairie.serve.access;

import dev.prairie.serve.api.Access;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Caller;
import dev.prairie.serve.api.Scope;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Lets in who shows a key: as {@code Authorization: Bearer KEY}, as {@code x-api-key: KEY}, or, which is what a browser
 * can ask a person for, as the password of {@code Authorization: Basic} (RFC 7617) with any name.
 */
final class KeyedAccess implements Access {
    private final Keys keys;
    private final Journal journal;
    private final InstantSource clock;
    private final Map<String, Quota> quotas = new ConcurrentHashMap<>();

    /** @param journal knows what was used before */
    KeyedAccess(Keys keys, Journal journal, InstantSource clock) {
        this.keys = keys;
        this.journal = journal;
        this.clock = clock;
    }

    @Override
    public Caller admit(Context context) {
        String secret = secret(context);
        if (secret == null) {
            throw denied(context, "", "missing_api_key", "a key is needed: send Authorization: Bearer KEY");
        }
        Optional<Key> found = keys.find(secret);
        if (found.isEmpty()) {
            throw denied(context, "invalid_token", "invalid_api_key", "this key is not known here");
        }
        Key key = found.get();
        if (key.revoked() != null) {
            throw denied(context, "invalid_token", "revoked_api_key", "this key was revoked at " + key.revoked());
        }
        if (!key.usable(clock.instant())) {
            throw denied(context, "invalid_token", "expired_api_key", "this key expired at " + key.expires());
        }
        return new Holder(key, quotas.computeIfAbsent(key.name(), this::quota));
    }

    private Quota quota(String name) {
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        return new Quota(today, journal.tokens(today, name));
    }

    private static ApiException denied(Context context, String error, String code, String message) {
        String accept = context.header("Accept");
        // A browser then asks its user; a program gets the form that RFC 6750 has for tokens.
        boolean page = accept != null && accept.toLowerCase(Locale.ROOT).contains("text/html");
        context.header(
                "WWW-Authenticate",
                page
                        ? "Basic realm=\"Prairie: any name, and a key as the password\", charset=\"UTF-8\""
                        : "Bearer realm=\"Prairie\"" + (error.isEmpty() ? "" : ", error=\"" + error + "\""));
        return ApiException.refused(401, code, message);
    }

    private static @Nullable String secret(Context context) {
        String authorization = context.header("Authorization");
        if (authorization != null) {
            String[] parts = authorization.strip().split("\\s+", 2);
            String rest = parts.length == 2 ? parts[1] : "";
            switch (parts[0].toLowerCase(Locale.ROOT)) {
                case "bearer" -> {
                    return rest;
                }
                case "basic" -> {
                    return password(rest);
                }
                default -> {} // perhaps for a proxy on the way
            }
        }
        return context.header("x-api-key");
    }

    private static String password(String encoded) {
        try {
            String both = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
            return both.substring(both.indexOf(':') + 1);
        } catch (IllegalArgumentException notBase64) {
            return "";
        }
    }

    /** Whoever has a key. */
    private final class Holder implements Caller {
        private final Key key;
        private final Quota quota;

        Holder(Key key, Quota quota) {
            this.key = key;
            this.quota = quota;
        }

        @Override
        public String name() {
            return key.name();
        }

        @Override
        public String tenant() {
            return key.tenant();
        }

        @Override
        public boolean may(Scope scope) {
            return scope == Scope.OPEN || scope == Scope.ANY || key.scopes().contains(scope);
        }

        @Override
        public void enter(Scope scope) {
            if (!may(scope)) {
                throw new ApiException(
                        403,
                        "permission_error",
                        "this needs the scope " + scope.word() + ", which this key does not have",
                        null,
                        "missing_scope");
            }
            if (scope.works()) {
                quota.request(key.limits(), clock.instant());
            }
        }

        @Override
        public Reserved reserve(long tokens) {
            Instant now = clock.instant();
            quota.reserve(key.limits(), tokens, now);
            return usage -> quota.settle(tokens, usage.total(), clock.instant());
        }
    }
}
