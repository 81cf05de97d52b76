package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** How a server ends: nothing new, and what has begun is finished or cut short, but never lost. */
@Timeout(60)
final class LifecycleTest {
    private final Semaphore steps = new Semaphore(2);
    private final CountDownLatch begun = new CountDownLatch(1);
    private final Engine engine = new Engine(new ScriptedModel("Hello, world!", 64, step -> {
        if (step == 2) {
            begun.countDown();
        }
        steps.acquireUninterruptibly();
    }));
    private final Server server = new Server(ServerConfig.local(0), engine).start();
    private final Client client = new Client(server);

    @AfterEach
    void stop() {
        steps.release(1_000);
        client.close();
        server.close();
        engine.close();
    }

    private CompletableFuture<HttpResponse<String>> ask(boolean stream) throws Exception {
        String body = "{\"model\": \"scripted\", \"prompt\": \"a\", \"stream\": " + stream + "}";
        var answer =
                CompletableFuture.supplyAsync(() -> client.post("/v1/completions", body), Thread::startVirtualThread);
        begun.await();
        return answer;
    }

    private CompletableFuture<Void> drain(Duration patience) throws Exception {
        var drained = CompletableFuture.runAsync(
                () -> {
                    try {
                        server.drain(patience);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                Thread::startVirtualThread);
        while (client.get("/ready").statusCode() == 200) {
            Thread.sleep(5);
        }
        return drained;
    }

    @Test
    void whatHasBegunIsFinishedAndNothingNewIsTaken() throws Exception {
        assertThat(client.get("/ready").body()).isEqualTo("{\"status\":\"ready\"}");
        var whole = ask(false);
        var drained = drain(Duration.ofSeconds(30));
        HttpResponse<String> late = client.post("/v1/completions", "{\"model\": \"scripted\", \"prompt\": \"a\"}");
        assertThat(late.statusCode()).isEqualTo(503);
        assertThat(late.headers().firstValue("Retry-After")).isPresent();
        assertThat(client.get("/v1/models").statusCode()).isEqualTo(503);
        HttpResponse<String> ready = client.get("/ready");
        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(ready.body()).contains("draining");
        assertThat(client.get("/health").statusCode()).isEqualTo(200);
        assertThat(Client.json(client.get("/api/live").body()).path("draining").asBoolean())
                .isTrue();
        assertThat(drained).isNotDone();
        steps.release(1_000);
        JsonNode choice = Client.json(whole.get().body()).at("/choices/0");
        assertThat(choice.path("text").stringValue()).isEqualTo("Hello, world!");
        assertThat(choice.path("finish_reason").stringValue()).isEqualTo("stop");
        drained.get();
    }

    @Test
    void whatTakesTooLongEndsWhereItIs() throws Exception {
        var stream = ask(true);
        var drained = drain(Duration.ofMillis(100));
        Thread.sleep(200);
        steps.release(1); // the step that is under way
        List<String> data = Client.data(stream.get().body());
        assertThat(data.getLast()).isEqualTo("[DONE]");
        StringBuilder text = new StringBuilder();
        String reason = "";
        for (String line : data.subList(0, data.size() - 1)) {
            JsonNode choice = Client.json(line).at("/choices/0");
            text.append(choice.path("text").stringValue());
            reason = choice.path("finish_reason").asString("");
        }
        assertThat(reason).isEqualTo("length");
        assertThat("Hello, world!").startsWith(text);
        assertThat(text.length()).isBetween(2, 4);
        drained.get();
    }
}
