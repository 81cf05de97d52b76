package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.testing.Demand;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server as it is run: keys, log, and how it ends. */
class ServeIT {
    private static final JsonMapper JSON = JsonMapper.shared();

    @TempDir
    Path folder;

    private String model() {
        return Demand.data("stories260k").resolve("stories260K.gguf").toString();
    }

    private String key(String name, String... options) throws Exception {
        var all = new java.util.ArrayList<>(List.of("keys", "create", name, "--keys", "keys.json"));
        all.addAll(List.of(options));
        Prairie.Result made = Prairie.run(folder, all.toArray(String[]::new));
        assertThat(made.code()).as(made.err()).isZero();
        assertThat(made.out()).matches("prairie-\\S+");
        return made.out().strip();
    }

    @Test
    void keysAreMadeListedAndTakenBack() throws Exception {
        key("alice", "--scope", "generate,observe", "--expires", "90d", "--tokens-per-day", "1000");
        key("bob");
        List<JsonNode> listed = Prairie.run(folder, "keys", "list", "--keys", "keys.json", "--json")
                .out()
                .lines()
                .map(JSON::readTree)
                .toList();
        assertThat(listed).extracting(key -> key.path("name").stringValue()).containsExactly("alice", "bob");
        assertThat(listed.getFirst().path("scopes").toString()).isEqualTo("[\"generate\",\"observe\"]");
        assertThat(listed.getFirst().path("tokens_per_day").asInt()).isEqualTo(1000);
        assertThat(listed.getLast().path("scopes").toString()).isEqualTo("[\"generate\",\"embed\"]");
        assertThat(Prairie.run(folder, "keys", "revoke", "bob", "--keys", "keys.json")
                        .code())
                .isZero();
        assertThat(Prairie.run(folder, "keys", "--keys", "keys.json").out())
                .containsPattern("alice +usable +generate,observe +1000 tokens/day +until ")
                .containsPattern("bob +revoked");
        refused("a key named alice is in use", "revoke it first", "keys", "create", "alice", "--keys", "keys.json");
        refused("no usable key is named bob", "see prairie keys list", "keys", "revoke", "bob", "--keys", "keys.json");
        refused("scope: \"all\"", "give generate, embed or observe", "keys", "create", "x", "--scope", "all");
        refused("--expires is soon", "give a day such as", "keys", "create", "x", "--expires", "soon");
        refused(
                "keys.json has no usable one",
                "create one with prairie keys create NAME",
                "serve",
                "--model",
                "no.gguf",
                "--host",
                "0.0.0.0",
                "--keys",
                "other/keys.json");
    }

    private void refused(String what, String wayOut, String... arguments) throws Exception {
        Prairie.Result result = Prairie.run(folder, arguments);
        assertThat(result.code()).as(result.err()).isEqualTo(2);
        List<String> lines = result.err().lines().toList();
        assertThat(lines.get(lines.size() - 2)).startsWith("prairie: ").contains(what);
        assertThat(lines.getLast()).startsWith("         ").contains(wayOut);
    }

    private Prairie serve(String... more) {
        var all = new java.util.ArrayList<>(List.of(
                "serve",
                "--model",
                model(),
                "--port",
                "0",
                "--require-key",
                "--keys",
                "keys.json",
                "--log",
                "log.jsonl"));
        all.addAll(List.of(more));
        return Prairie.start(folder, all.toArray(String[]::new));
    }

    private static URI address(Prairie server) throws InterruptedException {
        return URI.create(server.await(line -> line.startsWith("serving ")).replaceAll(".* at (http\\S+) .*", "$1"));
    }

    private static HttpRequest completion(URI server, String key) {
        return HttpRequest.newBuilder(server.resolve("/v1/completions"))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"model\": \"stories260K.gguf\", \"prompt\": \"Once\","
                        + " \"max_tokens\": 500, \"n\": 8, \"stream\": true}"))
                .build();
    }

    @Test
    void aSignalDrainsAndWhatWasAskedIsWrittenDown() throws Exception {
        String key = key("alice");
        Prairie.Result ended;
        List<String> lines;
        try (Prairie server = serve();
                HttpClient http = HttpClient.newHttpClient()) {
            URI address = address(server);
            var response = http.send(completion(address, key), HttpResponse.BodyHandlers.ofLines());
            assertThat(response.statusCode()).isEqualTo(200);
            var whole = CompletableFuture.supplyAsync(() -> response.body().toList(), Thread::startVirtualThread);
            server.signal("TERM");
            server.await(line -> line.startsWith("draining"));
            lines = whole.get();
            ended = server.end();
        }
        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(lines).filteredOn(line -> line.startsWith("data: ")).last().isEqualTo("data: [DONE]");
        assertThat(lines.stream().filter(line -> line.contains("\"finish_reason\":\"")))
                .hasSize(8);
        JsonNode line = JSON.readTree(Files.readString(folder.resolve("log.jsonl")));
        assertThat(line.path("request").stringValue())
                .isEqualTo(line.path("request").asString())
                .startsWith("req-");
        assertThat(line.path("key").stringValue()).isEqualTo("alice");
        assertThat(line.path("status").asInt()).isEqualTo(200);
        assertThat(line.path("completion").asInt()).isGreaterThan(8);
        assertThat(line.toString()).doesNotContain("Once").doesNotContain(key);
        try (var days = Files.list(folder.resolve("usage"))) {
            assertThat(Files.readString(days.findFirst().orElseThrow())).contains("\"key\":\"alice\"");
        }
    }

    @Test
    void aSecondSignalEndsAtOnce() throws Exception {
        String key = key("alice");
        try (Prairie server = serve("--drain", "600")) {
            URI address = address(server);
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), address.getPort())) {
                String head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Authorization: Bearer " + key + "\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
                socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
                var answer =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
                assertThat(answer.readLine()).startsWith("HTTP/1.1 100"); // it waits for a body that does not come
                server.interrupt();
                server.await(line -> line.startsWith("draining"));
                server.interrupt();
                assertThat(server.end().code()).isEqualTo(130);
            }
        }
    }
}
