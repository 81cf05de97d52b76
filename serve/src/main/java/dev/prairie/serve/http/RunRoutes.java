package dev.prairie.serve.http;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.EventStream;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.Surface;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Training runs as JSON, and a live one as a stream of events. */
final class RunRoutes implements Surface {
    private static final Duration LOOK = Duration.ofMillis(500);

    private final Runs runs;

    RunRoutes(Runs runs) {
        this.runs = runs;
    }

    @Override
    public void addTo(Routes routes) {
        routes.get("/api/runs", Scope.OBSERVE, call -> call.json(200, Json.object("runs", runs.list())));
        routes.get("/api/runs/{name}/metrics", Scope.OBSERVE, call -> {
            long after = step(call.context().queryParam("after"));
            call.json(200, runs.metrics(call.path("name"), after));
        });
        routes.get("/api/runs/{name}/events", Scope.OBSERVE, this::follow);
    }

    /**
     * Sends {@code metrics} events (id: the step) and a {@code run} event whenever the run's brief has changed; ends
     * with {@code end} when the run is no longer running.
     */
    private void follow(Call call) throws IOException {
        String name = call.path("name");
        String seen = call.context().header("Last-Event-ID");
        RunTail tail = runs.tail(name, step(seen == null ? call.context().queryParam("after") : seen));
        Map<String, Object> brief = runs.brief(name);
        EventStream out = call.events();
        out.event("run", brief);
        long quiet = 0;
        while (!call.calls().stopping()) {
            // The state is read before the metrics: what was written before the run ended is sent before the end.
            Map<String, Object> now = runs.brief(name);
            boolean news = false;
            do {
                for (ObjectNode line : tail.next()) {
                    out.event("metrics", tail.step(), line);
                    news = true;
                }
            } while (tail.behind());
            if (!now.equals(brief)) {
                brief = now;
                out.event("run", brief);
                news = true;
            }
            if (ended(brief)) {
                out.event("end", brief);
                return;
            }
            quiet = news ? 0 : quiet + LOOK.toMillis();
            if (quiet >= call.patience().toMillis()) {
                quiet = 0;
                out.comment("keep-alive");
            }
            if (!pause()) {
                return;
            }
        }
    }

    private static boolean ended(Map<String, Object> brief) {
        String state = String.valueOf(brief.get("state"));
        return state.contains("finished") || state.contains("interrupted");
    }

    private static boolean pause() {
        try {
            Thread.sleep(LOOK);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static long step(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return -1;
        }
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw ApiException.invalid("after", "\"" + text + "\", give a step");
        }
    }
}
