package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.ResponseFormatJsonSchema;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The official client for Java asks for scores, tools and schemas; what it validates has every field in its place. */
@Timeout(120)
@SuppressWarnings("NullAway.Init") // made before all
final class OpenAiFeaturesTest {
    private static final Map<String, Object> SCHEMA = Map.of(
            "type",
            "object",
            "properties",
            Map.of("n", Map.of("type", "integer", "minimum", 1, "maximum", 9)),
            "required",
            List.of("n"),
            "additionalProperties",
            false);

    private static TinyChatServer tiny;
    private static OpenAIClient client;

    @BeforeAll
    static void start() {
        tiny = new TinyChatServer();
        client = OpenAIOkHttpClient.builder()
                .baseUrl(tiny.server().url() + "v1")
                .apiKey("none")
                .build();
    }

    @AfterAll
    static void stop() {
        client.close();
        tiny.close();
    }

    @SuppressWarnings("deprecation") // OpenAI would rather not promise that a seed repeats; here it does
    private static ChatCompletionCreateParams.Builder chat() {
        return ChatCompletionCreateParams.builder()
                .model("tiny")
                .addUserMessage("Go")
                .seed(3);
    }

    private static FunctionParameters parameters() {
        FunctionParameters.Builder parameters = FunctionParameters.builder();
        SCHEMA.forEach((name, value) -> parameters.putAdditionalProperty(name, JsonValue.from(value)));
        return parameters.build();
    }

    private static ResponseFormatJsonSchema.JsonSchema.Schema schema() {
        var schema = ResponseFormatJsonSchema.JsonSchema.Schema.builder();
        SCHEMA.forEach((name, value) -> schema.putAdditionalProperty(name, JsonValue.from(value)));
        return schema.build();
    }

    /** The same as a stream, put together by the client. */
    private static ChatCompletion streamed(ChatCompletionCreateParams params) {
        ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(params)) {
            stream.stream().forEach(chunk -> whole.accumulate(chunk.validate()));
        }
        return whole.chatCompletion();
    }

    @Test
    void tokensOfAChatAreScored() {
        ChatCompletionCreateParams params =
                chat().maxCompletionTokens(9).logprobs(true).topLogprobs(4).build();
        var scores = client.chat()
                .completions()
                .create(params)
                .validate()
                .choices()
                .getFirst()
                .logprobs()
                .orElseThrow()
                .content()
                .orElseThrow();
        assertThat(scores).hasSize(9);
        assertThat(scores).allSatisfy(score -> {
            assertThat(score.topLogprobs()).hasSize(4);
            assertThat(score.logprob())
                    .isLessThanOrEqualTo(score.topLogprobs().getFirst().logprob());
            assertThat(score.bytes().orElseThrow()).hasSize(1);
        });
        assertThat(streamed(params)
                        .choices()
                        .getFirst()
                        .logprobs()
                        .orElseThrow()
                        .content()
                        .orElseThrow())
                .isEqualTo(scores);
    }

    @Test
    void aRequiredToolIsCalled() {
        ChatCompletionCreateParams params = chat().addTool(ChatCompletionFunctionTool.builder()
                        .function(FunctionDefinition.builder()
                                .name("count")
                                .strict(true)
                                .parameters(parameters())
                                .build())
                        .build())
                .toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED)
                .parallelToolCalls(false)
                .build();
        ChatCompletion whole = client.chat().completions().create(params).validate();
        ChatCompletionMessageFunctionToolCall call = whole.choices()
                .getFirst()
                .message()
                .toolCalls()
                .orElseThrow()
                .getFirst()
                .asFunction();
        assertThat(call.function().name()).isEqualTo("count");
        assertThat(Client.json(call.function().arguments()).get("n").intValue()).isBetween(1, 9);
        assertThat(whole.choices().getFirst().finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        assertThat(streamed(params)
                        .choices()
                        .getFirst()
                        .message()
                        .toolCalls()
                        .orElseThrow()
                        .getFirst()
                        .asFunction()
                        .function())
                .isEqualTo(call.function());
    }

    @Test
    void contentIsOfASchema() {
        ChatCompletion whole = client.chat()
                .completions()
                .create(chat().responseFormat(ResponseFormatJsonSchema.builder()
                                .jsonSchema(ResponseFormatJsonSchema.JsonSchema.builder()
                                        .name("count")
                                        .strict(true)
                                        .schema(schema())
                                        .build())
                                .build())
                        .build())
                .validate();
        String text = whole.choices().getFirst().message().content().orElseThrow();
        assertThat(Client.json(text).get("n").intValue()).isBetween(1, 9);
        assertThat(whole.usage()
                        .orElseThrow()
                        .promptTokensDetails()
                        .orElseThrow()
                        .cachedTokens())
                .isPresent();
        assertThat(whole.usage()
                        .orElseThrow()
                        .completionTokensDetails()
                        .orElseThrow()
                        .reasoningTokens())
                .contains(0L);
    }

    @Test
    void theBestCompletionsAreScored() {
        Completion whole = client.completions()
                .create(CompletionCreateParams.builder()
                        .model("tiny")
                        .prompt("Once")
                        .logprobs(2)
                        .maxTokens(3)
                        .bestOf(3)
                        .n(2)
                        .build())
                .validate();
        assertThat(whole.choices()).hasSize(2).allSatisfy(choice -> {
            assertThat(choice.text()).hasSize(3);
            assertThat(choice.logprobs().orElseThrow().tokens().orElseThrow()).hasSize(3);
        });
        assertThat(whole.usage().orElseThrow().completionTokens()).isEqualTo(9);
    }
}
