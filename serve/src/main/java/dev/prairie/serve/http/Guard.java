package dev.prairie.serve.http;

import dev.prairie.serve.api.ApiException;
import io.javalin.http.Context;
import java.net.URI;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Stands before every route. A web page of someone else must not reach a server on this machine through the user's
 * browser: not by a name that it lets point here (DNS rebinding: the Host header gives it away), and not by a form or a
 * fetch across sites (its Origin differs, and a form cannot send JSON). No other origin is ever allowed in.
 */
final class Guard {
    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|.+\\.localhost|127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|\\[::1]");
    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+]");
    private static final Pattern PORT = Pattern.compile(":\\d*$");

    private final ServerConfig config;

    Guard(ServerConfig config) {
        this.config = config;
    }

    void check(Context context) {
        context.header("X-Content-Type-Options", "nosniff");
        context.header("Referrer-Policy", "no-referrer");
        context.header("Cross-Origin-Resource-Policy", "same-origin");
        context.header("Cache-Control", "no-store");
        String host = context.header("Host");
        if (host == null || !known(name(host))) {
            throw ApiException.refused(
                    403,
                    "host_not_allowed",
                    "Host: \"" + host
                            + "\" is not a name of this server; add it to the server's host names to allow it");
        }
        boolean post = context.req().getMethod().equals("POST");
        String origin = context.header("Origin");
        if (post && origin != null && !host.equalsIgnoreCase(authority(origin))) {
            throw ApiException.refused(
                    403,
                    "origin_not_allowed",
                    "Origin: \"" + origin + "\" is not this server, and pages from elsewhere" + " may not use it");
        }
        if (post && !isJson(context.contentType())) {
            throw ApiException.refused(
                    415,
                    "unsupported_media_type",
                    "Content-Type: \"" + context.contentType() + "\", send application/json");
        }
    }

    private boolean known(String name) {
        return LOOPBACK.matcher(name).matches()
                || name.equals(config.host().toLowerCase(Locale.ROOT))
                || name.equals("[" + config.host().toLowerCase(Locale.ROOT) + "]")
                || config.hostNames().contains(name)
                // Bound to every address, it answers to each: an address cannot be made to point elsewhere.
                || (isWildcard() && ADDRESS.matcher(name).matches());
    }

    private boolean isWildcard() {
        return config.host().equals("0.0.0.0") || config.host().equals("::");
    }

    private static String name(String host) {
        return PORT.matcher(host.toLowerCase(Locale.ROOT)).replaceFirst("");
    }

    private static @Nullable String authority(String origin) {
        try {
            return URI.create(origin).getRawAuthority();
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static boolean isJson(@Nullable String contentType) {
        return contentType != null
                && contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals("application/json");
    }
}
