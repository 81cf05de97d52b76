package dev.prairie.serve.http;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Training runs as JSON, and a live one as a stream of events. */
final class RunRoutes {
    private static final Duration LOOK = Duration.ofMillis(500);

    private final Runs runs;
    private final Duration keepAlive;
    private final BooleanSupplier stopping;

    RunRoutes(Runs runs, Duration keepAlive, BooleanSupplier stopping) {
        this.runs = runs;
        this.keepAlive = keepAlive;
        this.stopping = stopping;
    }

    void addTo(RoutesConfig routes) {
        routes.get("/api/runs", context -> json(context, Json.object("runs", runs.list())));
        routes.get(
                "/api/runs/{name}/metrics",
                context -> json(context, runs.metrics(context.pathParam("name"), step(context.queryParam("after")))));
        routes.get("/api/runs/{name}/events", this::follow);
    }

    /**
     * Sends {@code metrics} events (id: the step) and a {@code run} event whenever the run's brief has changed; ends
     * with {@code end} when the run is no longer running.
     */
    private void follow(Context context) throws IOException {
        String name = context.pathParam("name");
        String seen = context.header("Last-Event-ID");
        RunTail tail = runs.tail(name, step(seen == null ? context.queryParam("after") : seen));
        Map<String, Object> brief = runs.brief(name);
        EventStream out = new EventStream(context);
        out.event("run", brief);
        long quiet = 0;
        while (!stopping.getAsBoolean()) {
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
            if (quiet >= keepAlive.toMillis()) {
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

    private static void json(Context context, Object value) {
        context.contentType("application/json").result(Json.bytes(value));
    }
}
