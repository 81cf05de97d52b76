package dev.prairie.serve.observe;

import dev.prairie.serve.api.Calls;
import dev.prairie.serve.api.Outcome;
import dev.prairie.serve.api.Usage;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.EngineStats;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/** Counts what calls came to, and writes it down together with what the engines tell of themselves. */
final class Metrics implements Outcome.Observer {
    private static final String GAUGE = "gauge";
    private static final String COUNTER = "counter";

    private record Requests(String route, String method, int status) implements Comparable<Requests> {
        @Override
        public int compareTo(Requests other) {
            int byRoute = (route + " " + method).compareTo(other.route + " " + other.method);
            return byRoute != 0 ? byRoute : Integer.compare(status, other.status);
        }
    }

    private record Timed(String route, String model) implements Comparable<Timed> {
        @Override
        public int compareTo(Timed other) {
            int byRoute = route.compareTo(other.route);
            return byRoute != 0 ? byRoute : model.compareTo(other.model);
        }
    }

    private record Tokens(LongAdder input, LongAdder cached, LongAdder output) {
        Tokens() {
            this(new LongAdder(), new LongAdder(), new LongAdder());
        }
    }

    private record OfEngine(String name, String type, String help, Function<EngineStats, Number> value) {}

    private static final List<OfEngine> ENGINE = List.of(
            new OfEngine("running", GAUGE, "Sequences that have begun and not ended.", EngineStats::running),
            new OfEngine("waiting", GAUGE, "Sequences that wait.", EngineStats::waiting),
            new OfEngine("waiting_tokens", GAUGE, "Tokens in prompts that wait.", EngineStats::waitingTokens),
            new OfEngine("kv_blocks", GAUGE, "Blocks of keys and values.", EngineStats::blocks),
            new OfEngine("kv_blocks_used", GAUGE, "Blocks in use by sequences.", EngineStats::usedBlocks),
            new OfEngine("kv_blocks_cached", GAUGE, "Blocks in no use, kept to be found.", EngineStats::cachedBlocks),
            new OfEngine("steps_total", COUNTER, "Steps of the model.", EngineStats::steps),
            new OfEngine("prompt_tokens_total", COUNTER, "Prompt tokens computed.", EngineStats::promptTokens),
            new OfEngine("cached_tokens_total", COUNTER, "Prompt tokens found computed.", EngineStats::cachedTokens),
            new OfEngine("completion_tokens_total", COUNTER, "Tokens sampled.", EngineStats::completionTokens),
            new OfEngine("preemptions_total", COUNTER, "Sequences that lost their place.", EngineStats::preemptions),
            new OfEngine("drafted_tokens_total", COUNTER, "Tokens guessed ahead.", EngineStats::draftedTokens),
            new OfEngine("accepted_tokens_total", COUNTER, "Guesses that were right.", EngineStats::acceptedTokens),
            new OfEngine("failures_total", COUNTER, "Steps that failed.", EngineStats::failures),
            new OfEngine("model_seconds_total", COUNTER, "Time in the model.", s -> s.modelNanos() / 1e9),
            new OfEngine("sampling_seconds_total", COUNTER, "Time in sampling.", s -> s.samplingNanos() / 1e9),
            new OfEngine("scheduling_seconds_total", COUNTER, "Time in scheduling.", s -> s.schedulingNanos() / 1e9));

    private final long began = System.nanoTime();
    private final Map<Requests, LongAdder> requests = new ConcurrentSkipListMap<>();
    private final Map<String, Tokens> tokens = new ConcurrentSkipListMap<>();
    private final Map<Timed, Histogram> durations = new ConcurrentSkipListMap<>();
    private final Map<String, Histogram> firstTokens = new ConcurrentSkipListMap<>();
    private final Map<String, Histogram> perTokens = new ConcurrentSkipListMap<>();

    @Override
    public void over(Outcome outcome) {
        requests.computeIfAbsent(
                        new Requests(outcome.route(), method(outcome.method()), outcome.status()),
                        key -> new LongAdder())
                .increment();
        String model = outcome.model();
        if (model == null) {
            return;
        }
        if (outcome.scope().works()) {
            durations
                    .computeIfAbsent(new Timed(outcome.route(), model), key -> new Histogram(Names.DURATIONS))
                    .add(outcome.took().toNanos() / 1e9);
        }
        Usage usage = outcome.usage();
        Tokens counted = tokens.computeIfAbsent(model, key -> new Tokens());
        counted.input.add(usage.prompt());
        counted.cached.add(usage.cached());
        counted.output.add(usage.completion());
        for (Outcome.Pace pace : outcome.answers()) {
            firstTokens
                    .computeIfAbsent(model, key -> new Histogram(Names.FIRST_TOKENS))
                    .add(pace.first().toNanos() / 1e9);
            if (pace.tokens() > 1) {
                perTokens
                        .computeIfAbsent(model, key -> new Histogram(Names.PER_TOKENS))
                        .add(pace.rest().toNanos() / 1e9 / (pace.tokens() - 1));
            }
        }
    }

    /** Whoever sends nonsense makes no new series. */
    private static String method(String method) {
        return switch (method) {
            case "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS" -> method;
            default -> "_OTHER";
        };
    }

    double uptime() {
        return (System.nanoTime() - began) / 1e9;
    }

    /** Calls that are over, or those of them whose fault is ours. */
    long requests(boolean failuresAlone) {
        return requests.entrySet().stream()
                .filter(e -> !failuresAlone || e.getKey().status() >= 500)
                .mapToLong(e -> e.getValue().sum())
                .sum();
    }

    Histogram.Sum durations() {
        return sum(durations);
    }

    Histogram.Sum firstTokens() {
        return sum(firstTokens);
    }

    Histogram.Sum perTokens() {
        return sum(perTokens);
    }

    private static Histogram.Sum sum(Map<?, Histogram> all) {
        return all.values().stream().map(Histogram::sum).reduce(new Histogram.Sum(0, 0), Histogram.Sum::plus);
    }

    /** Everything, for Prometheus. */
    String text(Calls calls) {
        var out = new Exposition();
        out.metric(Names.REQUESTS, COUNTER, "Calls that are over; 499: the client did not wait.");
        requests.forEach((r, n) -> out.sample(
                Names.REQUESTS,
                n.sum(),
                Names.ROUTE,
                r.route(),
                Names.METHOD,
                r.method(),
                Names.STATUS,
                Integer.toString(r.status())));
        out.metric(Names.TOKENS, COUNTER, "Tokens of calls that are over; cached: input that was found computed.");
        tokens.forEach((model, counted) -> {
            out.sample(Names.TOKENS, counted.input.sum(), Names.MODEL, model, Names.TOKEN_TYPE, "input");
            out.sample(Names.TOKENS, counted.cached.sum(), Names.MODEL, model, Names.TOKEN_TYPE, "cached");
            out.sample(Names.TOKENS, counted.output.sum(), Names.MODEL, model, Names.TOKEN_TYPE, "output");
        });
        out.metric(Names.DURATION, "histogram", "Whole calls of a model.");
        durations.forEach((timed, histogram) ->
                histogram.write(out, Names.DURATION, Names.ROUTE, timed.route(), Names.MODEL, timed.model()));
        out.metric(Names.FIRST_TOKEN, "histogram", "From a call's beginning to the first text of a choice.");
        firstTokens.forEach((model, histogram) -> histogram.write(out, Names.FIRST_TOKEN, Names.MODEL, model));
        out.metric(Names.PER_TOKEN, "histogram", "Per token of a choice after its first.");
        perTokens.forEach((model, histogram) -> histogram.write(out, Names.PER_TOKEN, Names.MODEL, model));
        engines(out, calls);
        out.single(Names.OPEN, GAUGE, "Answers that are being given.", calls.open());
        out.single(Names.DRAINING, GAUGE, "1 while nothing new is taken.", calls.stopping() ? 1 : 0);
        out.single(Names.UPTIME, GAUGE, "Since the server began.", uptime());
        Runtime jvm = Runtime.getRuntime();
        out.single(
                Names.HEAP_USED, GAUGE, "Memory in use.", jvm.totalMemory() - jvm.freeMemory(), Names.MEMORY, "heap");
        out.single(Names.HEAP_LIMIT, GAUGE, "Memory at most.", jvm.maxMemory(), Names.MEMORY, "heap");
        return out.toString();
    }

    private static void engines(Exposition out, Calls calls) {
        Map<String, EngineStats> engines = new TreeMap<>();
        for (Engine engine : calls.models().engines()) {
            engines.put(engine.model().id(), engine.stats());
        }
        for (OfEngine metric : ENGINE) {
            out.metric(Names.ENGINE + metric.name(), metric.type(), metric.help());
            engines.forEach((model, stats) ->
                    out.sample(Names.ENGINE + metric.name(), metric.value().apply(stats), Names.MODEL, model));
        }
    }
}
