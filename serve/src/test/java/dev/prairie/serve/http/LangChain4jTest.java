package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** LangChain4j's module for OpenAI, as it is: chat, stream, tools, JSON. */
@Timeout(120)
@SuppressWarnings("NullAway.Init") // made before all
final class LangChain4jTest {
    private static final JsonObjectSchema SCHEMA = JsonObjectSchema.builder()
            .addBooleanProperty("ok")
            .addIntegerProperty("n")
            .required("ok", "n")
            .additionalProperties(false)
            .build();

    private static final ToolSpecification TOOL = ToolSpecification.builder()
            .name("add")
            .description("Adds.")
            .parameters(SCHEMA)
            .build();

    private static TinyChatServer tiny;
    private static OpenAiChatModel model;

    @BeforeAll
    static void start() {
        tiny = new TinyChatServer();
        model = OpenAiChatModel.builder()
                .baseUrl(tiny.server().url() + "v1")
                .apiKey("none")
                .modelName("tiny")
                .temperature(0.7)
                .seed(7)
                .maxRetries(0)
                .strictTools(true)
                .strictJsonSchema(true)
                .build();
    }

    @AfterAll
    static void stop() {
        tiny.close();
    }

    private static ChatRequest.Builder order() {
        return ChatRequest.builder().messages(SystemMessage.from("Be"), UserMessage.from("Go"));
    }

    @Test
    void aChatIsAnsweredAndCounted() {
        ChatResponse response = model.chat(order().maxOutputTokens(12).build());
        assertThat(response.aiMessage().text()).isNotEmpty();
        assertThat(response.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(12);
        assertThat(response.modelName()).isEqualTo("tiny");
    }

    @Test
    void aStreamIsTheSame() throws Exception {
        ChatRequest order = order().maxOutputTokens(20).build();
        OpenAiStreamingChatModel streaming = OpenAiStreamingChatModel.builder()
                .baseUrl(tiny.server().url() + "v1")
                .apiKey("none")
                .modelName("tiny")
                .temperature(0.7)
                .seed(7)
                .build();
        StringBuilder text = new StringBuilder();
        CompletableFuture<ChatResponse> ended = new CompletableFuture<>();
        streaming.chat(order, new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String more) {
                text.append(more);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                ended.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                ended.completeExceptionally(error);
            }
        });
        assertThat(ended.get().tokenUsage().outputTokenCount()).isEqualTo(20);
        assertThat(text).hasToString(model.chat(order).aiMessage().text());
    }

    @Test
    void aToolIsCalledAndItsAnswerTaken() {
        ChatResponse response = model.chat(
                order().toolSpecifications(TOOL).toolChoice(ToolChoice.REQUIRED).build());
        AiMessage called = response.aiMessage();
        assertThat(response.finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
        ToolExecutionRequest call = called.toolExecutionRequests().getFirst();
        assertThat(call.name()).isEqualTo("add");
        JsonNode arguments = Client.json(call.arguments());
        assertThat(arguments.get("ok").isBoolean()).isTrue();
        assertThat(arguments.get("n").isIntegralNumber()).isTrue();
        ChatResponse answer = model.chat(ChatRequest.builder()
                .messages(List.of(
                        UserMessage.from("Go"),
                        called,
                        ToolExecutionResultMessage.from(call, "3"),
                        UserMessage.from("?")))
                .toolSpecifications(TOOL)
                .maxOutputTokens(4)
                .build());
        assertThat(answer.tokenUsage().outputTokenCount()).isPositive();
    }

    @Test
    void jsonIsOfItsSchema() {
        ResponseFormat format = ResponseFormat.builder()
                .type(ResponseFormatType.JSON)
                .jsonSchema(
                        JsonSchema.builder().name("answer").rootElement(SCHEMA).build())
                .build();
        JsonNode value = Client.json(
                model.chat(order().responseFormat(format).build()).aiMessage().text());
        assertThat(value.get("ok").isBoolean()).isTrue();
        assertThat(value.get("n").isIntegralNumber()).isTrue();
        assertThat(value).hasSize(2);
    }
}
