package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** What streams of the other dialects say when nothing happens, and when something goes wrong. */
@Timeout(60)
final class DialectStreamsTest {
    private static final String CHAT =
            "{\"model\":\"scripted\",\"max_tokens\":9,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}";

    private static final String OLLAMA_CHAT = CHAT.replace("\"max_tokens\":9,", "");

    @Test
    void aQuietMessageSendsPings() {
        try (Scripted scripted = new Scripted("ab", 4096, pauseAt(1))) {
            String body = scripted.client.post("/v1/messages", CHAT).body();
            assertThat(body.split("event: ping\n", -1).length - 1).isBetween(3, 9);
            assertThat(body).startsWith("event: message_start\n").endsWith("data: {\"type\":\"message_stop\"}\n\n");
        }
    }

    @Test
    void aMessageThatWaitsBeginsWithItsStart() {
        try (Scripted scripted = new Scripted("ab", 4096, pauseAt(0))) {
            assertThat(scripted.client.post("/v1/messages", CHAT).body()).startsWith("event: message_start\n");
        }
    }

    @Test
    void aQuietChatSendsLinesThatSayNothing() {
        try (Scripted scripted = new Scripted("ab", 4096, pauseAt(1))) {
            HttpResponse<String> response = scripted.client.post("/api/chat", OLLAMA_CHAT);
            assertThat(response.headers().firstValue("content-type").orElseThrow())
                    .startsWith("application/x-ndjson");
            List<JsonNode> lines = response.body().lines().map(Client::json).toList();
            assertThat(lines).hasSizeBetween(5, 11);
            assertThat(lines.getLast().get("done").booleanValue()).isTrue();
        }
    }

    @Test
    void aFaultBeforeTheFirstTokenHasItsOwnStatus() {
        try (Scripted scripted = new Scripted("ab", 4096, faultAt(0))) {
            HttpResponse<String> message = scripted.client.post("/v1/messages", CHAT);
            assertThat(message.statusCode()).isEqualTo(500);
            assertThat(Client.json(message.body()).at("/error/type").stringValue())
                    .isEqualTo("api_error");
            HttpResponse<String> chat = scripted.client.post("/api/chat", OLLAMA_CHAT);
            assertThat(chat.statusCode()).isEqualTo(500);
            assertThat(chat.body()).isEqualTo("{\"error\":\"device cpu: out of order\"}");
        }
    }

    @Test
    void aFaultInMidStreamIsItsLastWord() {
        try (Scripted scripted = new Scripted("abcd", 4096, faultAt(2))) {
            String message = scripted.client.post("/v1/messages", CHAT).body();
            assertThat(message)
                    .contains("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"
                            + "\"device cpu: out of order\"},\"request_id\":\"")
                    .doesNotContain("message_stop");
            List<String> lines = scripted.client
                    .post("/api/chat", OLLAMA_CHAT)
                    .body()
                    .lines()
                    .toList();
            assertThat(lines.getLast()).isEqualTo("{\"error\":\"device cpu: out of order\"}");
        }
    }

    private static IntConsumer pauseAt(int step) {
        return at -> {
            try {
                Thread.sleep(at == step ? 700 : 0);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    private static IntConsumer faultAt(int step) {
        return at -> {
            if (at == step) {
                throw new IllegalStateException("device cpu: out of order");
            }
        };
    }
}
