package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The official client of npm, as it is. */
@Timeout(400)
final class NodeOpenAiTest {
    @Test
    void theNodeClientIsServed() {
        try (TinyChatServer tiny = new TinyChatServer()) {
            assertThat(NodeClients.run(tiny.server(), "openai.mjs", "openai@7.57.0"))
                    .endsWith("all well\n");
        }
    }
}
