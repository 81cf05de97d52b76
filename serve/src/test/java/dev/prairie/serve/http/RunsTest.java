package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@Timeout(60)
final class RunsTest {
    @TempDir
    Path folder;

    private Path runs;
    private Engine engine;
    private Server server;
    private Client client;

    @BeforeEach
    void start() throws IOException {
        runs = Files.createDirectory(folder.resolve("runs"));
        Files.writeString(folder.resolve("metrics.jsonl"), line(1, "2.5", "null"));
        engine = new Engine(new ScriptedModel("a"));
        server = new Server(ServerConfig.local(0).withRuns(runs), engine).start();
        client = new Client(server);
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
        engine.close();
    }

    @Test
    void aRunIsListedWithItsStateAndLastFigures() throws IOException {
        run("first", "finished", line(1, "4.0", "4.1") + line(2, "3.0", "3.1") + line(3, "2.0", "null"));
        Files.createDirectory(runs.resolve("not a run"));
        Files.createDirectory(runs.resolve("bare"));
        Files.writeString(runs.resolve("bare/metrics.jsonl"), "");
        JsonNode list = Client.json(client.get("/api/runs").body()).get("runs");
        assertThat(list.valueStream().map(run -> run.get("name").stringValue()))
                .containsExactlyInAnyOrder("first", "bare");
        JsonNode first = list.valueStream()
                .filter(run -> run.get("name").stringValue().equals("first"))
                .findFirst()
                .orElseThrow();
        assertThat(first.get("state").stringValue()).isEqualTo("finished");
        assertThat(first.get("step").intValue()).isEqualTo(3);
        assertThat(first.get("steps").intValue()).isEqualTo(100);
        assertThat(first.get("loss").doubleValue()).isEqualTo(2.0);
        assertThat(first.get("valLoss").doubleValue()).isEqualTo(3.1);
    }

    @Test
    void metricsSkipWhatIsBrokenOrNotYetWhole() throws IOException {
        String whole = line(1, "4.0", "4.1") + "garbage\n[]\n{\"loss\":1}\n" + line(2, "3.0", "null");
        run("r", "running", whole + "{\"step\":3,\"lo");
        JsonNode all = Client.json(client.get("/api/runs/r/metrics").body());
        assertThat(all.valueStream().map(line -> line.get("step").intValue())).containsExactly(1, 2);
        JsonNode later = Client.json(client.get("/api/runs/r/metrics?after=1").body());
        assertThat(later.valueStream().map(line -> line.get("step").intValue())).containsExactly(2);
        assertThat(client.get("/api/runs/r/metrics?after=x").statusCode()).isEqualTo(400);
    }

    @Test
    void manyMetricsAreReadInPieces() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int step = 1; step <= 30_000; step++) {
            lines.append(line(step, "2.5", "null"));
        }
        run("long", "finished", lines.toString());
        assertThat(Files.size(runs.resolve("long/metrics.jsonl"))).isGreaterThan(2 << 20);
        assertThat(Client.json(client.get("/api/runs/long/metrics").body())).hasSize(30_000);
        JsonNode brief = Client.json(client.get("/api/runs").body()).at("/runs/0");
        assertThat(brief.get("step").intValue()).isEqualTo(30_000);
    }

    @Test
    void aLiveRunIsFollowedToItsEnd() throws IOException {
        run("live", "running", line(1, "4.0", "null"));
        Iterator<String> events = client.lines(
                        client.request("/api/runs/live/events").GET().build())
                .iterator();
        expect(events, "event: run");
        expect(events, "event: metrics");
        assertThat(events.next()).contains("\"step\":1");
        append("live", "{\"step\":2,");
        append("live", "\"loss\":3.5}\n");
        expect(events, "id: 2");
        expect(events, "event: metrics");
        assertThat(events.next()).isEqualTo("data: {\"step\":2,\"loss\":3.5}");
        append("live", line(3, "3.0", "null"));
        state("live", "finished");
        expect(events, "id: 3");
        expect(events, "event: end");
        events.forEachRemaining(line -> assertThat(line).doesNotContain("event: metrics"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "..",
                "%2e%2e",
                "%2e",
                "..%2f",
                "..%2fruns%2fr",
                "%2e%2e%2f%2e%2e",
                "..%5c",
                "%00",
                "%2fetc",
                "C%3a",
                "link",
                "nothing"
            })
    void onlyOwnFoldersAreRead(String name) throws IOException {
        run("r", "finished", line(1, "1", "null"));
        Files.createSymbolicLink(runs.resolve("link"), folder);
        for (String what : new String[] {"metrics", "events"}) {
            String answer = client.raw(
                    "GET /api/runs/" + name + "/" + what + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            assertThat(answer).containsPattern("^HTTP/1.1 40[04] ").doesNotContain("2.5");
        }
    }

    @Test
    void noFolderIsNoRuns() throws IOException {
        Files.delete(runs);
        assertThat(client.get("/api/runs").body()).isEqualTo("{\"runs\":[]}");
        assertThat(client.get("/api/runs/x/metrics").statusCode()).isEqualTo(404);
    }

    private static void expect(Iterator<String> events, String line) {
        String next;
        do {
            next = events.next();
            assertThat(next).doesNotContain("\"lo\"");
        } while (!next.equals(line));
    }

    private void run(String name, String state, String lines) throws IOException {
        Files.createDirectory(runs.resolve(name));
        Files.writeString(runs.resolve(name).resolve("metrics.jsonl"), lines);
        state(name, state);
    }

    private void state(String name, String state) throws IOException {
        Files.writeString(
                runs.resolve(name).resolve("run.json"),
                "{\"name\":\"" + name + "\",\"state\":\"" + state + "\",\"steps\":100}");
    }

    private void append(String name, String text) throws IOException {
        Files.writeString(runs.resolve(name).resolve("metrics.jsonl"), text, StandardOpenOption.APPEND);
    }

    private static String line(int step, String loss, String valLoss) {
        return "{\"step\":" + step + ",\"loss\":" + loss + ",\"valLoss\":" + valLoss
                + ",\"lr\":0.001,\"tokensPerSecond\":1000.5,\"mfu\":0.4}\n";
    }
}
