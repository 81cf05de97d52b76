package dev.prairie.serve.access;

import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Scope;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Keys as they stand in their file: {@code {"keys": [{"name", "tenant", "sha256", "scopes", …}]}}. */
final class KeyJson {
    private static final JsonMapper JSON = JsonMapper.shared();

    private KeyJson() {}

    static byte[] write(List<Key> keys) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Key key : keys) {
            all.add(Json.object(
                    "name",
                    key.name(),
                    "tenant",
                    key.tenant(),
                    "sha256",
                    key.hash(),
                    "scopes",
                    key.scopes().stream().sorted().map(Scope::word).toList(),
                    "created",
                    text(key.created()),
                    "expires",
                    text(key.expires()),
                    "revoked",
                    text(key.revoked()),
                    "requests_per_minute",
                    key.limits().requestsPerMinute(),
                    "tokens_per_minute",
                    key.limits().tokensPerMinute(),
                    "tokens_per_day",
                    key.limits().tokensPerDay()));
        }
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(Json.object("keys", all));
    }

    private static @Nullable String text(@Nullable Instant time) {
        return time == null ? null : time.toString();
    }

    /** @throws RuntimeException that says what is not as it should be */
    static List<Key> read(byte[] text) {
        JsonNode keys = JSON.readTree(text).path("keys");
        if (!keys.isArray()) {
            throw new IllegalArgumentException("no array \"keys\"");
        }
        List<Key> all = new ArrayList<>();
        for (JsonNode key : keys) {
            Instant created = time(key, "created");
            if (created == null) {
                throw new IllegalArgumentException("created: missing");
            }
            all.add(new Key(
                    string(key, "name"),
                    string(key, "tenant"),
                    string(key, "sha256"),
                    scopes(key.path("scopes")),
                    created,
                    time(key, "expires"),
                    time(key, "revoked"),
                    new Limits(
                            number(key, "requests_per_minute"),
                            number(key, "tokens_per_minute"),
                            number(key, "tokens_per_day"))));
        }
        return List.copyOf(all);
    }

    private static String string(JsonNode key, String field) {
        JsonNode value = key.path(field);
        if (!value.isString()) {
            throw new IllegalArgumentException(field + ": not a string");
        }
        return value.stringValue();
    }

    private static long number(JsonNode key, String field) {
        JsonNode value = key.path(field);
        if (value.isMissingNode()) {
            return 0;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw new IllegalArgumentException(field + ": " + value + " is not a whole number");
        }
        return value.longValue();
    }

    /** Nothing that is there is ever taken for "never": a time that cannot be read is an error. */
    private static @Nullable Instant time(JsonNode key, String field) {
        JsonNode value = key.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        try {
            return Instant.parse(string(key, field));
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(field + ": " + value + " is not a time such as 2027-01-31T00:00:00Z", e);
        }
    }

    private static Set<Scope> scopes(JsonNode words) {
        Set<Scope> scopes = EnumSet.noneOf(Scope.class);
        for (JsonNode word : words) {
            scopes.add(scope(word.asString()));
        }
        return scopes;
    }

    static Scope scope(String word) {
        for (Scope scope : Scope.values()) {
            if (scope.word().equals(word.strip().toLowerCase(Locale.ROOT))) {
                return scope;
            }
        }
        throw new IllegalArgumentException("scope: \"" + word + "\"; give generate, embed or observe");
    }
}
