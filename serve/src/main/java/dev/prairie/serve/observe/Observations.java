package dev.prairie.serve.observe;

import dev.prairie.serve.access.Journal;
import dev.prairie.serve.access.Totals;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.Calls;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Outcome;
import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.Surface;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.EngineStats;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Sees every call end, and tells of it: in the log, in the journal, and to whoever asks. */
public final class Observations implements Surface, Outcome.Observer {
    /** A step of a prompt's piece takes a second or so; one that takes this long may never end. */
    private static final Duration LONGEST_STEP = Duration.ofMinutes(1);

    private final Metrics metrics = new Metrics();
    private final RequestLog log = new RequestLog();
    private final Journal journal;

    public Observations(Journal journal) {
        this.journal = journal;
    }

    @Override
    public void over(Outcome outcome) {
        metrics.over(outcome);
        journal.over(outcome);
        log.over(outcome);
    }

    @Override
    public void addTo(Routes routes) {
        routes.get("/health", Scope.OPEN, Observations::health);
        routes.get("/ready", Scope.ANY, Observations::ready);
        routes.get(
                "/metrics",
                Scope.OBSERVE,
                call -> call.context().contentType(Exposition.CONTENT_TYPE).result(metrics.text(call.calls())));
        routes.get("/api/live", Scope.OBSERVE, call -> call.json(200, live(call.calls())));
        routes.get("/api/usage", Scope.OBSERVE, call -> call.json(200, usage()));
        routes.get("/api/traces/{id}", Scope.OBSERVE, Observations::trace);
        routes.get("/openapi.json", Scope.ANY, call -> call.json(200, OpenApi.describe(routes.all())));
    }

    /** Whether the process can still answer: while it drains, too. */
    private static void health(Call call) {
        boolean alive = alive(call.calls());
        int waiting = call.calls().models().engines().stream()
                .mapToInt(Engine::waiting)
                .sum();
        call.json(
                alive ? 200 : 503,
                Json.object(
                        "status",
                        alive ? "ok" : "stopped",
                        "model",
                        call.calls().models().first().id(),
                        "waiting",
                        waiting));
    }

    /** Whether new work is welcome. */
    private static void ready(Call call) {
        boolean stalled = call.calls().models().engines().stream().anyMatch(engine -> engine.stalled(LONGEST_STEP));
        String status =
                !alive(call.calls()) ? "stopped" : call.calls().stopping() ? "draining" : stalled ? "stalled" : "ready";
        call.json(status.equals("ready") ? 200 : 503, Json.object("status", status));
    }

    private static boolean alive(Calls calls) {
        return calls.models().engines().stream().allMatch(Engine::alive);
    }

    private static void trace(Call call) {
        String id = call.path("id");
        byte[] trace = call.calls()
                .traces()
                .find(id)
                .orElseThrow(() -> ApiException.refused(
                        404,
                        "trace_not_found",
                        "no trace of request \"" + id + "\"; ask for one with the header x-prairie-trace: true, and"
                                + " look before a hundred others are"));
        call.context().contentType("application/json").result(trace);
    }

    /** Numbers of now, and counters whose differences are rates. */
    private Map<String, Object> live(Calls calls) {
        List<Map<String, Object>> models = new ArrayList<>();
        for (Engine engine : calls.models().engines()) {
            models.add(model(engine.model().id(), engine.stats()));
        }
        Runtime jvm = Runtime.getRuntime();
        return Json.object(
                "time",
                System.currentTimeMillis(),
                "uptime",
                metrics.uptime(),
                "draining",
                calls.stopping(),
                "open",
                calls.open(),
                "requests",
                metrics.requests(false),
                "failures",
                metrics.requests(true),
                "models",
                models,
                "first_token",
                sum(metrics.firstTokens()),
                "per_token",
                sum(metrics.perTokens()),
                "request",
                sum(metrics.durations()),
                "heap_used",
                jvm.totalMemory() - jvm.freeMemory(),
                "heap_max",
                jvm.maxMemory());
    }

    private static Map<String, Object> sum(Histogram.Sum sum) {
        return Json.object("count", sum.count(), "seconds", sum.seconds());
    }

    private static Map<String, Object> model(String id, EngineStats stats) {
        return Json.object(
                "model",
                id,
                "running",
                stats.running(),
                "waiting",
                stats.waiting(),
                "waiting_tokens",
                stats.waitingTokens(),
                "blocks",
                stats.blocks(),
                "used_blocks",
                stats.usedBlocks(),
                "cached_blocks",
                stats.cachedBlocks(),
                "block_tokens",
                stats.blockTokens(),
                "steps",
                stats.steps(),
                "prompt_tokens",
                stats.promptTokens(),
                "cached_tokens",
                stats.cachedTokens(),
                "completion_tokens",
                stats.completionTokens(),
                "preemptions",
                stats.preemptions(),
                "drafted_tokens",
                stats.draftedTokens(),
                "accepted_tokens",
                stats.acceptedTokens(),
                "failures",
                stats.failures(),
                "model_seconds",
                stats.modelNanos() / 1e9,
                "sampling_seconds",
                stats.samplingNanos() / 1e9,
                "scheduling_seconds",
                stats.schedulingNanos() / 1e9);
    }

    /** What each key has used, today and in the days before, the newest first. */
    private Map<String, Object> usage() {
        Map<LocalDate, Map<String, Totals>> days = journal.days();
        Map<String, List<Map<String, Object>>> byKey = new TreeMap<>();
        Map<String, Totals> totals = new TreeMap<>();
        days.forEach((day, used) -> used.forEach((key, sum) -> {
            Map<String, Object> line = Json.object("day", day.toString());
            line.putAll(totals(sum));
            byKey.computeIfAbsent(key, k -> new ArrayList<>()).add(line);
            totals.merge(key, sum, Totals::plus);
        }));
        LocalDate today = LocalDate.now(java.time.ZoneOffset.UTC);
        List<Map<String, Object>> keys = new ArrayList<>();
        totals.forEach((key, sum) -> keys.add(Json.object(
                "key",
                key,
                "today",
                totals(days.getOrDefault(today, Map.of()).getOrDefault(key, Totals.NONE)),
                "total",
                totals(sum),
                "by_day",
                byKey.get(key))));
        return Json.object("days", Journal.DAYS, "kept", journal.kept(), "keys", keys);
    }

    private static Map<String, Object> totals(Totals sum) {
        return Json.object(
                "requests",
                sum.requests(),
                "failures",
                sum.failures(),
                "prompt_tokens",
                sum.prompt(),
                "cached_tokens",
                sum.cached(),
                "completion_tokens",
                sum.completion());
    }
}
