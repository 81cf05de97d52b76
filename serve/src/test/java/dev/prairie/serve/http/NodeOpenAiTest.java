package dev.prairie.serve.http;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The official client of npm, as it is. */
@Timeout(400)
final class NodeOpenAiTest {
    @Test
    void theNodeClientIsServed() {
        try (TinyChatServer tiny = new TinyChatServer()) {
            NodeClients.run("openai.mjs", tiny.server().url() + "v1");
        }
    }
}
