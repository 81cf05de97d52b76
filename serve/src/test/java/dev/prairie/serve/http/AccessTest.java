package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.serve.access.Gate;
import dev.prairie.serve.access.KeyFile;
import dev.prairie.serve.access.Limits;
import dev.prairie.serve.api.Routes.Route;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Models;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A server that asks for keys: whom it lets in, where to, and how often. */
@Timeout(60)
final class AccessTest {
    @TempDir
    private Path folder;

    private final Engine engine = new Engine(new ScriptedModel("Hello"));
    private KeyFile keys;
    private String all;
    private Server server;
    private Client client;
    private Gate gate;

    @SuppressWarnings("NullAway.Init") // JUnit calls start first
    AccessTest() {}

    @BeforeEach
    void start() {
        keys = new KeyFile(folder.resolve("keys.json"));
        all = create("all", EnumSet.of(Scope.GENERATE, Scope.EMBED, Scope.OBSERVE), Limits.NONE);
        open();
    }

    private void open() {
        gate = Gate.keyed(keys);
        server = new Server(ServerConfig.local(0), Models.of(engine, ChatFormat.plain()), gate).start();
        client = new Client(server);
    }

    @AfterEach
    void stop() {
        shut();
        engine.close();
    }

    private void shut() {
        client.close();
        server.close();
        gate.close();
    }

    private String create(String name, Set<Scope> scopes, Limits limits) {
        return keys.create(name, name, scopes, null, limits).secret();
    }

    private HttpResponse<String> send(Route route, String... headers) {
        String path = route.path().replaceAll("\\{\\w+}", "x");
        HttpRequest.Builder request = client.request(path);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(
                route.method().equals("POST")
                        ? request.header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                                .build()
                        : request.method(route.method(), HttpRequest.BodyPublishers.noBody())
                                .build());
    }

    private HttpResponse<String> complete(String key, int tokens, boolean stream) {
        return client.send(HttpRequest.newBuilder(
                        client.postRequest(
                                "/v1/completions",
                                "{\"model\": \"scripted\", \"prompt\": \"xyz\", \"max_tokens\": " + tokens
                                        + ", \"stream\": " + stream + "}"),
                        (n, v) -> true)
                .header("Authorization", "Bearer " + key)
                .build());
    }

    private static String code(HttpResponse<String> response) {
        return Client.json(response.body()).at("/error/code").stringValue();
    }

    @Test
    void everyRouteNeedsAKeyThatMayGoThere() {
        assertThat(server.routes()).hasSizeGreaterThan(15);
        List<Route> open = new ArrayList<>();
        int names = 0;
        for (Route route : server.routes()) {
            HttpResponse<String> without = send(route);
            if (without.statusCode() != 401) {
                open.add(route);
                continue;
            }
            assertThat(without.headers().firstValue("WWW-Authenticate"))
                    .as(route.toString())
                    .isPresent();
            assertThat(send(route, "Authorization", "Bearer wrong").statusCode())
                    .isEqualTo(401);
            assertThat(send(route, "Authorization", "Bearer " + all).statusCode())
                    .as(route.toString())
                    .isNotIn(401, 403);
            if (route.scope() != Scope.ANY) {
                Set<Scope> others = EnumSet.of(Scope.GENERATE, Scope.EMBED, Scope.OBSERVE);
                others.remove(route.scope());
                String key = create("other" + names++, others, Limits.NONE);
                awaitKnown(key);
                HttpResponse<String> refused = send(route, "x-api-key", key);
                assertThat(refused.statusCode()).as(route.toString()).isEqualTo(403);
            }
        }
        assertThat(open).extracting(Route::path).containsExactly("/health");
        HttpResponse<String> nowhere = client.get("/v2/nothing");
        assertThat(nowhere.statusCode()).isEqualTo(401);
        assertThat(client.post("/v1/models", "{}").statusCode()).isEqualTo(401);
    }

    /** The server looks at the file again within a second. */
    private void awaitKnown(String key) {
        await(() -> client.send(client.request("/ready")
                                .header("Authorization", "Bearer " + key)
                                .build())
                        .statusCode()
                == 200);
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        Instant end = Instant.now().plus(Duration.ofSeconds(2));
        while (!condition.getAsBoolean()) {
            assertThat(Instant.now()).isBefore(end);
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void aKeyThatNoLongerOpensSaysWhy() {
        String late = keys.create(
                        "late",
                        "late",
                        EnumSet.of(Scope.GENERATE),
                        Instant.now().minusSeconds(5),
                        Limits.NONE)
                .secret();
        String gone = create("gone", EnumSet.of(Scope.GENERATE), Limits.NONE);
        awaitKnown(gone);
        keys.revoke("gone");
        await(() -> complete(gone, 1, false).statusCode() == 401);
        assertThat(code(complete(gone, 1, false))).isEqualTo("revoked_api_key");
        assertThat(code(complete(late, 1, false))).isEqualTo("expired_api_key");
        HttpResponse<String> unknown = complete("prairie-unknown", 1, false);
        assertThat(code(unknown)).isEqualTo("invalid_api_key");
        assertThat(unknown.body()).doesNotContain("gone").doesNotContain("late").doesNotContain("all");
        assertThat(unknown.headers().firstValue("WWW-Authenticate"))
                .hasValueSatisfying(
                        value -> assertThat(value).startsWith("Bearer").contains("invalid_token"));
    }

    @Test
    void aBrowserIsAskedForAPassword() {
        HttpResponse<String> page = client.send(
                client.request("/").header("Accept", "text/html,*/*").build());
        assertThat(page.statusCode()).isEqualTo(401);
        assertThat(page.headers().firstValue("WWW-Authenticate"))
                .hasValueSatisfying(value -> assertThat(value).startsWith("Basic realm="));
        String basic = Base64.getEncoder().encodeToString(("me:" + all).getBytes(StandardCharsets.UTF_8));
        HttpResponse<String> asked = client.send(
                client.request("/").header("Authorization", "Basic " + basic).build());
        assertThat(asked.statusCode()).isEqualTo(200);
        assertThat(asked.body()).contains("<html");
        for (String bad : List.of(
                "Basic",
                "Basic ???",
                "Basic " + Base64.getEncoder().encodeToString(new byte[] {58}),
                "Bearer",
                "Bearer  ",
                "Digest x")) {
            assertThat(client.send(client.request("/")
                                    .header("Authorization", bad)
                                    .build())
                            .statusCode())
                    .as(bad)
                    .isEqualTo(401);
        }
    }

    @Test
    void tooManyRequestsAreToldWhenToComeAgain() {
        String key = create("two", EnumSet.of(Scope.GENERATE), new Limits(2, 0, 0));
        awaitKnown(key);
        assertThat(complete(key, 1, false).statusCode()).isEqualTo(200);
        assertThat(complete(key, 1, true).statusCode()).isEqualTo(200);
        HttpResponse<String> third = complete(key, 1, false);
        assertThat(third.statusCode()).isEqualTo(429);
        assertThat(third.headers().firstValueAsLong("Retry-After").orElseThrow())
                .isBetween(1L, 60L);
        JsonNode error = Client.json(third.body()).get("error");
        assertThat(error.get("message").stringValue())
                .contains("requests per minute: 2")
                .contains("may make 2");
        assertThat(error.get("type").stringValue()).isEqualTo("rate_limit_error");
        assertThat(complete(all, 1, false).statusCode()).isEqualTo(200); // others are not in the way
    }

    @Test
    void tokensAreCountedExactlyAndSurviveARestart() throws Exception {
        // A call takes 3 tokens, 5 more and an end: 9, of the 12 that are set aside for it.
        String key = create("counted", EnumSet.of(Scope.GENERATE), new Limits(0, 0, 111));
        awaitKnown(key);
        AtomicInteger answered = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            boolean stream = i % 2 == 0;
            threads.add(Thread.startVirtualThread(() -> {
                for (int attempt = 0; attempt < 400; attempt++) {
                    HttpResponse<String> response = complete(key, 9, stream);
                    if (response.statusCode() == 200) {
                        answered.incrementAndGet();
                        return;
                    }
                    assertThat(response.statusCode()).isEqualTo(429);
                    if (response.headers().firstValueAsLong("Retry-After").orElseThrow() > 60) {
                        assertThat(response.headers().firstValue("x-should-retry"))
                                .hasValue("false");
                        return; // nothing more today
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(answered.get()).isEqualTo(12); // 12 × 9 = 108, and 3 are too few for another
        await(() -> usage("counted").path("requests").asInt()
                == usage("counted").path("failures").asInt() + 12);
        assertThat(usage("counted").path("prompt_tokens").asInt()).isEqualTo(36);
        assertThat(usage("counted").path("completion_tokens").asInt()).isEqualTo(72);
        shut();
        open();
        assertThat(usage("counted").path("completion_tokens").asInt()).isEqualTo(72);
        HttpResponse<String> after = complete(key, 1, false);
        assertThat(after.statusCode()).isEqualTo(429);
        assertThat(Client.json(after.body()).at("/error/message").stringValue())
                .contains("108 are used")
                .contains("111");
        try (Stream<Path> files = Files.list(folder.resolve("usage"))) {
            String lines = Files.readString(files.findFirst().orElseThrow());
            assertThat(lines)
                    .contains("\"key\":\"counted\"")
                    .doesNotContain("prairie-")
                    .doesNotContain("xyz");
        }
    }

    private JsonNode usage(String key) {
        JsonNode keyed = Client.json(client.send(client.request("/api/usage")
                        .header("Authorization", "Bearer " + all)
                        .build())
                .body());
        assertThat(keyed.path("kept").asBoolean()).isTrue();
        for (JsonNode one : keyed.path("keys")) {
            if (one.path("key").stringValue().equals(key)) {
                return one.path("today");
            }
        }
        return Client.json("{}");
    }

    @Test
    void onlyThisMachineIsServedWithoutKeys() {
        assertThatThrownBy(() -> new Server(ServerConfig.local(0).withHost("0.0.0.0"), engine))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("keys are needed; use a gate with keys");
        new Server(ServerConfig.local(0).withHost("::1"), engine).close();
    }
}
