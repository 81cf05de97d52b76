package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.AnthropicException;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlock;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolResultBlockParam;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Anthropic's own client for Java, as it is. */
@Timeout(120)
final class AnthropicClientTest {
    private static final String CALLING =
            "<think>hm</think>Let me add.<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": [1, 2]}}</tool_call>";

    @Test
    void aMessageIsValidAndTheSameStreamed() {
        with("<think>Let me see.</think>Hi 星!", client -> {
            MessageCreateParams params = question().system("Be brief.").build();
            Message whole = client.messages().create(params).validate();
            assertThat(whole.content()).hasSize(2);
            assertThat(whole.content().get(0).asThinking().thinking()).isEqualTo("Let me see.");
            assertThat(whole.content().get(1).asText().text()).isEqualTo("Hi 星!");
            assertThat(whole.stopReason()).contains(StopReason.END_TURN);
            Message streamed = streamed(client, params);
            assertThat(streamed.content()).isEqualTo(whole.content());
            assertThat(streamed.stopReason()).isEqualTo(whole.stopReason());
            assertThat(streamed.usage().outputTokens()).isEqualTo(whole.usage().outputTokens());
            assertThat(whole.usage().inputTokens()
                            + whole.usage().cacheReadInputTokens().orElseThrow())
                    .isEqualTo(client.messages()
                            .countTokens(MessageCountTokensParams.builder()
                                    .model("scripted")
                                    .system("Be brief.")
                                    .addUserMessage("How much is 1 + 2?")
                                    .build())
                            .validate()
                            .inputTokens());
        });
    }

    @Test
    void aToolIsCalledAndAnswered() {
        with(CALLING, client -> {
            MessageCreateParams.Builder params = question()
                    .addTool(Tool.builder()
                            .name("add")
                            .description("Adds numbers.")
                            .inputSchema(Tool.InputSchema.builder()
                                    .properties(Tool.InputSchema.Properties.builder()
                                            .putAdditionalProperty("a", JsonValue.from(Map.of("type", "array")))
                                            .build())
                                    .build())
                            .build());
            Message whole = client.messages().create(params.build()).validate();
            assertThat(whole.stopReason()).contains(StopReason.TOOL_USE);
            ContentBlock last = whole.content().getLast();
            assertThat(last.asToolUse().name()).isEqualTo("add");
            assertThat(last.asToolUse()._input().toString()).isEqualTo("{a=[1, 2]}");
            Message streamed = streamed(client, params.build());
            assertThat(streamed.content().getLast().asToolUse()._input())
                    .isEqualTo(last.asToolUse()._input());
            Message next = client.messages()
                    .create(params.addMessage(whole)
                            .addUserMessageOfContentBlockParams(
                                    List.of(ContentBlockParam.ofToolResult(ToolResultBlockParam.builder()
                                            .toolUseId(last.asToolUse().id())
                                            .content("3")
                                            .build())))
                            .build())
                    .validate();
            assertThat(next.usage().inputTokens()
                            + next.usage().cacheReadInputTokens().orElseThrow())
                    .isGreaterThan(whole.usage().inputTokens());
        });
    }

    @Test
    void mistakesBecomeTheClientsTypedExceptions() {
        with("ok", client -> {
            assertThatThrownBy(() -> client.messages()
                            .create(question()
                                    .putAdditionalBodyProperty("temperature", JsonValue.from(3.0))
                                    .build()))
                    .isInstanceOf(BadRequestException.class)
                    .hasMessageContaining("temperature: 3.0, give 0.0 to 2.0");
            assertThatThrownBy(() ->
                            client.messages().create(question().model("huge").build()))
                    .isInstanceOf(NotFoundException.class)
                    .hasMessageContaining("huge");
        });
    }

    @Test
    void aFaultInMidStreamIsAnException() {
        int[] faults = {1};
        try (Scripted scripted = new Scripted("abcdef", 4096, step -> {
            if (step == 3 && faults[0]-- > 0) {
                throw new IllegalStateException("device cpu: out of order");
            }
        })) {
            with(scripted, client -> {
                assertThatThrownBy(() -> streamed(client, question().build()))
                        .isInstanceOf(AnthropicException.class)
                        .hasMessageContaining("device cpu: out of order");
                assertThat(client.messages().create(question().build()).content())
                        .isNotEmpty();
            });
        }
    }

    private static MessageCreateParams.Builder question() {
        return MessageCreateParams.builder().model("scripted").maxTokens(1000).addUserMessage("How much is 1 + 2?");
    }

    private static Message streamed(AnthropicClient client, MessageCreateParams params) {
        MessageAccumulator accumulator = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> stream = client.messages().createStreaming(params)) {
            stream.stream().forEach(accumulator::accumulate);
        }
        return accumulator.message();
    }

    private static void with(String answer, Consumer<AnthropicClient> body) {
        try (Scripted scripted = new Scripted(answer)) {
            with(scripted, body);
        }
    }

    private static void with(Scripted scripted, Consumer<AnthropicClient> body) {
        String url = scripted.server.url();
        AnthropicClient client = AnthropicOkHttpClient.builder()
                .baseUrl(url.substring(0, url.length() - 1))
                .apiKey("none")
                .build();
        try {
            body.accept(client);
        } finally {
            client.close();
        }
    }
}
