package dev.prairie.serve.http;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The official clients for JavaScript, as they are; each script checks what its client makes of our answers. */
@Timeout(400)
final class NodeClientsTest {
    private static final String ANSWER =
            "<think>hm</think>Let me add 星.<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": [1, 2]}}</tool_call>";

    @Test
    void anthropic() {
        run("anthropic.mjs");
    }

    @Test
    void responses() {
        run("responses.mjs");
    }

    private static void run(String script) {
        try (Scripted scripted = new Scripted(ANSWER)) {
            NodeClients.run(script, scripted.server.url());
        }
    }
}
