package dev.prairie.serve.observe;

import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Outcome;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** A line of JSON for each call, as the logger {@link #NAME} at level INFO. Never what was said, and never a key. */
final class RequestLog implements Outcome.Observer {
    static final String NAME = "dev.prairie.serve.requests";

    private static final Logger LOG = System.getLogger(NAME);

    @Override
    public void over(Outcome outcome) {
        if (LOG.isLoggable(Level.INFO)) {
            LOG.log(Level.INFO, line(outcome));
        }
    }

    static String line(Outcome outcome) {
        Map<String, Object> line = Json.object(
                "time",
                outcome.began().toString(),
                "request",
                outcome.id(),
                "key",
                outcome.caller(),
                "method",
                outcome.method(),
                "route",
                outcome.route(),
                "status",
                outcome.status(),
                "ms",
                millis(outcome.took()));
        if (outcome.error() != null) {
            line.put("error", outcome.error());
        }
        if (outcome.model() != null) {
            line.put("model", outcome.model());
            line.put("prompt", outcome.usage().prompt());
            line.put("cached", outcome.usage().cached());
            line.put("completion", outcome.usage().completion());
        }
        Optional<Duration> first =
                outcome.answers().stream().map(Outcome.Pace::first).min(Duration::compareTo);
        first.ifPresent(time -> line.put("first_ms", millis(time)));
        return new String(Json.bytes(line), java.nio.charset.StandardCharsets.UTF_8);
    }

    private static double millis(Duration time) {
        return Math.rint(time.toNanos() / 1e4) / 100;
    }
}
