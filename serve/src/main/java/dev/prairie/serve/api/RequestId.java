package dev.prairie.serve.api;

import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The name of a call, by which its answer, its log line and its trace are found: the client's own if it gives a sane one. */
public final class RequestId {
    /** The header in which clients give it and get it back. */
    public static final String HEADER = "x-request-id";

    private static final Pattern SANE = Pattern.compile("[A-Za-z0-9._:/+=@-]{1,128}");

    private RequestId() {}

    /** {@code given} if it is short and has nothing that could disturb a log, else a new one. */
    public static String of(@Nullable String given) {
        return given != null && SANE.matcher(given).matches()
                ? given
                : "req-" + UUID.randomUUID().toString().replace("-", "");
    }
}
