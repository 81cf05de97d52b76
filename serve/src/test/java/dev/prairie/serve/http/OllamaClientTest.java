package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.ollama.OllamaChatModel;
import dev.langchain4j.model.ollama.OllamaLanguageModel;
import dev.langchain4j.model.ollama.OllamaModel;
import dev.langchain4j.model.ollama.OllamaModelCard;
import dev.langchain4j.model.ollama.OllamaModels;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** LangChain4j's client for Ollama, as it is. */
@Timeout(120)
final class OllamaClientTest {
    private static final String CALLING =
            "<think>hm</think>Let me add.<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": [1, 2]}}</tool_call>";

    private static final ToolSpecification ADD = ToolSpecification.builder()
            .name("add")
            .description("Adds numbers.")
            .parameters(JsonObjectSchema.builder().addNumberProperty("a").build())
            .build();

    @Test
    void aChatIsTheSameStreamed() {
        try (Scripted scripted = new Scripted("<think>Let me see.</think>Hi 星!")) {
            ChatRequest request = ChatRequest.builder()
                    .messages(SystemMessage.from("Be brief."), UserMessage.from("Hello?"))
                    .build();
            ChatResponse whole = model(scripted).chat(request);
            assertThat(whole.aiMessage().text()).isEqualTo("Hi 星!");
            assertThat(whole.aiMessage().thinking()).isEqualTo("Let me see.");
            assertThat(whole.finishReason()).isEqualTo(FinishReason.STOP);
            assertThat(whole.tokenUsage().inputTokenCount())
                    .isEqualTo("<|system|>Be brief.<|user|>Hello?<|assistant|>".length());
            ChatResponse streamed = streamed(scripted, request);
            assertThat(streamed.aiMessage()).isEqualTo(whole.aiMessage());
            assertThat(streamed.tokenUsage()).isEqualTo(whole.tokenUsage());
            assertThat(streamed.finishReason()).isEqualTo(whole.finishReason());
        }
    }

    @Test
    void aToolIsCalledAndAnswered() {
        try (Scripted scripted = new Scripted(CALLING)) {
            UserMessage question = UserMessage.from("How much is 1 + 2?");
            ChatRequest request = ChatRequest.builder()
                    .messages(question)
                    .toolSpecifications(ADD)
                    .build();
            AiMessage calling = model(scripted).chat(request).aiMessage();
            assertThat(calling.toolExecutionRequests()).hasSize(1);
            ToolExecutionRequest call = calling.toolExecutionRequests().getFirst();
            assertThat(call.name()).isEqualTo("add");
            assertThat(call.arguments().replaceAll("\\s", "")).isEqualTo("{\"a\":[1,2]}");
            assertThat(streamed(scripted, request).aiMessage().toolExecutionRequests())
                    .first()
                    .satisfies(again -> assertThat(again.name()).isEqualTo("add"));
            ChatResponse next = model(scripted)
                    .chat(ChatRequest.builder()
                            .messages(question, calling, ToolExecutionResultMessage.from(call, "3"))
                            .toolSpecifications(ADD)
                            .build());
            assertThat(next.tokenUsage().inputTokenCount()).isGreaterThan(100);
        }
    }

    @Test
    void aPromptIsContinued() {
        try (Scripted scripted = new Scripted("plain text")) {
            OllamaLanguageModel language = OllamaLanguageModel.builder()
                    .baseUrl(url(scripted))
                    .modelName("scripted")
                    .numPredict(5)
                    .build();
            var response = language.generate("Go on");
            assertThat(response.content()).isEqualTo("plain");
        }
    }

    @Test
    void modelsAreListedAndShown() {
        try (Scripted scripted = new Scripted("ok")) {
            OllamaModels models = OllamaModels.builder().baseUrl(url(scripted)).build();
            OllamaModel model = models.availableModels().content().getFirst();
            assertThat(model.getName()).isEqualTo("scripted:latest");
            assertThat(model.getDigest()).hasSize(64);
            OllamaModelCard card = models.modelCard(model).content();
            assertThat(card.getTemplate()).isEqualTo(Scripted.TEMPLATE);
            assertThat(card.getCapabilities()).containsExactly("completion", "tools", "thinking");
            assertThat(models.runningModels().content()).hasSize(1);
        }
    }

    @Test
    void mistakesAreTold() {
        try (Scripted scripted = new Scripted("ok")) {
            OllamaChatModel huge = OllamaChatModel.builder()
                    .baseUrl(url(scripted))
                    .modelName("huge")
                    .maxRetries(0)
                    .build();
            assertThatThrownBy(() -> huge.chat("Hello?")).hasMessageContaining("\\\"scripted\\\" is");
        }
    }

    private static OllamaChatModel model(Scripted scripted) {
        return OllamaChatModel.builder()
                .baseUrl(url(scripted))
                .modelName("scripted:latest")
                .returnThinking(true)
                .build();
    }

    private static ChatResponse streamed(Scripted scripted, ChatRequest request) {
        CompletableFuture<ChatResponse> response = new CompletableFuture<>();
        StringBuilder text = new StringBuilder();
        OllamaStreamingChatModel.builder()
                .baseUrl(url(scripted))
                .modelName("scripted")
                .returnThinking(true)
                .build()
                .chat(request, new StreamingChatResponseHandler() {
                    @Override
                    public void onPartialResponse(String partial) {
                        text.append(partial);
                    }

                    @Override
                    public void onCompleteResponse(ChatResponse complete) {
                        response.complete(complete);
                    }

                    @Override
                    public void onError(Throwable error) {
                        response.completeExceptionally(error);
                    }
                });
        ChatResponse complete = response.join();
        assertThat(text).hasToString(complete.aiMessage().text());
        return complete;
    }

    private static String url(Scripted scripted) {
        String url = scripted.server.url();
        return url.substring(0, url.length() - 1);
    }
}
