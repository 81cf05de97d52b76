package dev.prairie.app.hub;

import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.Set;

/**
 * How often what failed is tried again, and how long is waited before.
 *
 * @param attempts in a row that bring nothing new
 * @param first    before the second attempt; doubles with each
 * @param longest  at most, whatever a server asks for
 * @param patience how long nothing may come
 */
record Retry(int attempts, Duration first, Duration longest, Duration patience) {
    static final Retry USUAL = new Retry(6, Duration.ofMillis(500), Duration.ofSeconds(30), Duration.ofSeconds(60));

    /** Answers of a server that will have another answer later. */
    private static final Set<Integer> LATER = Set.of(408, 425, 429, 500, 502, 503, 504);

    static boolean later(int status) {
        return LATER.contains(status);
    }

    /** How long to wait after this many failures in a row. */
    Duration after(int failures) {
        Duration doubled = first.multipliedBy(1L << Math.min(failures - 1, 20));
        return doubled.compareTo(longest) < 0 ? doubled : longest;
    }

    /** The same, or what the server asks for where that is longer. */
    Duration after(int failures, HttpHeaders headers) {
        Duration ours = after(failures);
        long seconds = headers.firstValue("Retry-After")
                .filter(v -> v.matches("\\d{1,6}"))
                .map(Long::parseLong)
                .orElse(0L);
        Duration theirs = Duration.ofSeconds(seconds);
        if (theirs.compareTo(ours) <= 0) return ours;
        return theirs.compareTo(longest) < 0 ? theirs : longest;
    }
}
