package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.EngineConfig;
import dev.prairie.serve.engine.ScriptedModel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** What comes back, byte by byte, and what happens when one side gives up. */
@Timeout(60)
@SuppressWarnings("NullAway.Init") // every test starts a server of its own first
final class StreamsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETION = "/v1/completions";

    private ScriptedModel model;
    private Engine engine;
    private Server server;
    private Client client;

    @AfterEach
    void stop() {
        client.close();
        server.close();
        engine.close();
        assertThat(model.open()).isZero();
    }

    @Test
    void aChatStreamHasRoleTextReasonUsageAndEnd() {
        start("Hi 星!");
        List<String> data =
                Client.data(client.post(CHAT, chat("'stream': true, 'stream_options': {'include_usage': true}"))
                        .body());
        assertThat(data.getLast()).isEqualTo("[DONE]");
        List<JsonNode> chunks =
                data.subList(0, data.size() - 1).stream().map(Client::json).toList();
        for (JsonNode chunk : chunks) {
            assertThat(chunk.get("object").stringValue()).isEqualTo("chat.completion.chunk");
            assertThat(chunk.get("id")).isEqualTo(chunks.getFirst().get("id"));
            assertThat(chunk.has("usage")).isTrue();
        }
        JsonNode usage = chunks.getLast();
        assertThat(usage.get("choices")).isEmpty();
        assertThat(usage.get("usage").toString())
                .isEqualTo("{\"prompt_tokens\":1,\"completion_tokens\":8,\"total_tokens\":9,"
                        + "\"prompt_tokens_details\":{\"cached_tokens\":0},"
                        + "\"completion_tokens_details\":{\"reasoning_tokens\":0}}");
        List<JsonNode> parts = chunks.subList(0, chunks.size() - 1);
        assertThat(parts).allMatch(chunk -> chunk.get("usage").isNull());
        assertThat(parts.getFirst().at("/choices/0/delta/role").stringValue()).isEqualTo("assistant");
        assertThat(parts.getLast().at("/choices/0/delta")).isEmpty();
        assertThat(parts.getLast().at("/choices/0/finish_reason").stringValue()).isEqualTo("stop");
        assertThat(parts.subList(0, parts.size() - 1))
                .allMatch(chunk -> chunk.at("/choices/0/finish_reason").isNull())
                .allMatch(chunk -> chunk.at("/choices/0/logprobs").isNull());
        assertThat(parts.stream()
                        .map(chunk -> chunk.at("/choices/0/delta/content").stringValue("")))
                .containsExactly("", "H", "i", " ", "星", "!", "");
    }

    @Test
    void withoutIncludeUsageThereIsNoUsage() {
        start("abc");
        HttpResponse<String> response = client.post(COMPLETION, completion("'stream': true"));
        assertThat(response.headers().firstValue("content-type")).hasValue("text/event-stream; charset=utf-8");
        assertThat(response.body()).doesNotContain("usage").endsWith("data: [DONE]\n\n");
    }

    @Test
    void aWholeAnswerHasItsNullsInPlace() {
        start("abc");
        JsonNode chat = Client.json(client.post(CHAT, chat("'max_tokens': 2")).body());
        assertThat(chat.at("/choices/0/message").toString())
                .isEqualTo("{\"role\":\"assistant\",\"content\":\"ab\",\"refusal\":null}");
        assertThat(chat.at("/choices/0/finish_reason").stringValue()).isEqualTo("length");
        assertThat(chat.at("/choices/0").has("logprobs")).isTrue();
        JsonNode text =
                Client.json(client.post(COMPLETION, completion("'echo': true")).body());
        assertThat(text.at("/choices/0").toString())
                .isEqualTo("{\"index\":0,\"text\":\"aabc\",\"logprobs\":null,\"finish_reason\":\"stop\"}");
        assertThat(text.at("/usage/total_tokens").intValue()).isEqualTo(5);
    }

    @Test
    void severalPromptsAndChoicesKeepTheirPlaces() {
        start("ok");
        String body = "{'model': 'scripted', 'prompt': [[97], [98, 99]], 'n': 2, 'echo': true, 'stream': %s}";
        JsonNode whole =
                Client.json(client.post(COMPLETION, body.formatted("false").replace('\'', '"'))
                        .body());
        assertThat(whole.get("choices")
                        .valueStream()
                        .map(c -> c.get("index").intValue() + c.get("text").stringValue()))
                .containsExactly("0aok", "1aok", "2bcok", "3bcok");
        assertThat(whole.at("/usage/prompt_tokens").intValue()).isEqualTo(3);
        String[] streamed = {"", "", "", ""};
        for (String data :
                Client.data(client.post(COMPLETION, body.formatted("true").replace('\'', '"'))
                        .body())) {
            if (!data.equals("[DONE]")) {
                JsonNode choice = Client.json(data).at("/choices/0");
                streamed[choice.get("index").intValue()] += choice.get("text").stringValue();
            }
        }
        assertThat(streamed).containsExactly("aok", "aok", "bcok", "bcok");
    }

    @Test
    void noPartOfAStopStringIsStreamed() {
        start("one STOX STOP two");
        String body = client.post(COMPLETION, completion("'stream': true, 'stop': ['STOP']"))
                .body();
        StringBuilder text = new StringBuilder();
        for (String data : Client.data(body)) {
            text.append(
                    data.equals("[DONE]")
                            ? ""
                            : Client.json(data).at("/choices/0/text").stringValue());
        }
        assertThat(text).hasToString("one STOX ");
        assertThat(body).contains("\"finish_reason\":\"stop\"");
    }

    @Test
    void aFaultBeforeTheFirstTokenHasItsOwnStatus() {
        start("abc", 100, step -> {
            throw new IllegalStateException("device cpu: out of order");
        });
        for (String stream : List.of("true", "false")) {
            HttpResponse<String> response = client.post(CHAT, chat("'stream': " + stream));
            assertThat(response.statusCode()).isEqualTo(500);
            assertThat(response.headers().firstValue("x-should-retry")).hasValue("false");
            assertThat(Client.json(response.body()).get("error").toString())
                    .isEqualTo("{\"message\":\"device cpu: out of order\",\"type\":\"server_error\",\"param\":null,"
                            + "\"code\":\"generation_failed\"}");
        }
    }

    @Test
    void aFaultInMidStreamIsAnEvent() {
        int[] countdown = {1};
        start("abc", 100, step -> {
            if (step == 2 && countdown[0]-- > 0) {
                throw new IllegalStateException("device cpu: out of order");
            }
        });
        List<String> data =
                Client.data(client.post(CHAT, chat("'stream': true")).body());
        JsonNode error = Client.json(data.getLast()).get("error");
        assertThat(error.get("message").stringValue()).isEqualTo("device cpu: out of order");
        assertThat(error.get("type").stringValue()).isEqualTo("server_error");
        assertThat(data).doesNotContain("[DONE]").anyMatch(line -> line.contains("\"b\""));
        assertThat(client.post(CHAT, chat("'n': 1")).statusCode()).isEqualTo(200);
    }

    @Test
    void tokensArriveWhenTheyAreMade() throws InterruptedException {
        CountDownLatch seen = new CountDownLatch(1);
        start("ab", 100, step -> {
            if (step == 1) {
                await(seen);
            }
        });
        boolean[] first = {false};
        CompletableFuture<Void> reader = CompletableFuture.runAsync(() -> client.lines(
                        client.postRequest(COMPLETION, completion("'stream': true")))
                .forEach(line -> {
                    if (line.contains("\"text\":\"a\"")) {
                        first[0] = true;
                        seen.countDown();
                    }
                }));
        reader.join();
        assertThat(first[0]).isTrue();
    }

    @Test
    void aQuietStreamKeepsAlive() {
        start("ab", 100, step -> sleep(step == 1 ? 700 : 0));
        String body = client.post(COMPLETION, completion("'stream': true")).body();
        assertThat(body.split(": keep-alive\n\n", -1).length - 1).isBetween(2, 8);
        assertThat(body).endsWith("data: [DONE]\n\n");
    }

    @Test
    void whoHangsUpIsNotServedOn() throws IOException, InterruptedException {
        start("a".repeat(3000), 4096, step -> sleep(2));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            String body = completion("'stream': true");
            OutputStream out = socket.getOutputStream();
            out.write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.UTF_8));
            InputStream in = socket.getInputStream();
            assertThat(in.readNBytes(500)).hasSize(500);
        }
        for (int i = 0; i < 2_000 && engine.stats().running() > 0; i++) {
            Thread.sleep(5);
        }
        assertThat(engine.stats().running()).isZero();
        assertThat(engine.stats().usedBlocks()).isZero();
        assertThat(model.steps()).isLessThan(3000);
    }

    @Test
    void aFullQueueIs429() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        model = new ScriptedModel("ab", 100, step -> {
            started.countDown();
            await(go);
        });
        engine = new Engine(model, EngineConfig.DEFAULT.withQueue(1, 10_000).withSequences(1));
        serve();
        CompletableFuture<HttpResponse<String>> first =
                CompletableFuture.supplyAsync(() -> client.post(CHAT, chat("'n': 1")));
        started.await();
        CompletableFuture<HttpResponse<String>> second =
                CompletableFuture.supplyAsync(() -> client.post(CHAT, chat("'n': 1")));
        while (engine.waiting() == 0) {
            Thread.sleep(2);
        }
        HttpResponse<String> third = client.post(CHAT, chat("'n': 1"));
        assertThat(third.statusCode()).isEqualTo(429);
        assertThat(third.headers().firstValue("retry-after")).hasValue("2");
        assertThat(third.body()).contains("rate_limit_error", "queue_full");
        HttpResponse<String> two = client.post(CHAT, chat("'n': 2"));
        assertThat(two.statusCode()).as("together they fit when nobody waits").isEqualTo(429);
        String prompts = "'prompt': [" + "'a',".repeat(40) + "'a'], 'n': 8";
        HttpResponse<String> never =
                client.post(COMPLETION, ("{'model': 'scripted', 'max_tokens': 1, " + prompts + "}").replace('\'', '"'));
        assertThat(never.statusCode()).as("more than ever fit").isEqualTo(400);
        go.countDown();
        assertThat(first.join().statusCode()).isEqualTo(200);
        assertThat(second.join().statusCode()).isEqualTo(200);
    }

    @Test
    void closingTheServerEndsItsStreams() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        start("a".repeat(3000), 4096, step -> {
            sleep(2);
            if (step == 5) {
                started.countDown();
            }
        });
        CompletableFuture<HttpResponse<String>> open =
                CompletableFuture.supplyAsync(() -> client.post(COMPLETION, completion("'stream': true")));
        started.await();
        server.close();
        assertThat(open.join().body()).contains("the server is stopping");
    }

    @Test
    void aBusyPortIsNamedWithTheWayOut() {
        start("a");
        try (Server second = new Server(ServerConfig.local(server.port()), engine)) {
            assertThatThrownBy(second::start)
                    .isInstanceOf(PortUnavailableException.class)
                    .hasMessageContaining("127.0.0.1:" + server.port())
                    .hasMessageContaining("give another one");
        }
    }

    @Test
    void healthSaysWhetherTheEngineLives() {
        start("a");
        assertThat(Client.json(client.get("/health").body()).get("status").stringValue())
                .isEqualTo("ok");
        engine.close();
        HttpResponse<String> health = client.get("/health");
        assertThat(health.statusCode()).isEqualTo(503);
        HttpResponse<String> refused = client.post(CHAT, chat("'n': 1"));
        assertThat(refused.statusCode()).isEqualTo(503);
    }

    private void start(String answer) {
        start(answer, 4096, step -> {});
    }

    private void start(String answer, int contextLength, IntConsumer beforeStep) {
        model = new ScriptedModel(answer, contextLength, beforeStep);
        engine = new Engine(model);
        serve();
    }

    private void serve() {
        server = new Server(ServerConfig.local(0).withKeepAlive(Duration.ofMillis(150)), engine).start();
        client = new Client(server);
    }

    private static String completion(String fields) {
        return ("{'model': 'scripted', 'prompt': 'a', 'temperature': 0, " + fields + "}").replace('\'', '"');
    }

    private static String chat(String fields) {
        return ("{'model': 'scripted', 'messages': [{'role': 'user', 'content': 'a'}], 'temperature': 0, " + fields
                        + "}")
                .replace('\'', '"');
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nobody came");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void sleep(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
