package dev.prairie.app;

import dev.prairie.serve.engine.EngineStats;
import dev.prairie.serve.http.Server;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Clients of a server on this machine, all at once: each sends a prompt of random ids over HTTP and reads the answer as it
 * streams, event by event.
 */
final class ServingProbe implements AutoCloseable {
    /** What one round took: all streams together, and what the engine counted in it. */
    record Round(double seconds, long tokens, double firstTokenMillis, Engine engine) {}

    /** Differences of two looks at the engine. */
    record Engine(long steps, double modelMillis, double samplingMillis, double schedulingMillis) {
        static Engine between(EngineStats before, EngineStats after) {
            return new Engine(
                    after.steps() - before.steps(),
                    (after.modelNanos() - before.modelNanos()) / 1e6,
                    (after.samplingNanos() - before.samplingNanos()) / 1e6,
                    (after.schedulingNanos() - before.schedulingNanos()) / 1e6);
        }
    }

    private record Stream(long tokens, double firstMillis) {}

    private final Server server;
    private final String model;
    private final int vocabulary;
    private final Supplier<EngineStats> stats;
    private final HttpClient http = HttpClient.newHttpClient();
    private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
    private int seed;

    /** The caller closes the server. */
    ServingProbe(Server server, String model, int vocabulary, Supplier<EngineStats> stats) {
        this.server = server;
        this.model = model;
        this.vocabulary = vocabulary;
        this.stats = stats;
    }

    /** {@code streams} answers of {@code count} tokens to prompts of {@code prompt} that were never seen before. */
    Round round(int streams, int prompt, int count) throws InterruptedException, IOException {
        var calls = IntStream.range(0, streams)
                .mapToObj(s -> request(prompt, count, seed++))
                .map(request -> (Callable<Stream>) () -> read(request))
                .toList();
        EngineStats before = stats.get();
        long began = System.nanoTime();
        long tokens = 0;
        double[] firsts = new double[streams];
        int s = 0;
        for (Future<Stream> answer : clients.invokeAll(calls)) {
            try {
                tokens += answer.get().tokens;
                firsts[s++] = answer.get().firstMillis;
            } catch (ExecutionException e) {
                throw new IOException("a client failed", e.getCause());
            }
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        return new Round(seconds, tokens, Medians.of(firsts), Engine.between(before, stats.get()));
    }

    private HttpRequest request(int prompt, int count, int seed) {
        String ids =
                Arrays.toString(new Random(seed).ints(prompt, 259, vocabulary).toArray());
        String body = "{\"model\": \"" + model + "\", \"prompt\": " + ids + ", \"max_tokens\": " + count
                + ", \"temperature\": 0, \"ignore_eos\": true, \"stream\": true,"
                + " \"stream_options\": {\"include_usage\": true}}";
        return HttpRequest.newBuilder(URI.create(server.url() + "v1/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private Stream read(HttpRequest request) throws IOException, InterruptedException {
        long began = System.nanoTime();
        double first = 0;
        long tokens = 0;
        var response = http.send(request, HttpResponse.BodyHandlers.ofLines());
        var lines = response.body().iterator();
        while (lines.hasNext()) {
            String line = lines.next();
            if (response.statusCode() != 200) throw new IOException(line);
            if (first == 0 && line.startsWith("data: ")) first = (System.nanoTime() - began) / 1e6;
            int at = line.indexOf("\"completion_tokens\":");
            if (at >= 0) tokens = Long.parseLong(line.substring(at + 20).split("\\D", 2)[0]);
        }
        return new Stream(tokens, first);
    }

    @Override
    public void close() {
        clients.close();
        http.close();
    }
}
