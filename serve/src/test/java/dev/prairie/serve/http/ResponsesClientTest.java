package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.responses.FunctionTool;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import com.openai.models.responses.WebSearchTool;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The responses part of OpenAI's own client for Java, as it is. */
@Timeout(120)
final class ResponsesClientTest {
    private static final String CALLING =
            "<think>hm</think>Let me add.<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": [1, 2]}}</tool_call>";

    @Test
    void aResponseIsValidAndTheSameStreamed() {
        with("<think>Let me see.</think>Hi 星!", client -> {
            ResponseCreateParams params = question().instructions("Be brief.").build();
            Response whole = client.responses().create(params).validate();
            assertThat(whole.status()).contains(ResponseStatus.COMPLETED);
            assertThat(whole.output()).hasSize(2);
            assertThat(text(whole)).isEqualTo("Hi 星!");
            Response streamed = streamed(client, params).validate();
            assertThat(text(streamed)).isEqualTo(text(whole));
            assertThat(streamed.output().getFirst().asReasoning().content())
                    .isEqualTo(whole.output().getFirst().asReasoning().content());
            assertThat(streamed.usage().orElseThrow().outputTokens())
                    .isEqualTo(whole.usage().orElseThrow().outputTokens());
            assertThat(client.responses().retrieve(whole.id()).validate().output())
                    .isEqualTo(whole.output());
        });
    }

    @Test
    void aConversationGoesOnFromAnId() {
        with("Hello", client -> {
            Response first = client.responses()
                    .create(question().instructions("Be brief.").build());
            Response second = client.responses()
                    .create(ResponseCreateParams.builder()
                            .model("scripted")
                            .input("Again.")
                            .previousResponseId(first.id())
                            .build())
                    .validate();
            assertThat(second.usage().orElseThrow().inputTokens())
                    .isEqualTo("<|user|>How much is 1 + 2?<|assistant|>Hello<|user|>Again.<|assistant|>".length());
            assertThat(second.previousResponseId()).contains(first.id());
            client.responses().delete(first.id());
            assertThatThrownBy(() -> client.responses().retrieve(first.id())).isInstanceOf(NotFoundException.class);
            assertThatThrownBy(() -> client.responses()
                            .create(question().previousResponseId(first.id()).build()))
                    .isInstanceOf(BadRequestException.class)
                    .hasMessageContaining("not remembered");
        });
    }

    @Test
    void aFunctionIsCalledAndAnswered() {
        with(CALLING, client -> {
            ResponseCreateParams params = question()
                    .addTool(FunctionTool.builder()
                            .name("add")
                            .parameters(FunctionTool.Parameters.builder()
                                    .putAdditionalProperty("type", JsonValue.from("object"))
                                    .build())
                            .strict(false)
                            .build())
                    .build();
            Response whole = client.responses().create(params).validate();
            ResponseFunctionToolCall call = whole.output().getLast().asFunctionCall();
            assertThat(call.name()).isEqualTo("add");
            assertThat(call.arguments()).isEqualTo("{\"a\":[1,2]}");
            assertThat(streamed(client, params)
                            .validate()
                            .output()
                            .getLast()
                            .asFunctionCall()
                            .arguments())
                    .isEqualTo(call.arguments());
            Response next = client.responses()
                    .create(ResponseCreateParams.builder()
                            .model("scripted")
                            .previousResponseId(whole.id())
                            .inputOfResponse(List.of(ResponseInputItem.ofFunctionCallOutput(
                                    ResponseInputItem.FunctionCallOutput.builder()
                                            .callId(call.callId())
                                            .output("3")
                                            .build())))
                            .build())
                    .validate();
            assertThat(next.usage().orElseThrow().inputTokens())
                    .isEqualTo(("<|user|>How much is 1 + 2?<|assistant|><think>hm</think>Let me add.<tool_call>"
                                    + "{\"name\": \"add\", \"arguments\": {\"a\": [1, 2]}}</tool_call><|tool|>3="
                                    + call.callId() + "/add<|assistant|>")
                            .length());
        });
    }

    @Test
    void mistakesBecomeTheClientsTypedExceptions() {
        with(
                "ok",
                client -> assertThatThrownBy(() -> client.responses()
                                .create(question()
                                        .addTool(WebSearchTool.builder()
                                                .type(WebSearchTool.Type.WEB_SEARCH)
                                                .build())
                                        .build()))
                        .isInstanceOfSatisfying(
                                BadRequestException.class,
                                e -> assertThat(e.param()).contains("tools[0].type")));
    }

    @Test
    void aFaultInMidStreamIsAFailedResponse() {
        try (Scripted scripted = new Scripted("abcdef", 4096, step -> {
            if (step == 3) {
                throw new IllegalStateException("device cpu: out of order");
            }
        })) {
            with(scripted, client -> {
                List<ResponseStreamEvent> events = events(client, question().build());
                Response failed = events.getLast().asFailed().response().validate();
                assertThat(failed.status()).contains(ResponseStatus.FAILED);
                assertThat(failed.error().orElseThrow().message()).isEqualTo("device cpu: out of order");
            });
        }
    }

    private static String text(Response response) {
        return response.output()
                .getLast()
                .asMessage()
                .content()
                .getFirst()
                .asOutputText()
                .text();
    }

    private static ResponseCreateParams.Builder question() {
        return ResponseCreateParams.builder().model("scripted").input("How much is 1 + 2?");
    }

    private static Response streamed(OpenAIClient client, ResponseCreateParams params) {
        ResponseAccumulator accumulator = ResponseAccumulator.create();
        List<ResponseStreamEvent> events = events(client, params);
        events.forEach(accumulator::accumulate);
        assertThat(events.get(0).isCreated()).isTrue();
        assertThat(events.get(1).isInProgress()).isTrue();
        assertThat(events.getLast().isCompleted()).isTrue();
        for (ResponseStreamEvent event : events) {
            event.validate();
        }
        return accumulator.response();
    }

    private static List<ResponseStreamEvent> events(OpenAIClient client, ResponseCreateParams params) {
        List<ResponseStreamEvent> events = new ArrayList<>();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(params)) {
            stream.stream().forEach(events::add);
        }
        return events;
    }

    private static void with(String answer, Consumer<OpenAIClient> body) {
        try (Scripted scripted = new Scripted(answer)) {
            with(scripted, body);
        }
    }

    private static void with(Scripted scripted, Consumer<OpenAIClient> body) {
        OpenAIClient client = OpenAIOkHttpClient.builder()
                .baseUrl(scripted.server.url() + "v1")
                .apiKey("none")
                .build();
        try {
            body.accept(client);
        } finally {
            client.close();
        }
    }
}
