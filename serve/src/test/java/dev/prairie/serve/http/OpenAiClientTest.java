package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.SseException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionChoice;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.models.Model;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.serve.engine.ScriptedModel;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.tensor.reference.ReferenceKernels;
import dev.prairie.text.tokenizer.CharacterTokenizer;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The official client, as it is, against a real (tiny, random) transformer; a scripted model only where one must fail. */
@Timeout(120)
final class OpenAiClientTest {
    private static final String TEXT = "A single spark can start a prairie fire. 星星之火,可以燎原。\n";
    private static final String PROMPT = "A single spark";

    @Test
    void modelsAreListedAndFound() {
        withTransformer(client -> {
            List<Model> models = client.models().list().data();
            assertThat(models).hasSize(1);
            models.getFirst().validate();
            assertThat(client.models().retrieve("tiny").validate().id()).isEqualTo("tiny");
            assertThatThrownBy(() -> client.models().retrieve("huge")).isInstanceOf(NotFoundException.class);
        });
    }

    @Test
    void aCompletionIsTheSameStreamedAndWhole() {
        withTransformer(client -> {
            CompletionCreateParams params = CompletionCreateParams.builder()
                    .model("tiny")
                    .prompt(PROMPT)
                    .maxTokens(40)
                    .temperature(0)
                    .build();
            Completion whole = client.completions().create(params).validate();
            CompletionChoice choice = whole.choices().getFirst();
            assertThat(choice.text()).hasSize(40);
            assertThat(choice.finishReason()).isEqualTo(CompletionChoice.FinishReason.LENGTH);
            assertThat(whole.usage().orElseThrow().promptTokens()).isEqualTo(PROMPT.length());
            assertThat(whole.usage().orElseThrow().completionTokens()).isEqualTo(40);
            StringBuilder streamed = new StringBuilder();
            try (StreamResponse<Completion> stream = client.completions().createStreaming(params)) {
                stream.stream()
                        .forEach(chunk ->
                                streamed.append(chunk.choices().getFirst().text()));
            }
            assertThat(streamed).hasToString(choice.text());
            assertThat(client.completions().create(params).choices().getFirst().text())
                    .isEqualTo(choice.text());
        });
    }

    @Test
    void aChatIsTheSameStreamedAndWhole() {
        withTransformer(client -> {
            ChatCompletionCreateParams params = ChatCompletionCreateParams.builder()
                    .model("tiny")
                    .addSystemMessage("A single")
                    .addUserMessage("spark")
                    .maxCompletionTokens(30)
                    .temperature(0)
                    .build();
            ChatCompletion whole = client.chat().completions().create(params).validate();
            String text = whole.choices().getFirst().message().content().orElseThrow();
            assertThat(text).hasSize(30);
            assertThat(whole.choices().getFirst().finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.LENGTH);
            List<ChatCompletionChunk> chunks = new ArrayList<>();
            ChatCompletionCreateParams streaming = params.toBuilder()
                    .streamOptions(ChatCompletionStreamOptions.builder()
                            .includeUsage(true)
                            .build())
                    .build();
            try (StreamResponse<ChatCompletionChunk> stream =
                    client.chat().completions().createStreaming(streaming)) {
                stream.stream().forEach(chunk -> chunks.add(chunk.validate()));
            }
            StringBuilder streamed = new StringBuilder();
            for (ChatCompletionChunk chunk : chunks) {
                chunk.choices().forEach(c -> c.delta().content().ifPresent(streamed::append));
            }
            assertThat(streamed).hasToString(text);
            assertThat(chunks.getLast().usage().orElseThrow().completionTokens())
                    .isEqualTo(whole.usage().orElseThrow().completionTokens());
            assertThat(chunks.get(chunks.size() - 2).choices().getFirst().finishReason())
                    .contains(ChatCompletionChunk.Choice.FinishReason.LENGTH);
        });
    }

    @Test
    void aSeedRepeatsAndItsChoicesDiffer() {
        withTransformer(client -> {
            CompletionCreateParams params = CompletionCreateParams.builder()
                    .model("tiny")
                    .prompt(PROMPT)
                    .maxTokens(30)
                    .seed(5)
                    .n(2)
                    .build();
            List<String> once = texts(client.completions().create(params));
            assertThat(texts(client.completions().create(params))).isEqualTo(once);
            assertThat(once.getFirst()).isNotEqualTo(once.getLast());
            CompletionCreateParams second = params.toBuilder().seed(6).n(1).build();
            assertThat(texts(client.completions().create(second))).containsExactly(once.getLast());
        });
    }

    @Test
    void theTextStopsBeforeAStopString() {
        withTransformer(client -> {
            CompletionCreateParams params = CompletionCreateParams.builder()
                    .model("tiny")
                    .prompt(PROMPT)
                    .maxTokens(40)
                    .temperature(0)
                    .build();
            String all = texts(client.completions().create(params)).getFirst();
            String stop = all.substring(20, 23);
            Completion stopped =
                    client.completions().create(params.toBuilder().stop(stop).build());
            assertThat(texts(stopped)).containsExactly(all.substring(0, all.indexOf(stop)));
            assertThat(stopped.choices().getFirst().finishReason()).isEqualTo(CompletionChoice.FinishReason.STOP);
        });
    }

    @Test
    void anAnswerWithoutALimitFillsTheContext() {
        withTransformer(client -> {
            Completion completion = client.completions()
                    .create(CompletionCreateParams.builder()
                            .model("tiny")
                            .prompt(PROMPT)
                            .build());
            assertThat(completion.usage().orElseThrow().totalTokens()).isEqualTo(64);
        });
    }

    @Test
    void mistakesBecomeTheClientsTypedExceptions() {
        withTransformer(client -> {
            CompletionCreateParams.Builder params =
                    CompletionCreateParams.builder().model("tiny").prompt(PROMPT);
            assertThatThrownBy(() ->
                            client.completions().create(params.temperature(3).build()))
                    .isInstanceOfSatisfying(
                            BadRequestException.class,
                            e -> assertThat(e.param()).contains("temperature"))
                    .hasMessageContaining("give 0.0 to 2.0");
            assertThatThrownBy(() -> client.completions()
                            .create(params.temperature(1).model("huge").build()))
                    .isInstanceOfSatisfying(
                            NotFoundException.class, e -> assertThat(e.code()).contains("model_not_found"));
            assertThatThrownBy(() -> client.completions()
                            .create(params.model("tiny").prompt("Quite").build()))
                    .isInstanceOf(BadRequestException.class)
                    .hasMessageContaining("'Q'");
        });
    }

    @Test
    void aFaultReachesTheClientStreamingAndNot() {
        ScriptedModel broken = new ScriptedModel("abcdef", 100, step -> {
            if (step == 3) {
                throw new IllegalStateException("device cpu: out of order");
            }
        });
        with(broken, client -> {
            ChatCompletionCreateParams params = ChatCompletionCreateParams.builder()
                    .model("scripted")
                    .addUserMessage("a")
                    .build();
            assertThatThrownBy(() -> client.chat().completions().create(params))
                    .isInstanceOf(InternalServerException.class)
                    .hasMessageContaining("device cpu: out of order");
            assertThat(broken.steps()).as("not tried again").isEqualTo(3);
            assertThatThrownBy(() -> {
                        try (StreamResponse<ChatCompletionChunk> stream =
                                client.chat().completions().createStreaming(params)) {
                            stream.stream().forEach(chunk -> {});
                        }
                    })
                    .isInstanceOf(SseException.class)
                    .hasMessageContaining("device cpu: out of order");
        });
    }

    private static List<String> texts(Completion completion) {
        return completion.choices().stream().map(CompletionChoice::text).toList();
    }

    private static void withTransformer(java.util.function.Consumer<OpenAIClient> body) {
        CharacterTokenizer tokenizer = CharacterTokenizer.learn(List.of(TEXT), List.of());
        TransformerConfig config = TransformerConfig.gpt2(tokenizer.vocabularySize(), 64, 2, 16, 2);
        try (Arena arena = Arena.ofShared()) {
            Transformer transformer = Transformer.initialise(config, arena, 1);
            with(new ServedModel("tiny", transformer, tokenizer, new ReferenceKernels()), body);
        }
    }

    private static void with(LanguageModel model, java.util.function.Consumer<OpenAIClient> body) {
        try (Engine engine = new Engine(model);
                Server server = new Server(ServerConfig.local(0), engine).start()) {
            OpenAIClient client = OpenAIOkHttpClient.builder()
                    .baseUrl(server.url() + "v1")
                    .apiKey("none")
                    .build();
            try {
                body.accept(client);
            } finally {
                client.close();
            }
        }
    }
}
