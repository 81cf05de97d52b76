package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.api.Routes.Route;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** What the server tells of itself is what happened. */
@Timeout(60)
final class ObservationsTest {
    private static final Pattern SAMPLE = Pattern.compile("([a-z_]+)(\\{.*})? ([-+.0-9EInf]+)");
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"((?:[^\"\\\\\\n]|\\\\[\\\\\"n])*)\"(?:,|}$)");

    private final Engine engine = new Engine(new ScriptedModel("Hello"));
    private final Server server = new Server(ServerConfig.local(0), engine).start();
    private final Client client = new Client(server);

    @AfterEach
    void stop() {
        client.close();
        server.close();
        engine.close();
    }

    private HttpResponse<String> complete(String fields, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                client.postRequest(
                        "/v1/completions",
                        "{\"model\": \"scripted\", \"prompt\": \"abc\"" + fields.replace('\'', '"') + "}"),
                (n, v) -> true);
        return client.send(
                headers.length == 0 ? request.build() : request.headers(headers).build());
    }

    /** Samples by name and labels; every line must be one, or say what the next ones are. */
    private Map<String, Double> metrics() {
        HttpResponse<String> response = client.get("/metrics");
        assertThat(response.headers().firstValue("content-type")).hasValue("text/plain; version=0.0.4; charset=utf-8");
        assertThat(response.body()).endsWith("\n");
        Map<String, Double> samples = new HashMap<>();
        Map<String, String> types = new HashMap<>();
        for (String line : response.body().lines().toList()) {
            if (line.startsWith("# HELP ")) {
                continue;
            }
            if (line.startsWith("# TYPE ")) {
                String[] parts = line.split(" ", 4);
                assertThat(types.put(parts[2], parts[3])).as(line).isNull();
                assertThat(parts[3]).isIn("counter", "gauge", "histogram");
                continue;
            }
            Matcher sample = SAMPLE.matcher(line);
            assertThat(sample.matches()).as(line).isTrue();
            String labels = sample.group(2);
            if (labels != null) {
                assertThat(LABEL.matcher(labels.substring(1)).replaceAll(""))
                        .as(line)
                        .isEmpty();
            }
            String family = sample.group(1).replaceAll("_(bucket|sum|count)$", "");
            assertThat(types.containsKey(sample.group(1)) || "histogram".equals(types.get(family)))
                    .as(line)
                    .isTrue();
            String name = sample.group(1) + (labels == null ? "" : labels);
            assertThat(samples.put(name, Double.parseDouble(sample.group(3).replace("+Inf", "Infinity"))))
                    .as(line)
                    .isNull();
        }
        return samples;
    }

    private Map<String, Double> metricsAfter(int requests) throws Exception {
        while (Client.json(client.get("/api/live").body())
                        .path("request")
                        .path("count")
                        .asInt()
                < requests) {
            Thread.sleep(5);
        }
        return metrics();
    }

    @Test
    void metricsCountWhatHappened() throws Exception {
        complete("");
        complete(", 'stream': true");
        complete(", 'max_tokens': 2, 'n': 2");
        complete(", 'temperature': 9");
        client.get("/nothing");
        Map<String, Double> samples = metricsAfter(4);
        String route = "{http_route=\"/v1/completions\",http_request_method=\"POST\",http_response_status_code=\"";
        assertThat(samples)
                .containsEntry("prairie_http_requests_total" + route + "200\"}", 3.0)
                .containsEntry("prairie_http_requests_total" + route + "400\"}", 1.0);
        String model = "gen_ai_request_model=\"scripted\"";
        assertThat(samples)
                .containsEntry("prairie_tokens_total{" + model + ",gen_ai_token_type=\"input\"}", 9.0)
                .containsEntry("prairie_tokens_total{" + model + ",gen_ai_token_type=\"output\"}", 16.0)
                .containsEntry("gen_ai_server_time_to_first_token_seconds_count{" + model + "}", 4.0)
                .containsEntry("gen_ai_server_time_per_output_token_seconds_count{" + model + "}", 4.0)
                .containsEntry("prairie_engine_completion_tokens_total{" + model + "}", 16.0)
                .containsEntry("prairie_engine_running{" + model + "}", 0.0)
                .containsEntry("prairie_engine_kv_blocks_used{" + model + "}", 0.0)
                .containsEntry("prairie_answers_open", 0.0);
        String duration = "gen_ai_server_request_duration_seconds";
        String labels = "{http_route=\"/v1/completions\"," + model;
        assertThat(samples).containsEntry(duration + "_count" + labels + "}", 4.0);
        double below = 0;
        for (String bound : List.of("0.01", "0.02", "1.28", "81.92", "+Inf")) {
            double count = samples.getOrDefault(duration + "_bucket" + labels + ",le=\"" + bound + "\"}", -1.0);
            assertThat(count).isGreaterThanOrEqualTo(below);
            below = count;
        }
        assertThat(below).isEqualTo(4.0);
        assertThat(samples.get("jvm_memory_used_bytes{jvm_memory_type=\"heap\"}"))
                .isPositive();
    }

    @Test
    void liveNumbersAndUsageAreThere() throws Exception {
        complete("");
        metricsAfter(1);
        JsonNode live = Client.json(client.get("/api/live").body());
        assertThat(live.path("requests").asInt()).isPositive();
        assertThat(live.path("failures").asInt()).isZero();
        JsonNode model = live.path("models").path(0);
        assertThat(model.path("model").stringValue()).isEqualTo("scripted");
        assertThat(model.path("completion_tokens").asInt()).isEqualTo(6);
        assertThat(model.path("blocks").asInt()).isPositive();
        JsonNode usage = Client.json(client.get("/api/usage").body());
        assertThat(usage.path("kept").asBoolean()).isFalse();
        assertThat(usage.at("/keys/0/key").stringValue()).isEqualTo("local");
        assertThat(usage.at("/keys/0/today").toString())
                .isEqualTo("{\"requests\":1,\"failures\":0,\"prompt_tokens\":3,\"cached_tokens\":0,"
                        + "\"completion_tokens\":6}");
        assertThat(usage.at("/keys/0/by_day")).hasSize(1);
    }

    @Test
    void everyAnswerHasAnId() {
        for (String path : List.of("/health", "/v1/models", "/nothing", "/api/traces/none", "/")) {
            assertThat(client.get(path).headers().firstValue("x-request-id"))
                    .as(path)
                    .hasValueSatisfying(id -> assertThat(id).matches("req-[0-9a-f]{32}"));
        }
        assertThat(complete("", "x-request-id", "mine-1").headers().firstValue("x-request-id"))
                .hasValue("mine-1");
        for (String bad : List.of("a b", "{\"a\"}", "x".repeat(200))) {
            assertThat(complete("", "x-request-id", bad).headers().firstValue("x-request-id"))
                    .hasValueSatisfying(id -> assertThat(id).startsWith("req-"));
        }
        assertThat(client.raw("GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
                .containsIgnoringCase("\r\nx-request-id: req-");
        assertThat(client.raw("GET / HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 403")
                .containsIgnoringCase("\r\nx-request-id: req-");
    }

    @Test
    void aTraceHoldsTheExactTokensAndChangesNothing() {
        String fields = ", 'max_tokens': 3, 'stop': ['x'], 'seed': 5, 'n': 2, 'stream': true";
        HttpResponse<String> plain = complete(fields);
        HttpResponse<String> traced = complete(fields, "x-prairie-trace", "true", "x-request-id", "traced");
        assertThat(withoutIds(traced.body())).isEqualTo(withoutIds(plain.body()));
        JsonNode trace = Client.json(client.get("/api/traces/traced").body());
        assertThat(trace.path("id").stringValue()).isEqualTo("traced");
        assertThat(trace.path("model").stringValue()).isEqualTo("scripted");
        assertThat(ids(trace.at("/requests/0/prompt"))).containsExactly(97, 98, 99);
        assertThat(trace.at("/requests/0/prompt/1/piece").stringValue()).isEqualTo("b");
        assertThat(trace.at("/requests/0/sampling/seed").asInt()).isEqualTo(5);
        assertThat(trace.at("/requests/0/stop/0").stringValue()).isEqualTo("x");
        assertThat(ids(trace.at("/outputs/0"))).containsExactly('H' + 0, 'e' + 0, 'l' + 0);
        assertThat(ids(trace.at("/outputs/1"))).containsExactly('H' + 0, 'e' + 0, 'l' + 0);
        List<String> events = new ArrayList<>();
        double before = 0;
        for (JsonNode event : trace.path("events")) {
            if (event.path("choice").asInt() == 0) {
                events.add(event.path("event").stringValue());
            }
            assertThat(event.path("ms").asDouble()).isGreaterThanOrEqualTo(before);
            before = event.path("ms").asDouble();
        }
        assertThat(events).startsWith("started", "text").endsWith("text", "finished");
        HttpResponse<String> none = client.get("/api/traces/other");
        assertThat(none.statusCode()).isEqualTo(404);
        assertThat(none.body()).contains("x-prairie-trace");
    }

    private static String withoutIds(String body) {
        return body.replaceAll("cmpl-[0-9a-f]+", "").replaceAll("\"created\":\\d+", "");
    }

    private static List<Integer> ids(JsonNode tokens) {
        return tokens.valueStream().map(token -> token.path("id").asInt()).toList();
    }

    @Test
    void theDescriptionHasEveryRouteAndNoOther() {
        JsonNode description = Client.json(client.get("/openapi.json").body());
        assertThat(description.path("openapi").stringValue()).startsWith("3.1");
        Set<String> described = new HashSet<>();
        Set<String> ids = new HashSet<>();
        for (var path : description.path("paths").properties()) {
            for (var operation : path.getValue().properties()) {
                described.add(operation.getKey().toUpperCase(java.util.Locale.ROOT) + " " + path.getKey());
                assertThat(ids.add(operation.getValue().path("operationId").stringValue()))
                        .as("%s", operation)
                        .isTrue();
                assertThat(operation.getValue().path("responses").has("200")).isTrue();
            }
        }
        Set<String> routes = new HashSet<>();
        for (Route route : server.routes()) {
            routes.add(route.method() + " " + route.path());
        }
        assertThat(described).isEqualTo(routes);
        for (Matcher reference =
                        Pattern.compile("\"#(/components/[A-Za-z/]+)\"").matcher(description.toString());
                reference.find(); ) {
            assertThat(description.at(reference.group(1)).isMissingNode())
                    .as(reference.group(1))
                    .isFalse();
        }
    }
}
