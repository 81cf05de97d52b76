package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.tensor.reference.ReferenceKernels;
import dev.prairie.text.template.ChatTemplate;
import dev.prairie.text.tokenizer.BpeTrainer;
import dev.prairie.text.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Texts to tokens and back over HTTP, as the model itself would have them. */
@Timeout(60)
final class TokenizationTest {
    private static final String TEMPLATE =
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
                    + "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}{{ mood }}";

    private static Arena arena;
    private static Tokenizer tokenizer;
    private static Engine engine;
    private static Server server;
    private static Client client;

    @BeforeAll
    static void start() {
        BpeTrainer trainer = new BpeTrainer(300, List.of("<|im_start|>", "<|im_end|>"));
        trainer.add("the river, the bank, 中文 the user asks the assistant\n".repeat(3));
        tokenizer = trainer.train();
        arena = Arena.ofShared();
        var transformer =
                Transformer.initialise(TransformerConfig.gpt2(tokenizer.vocabularySize(), 64, 1, 8, 2), arena, 1);
        engine = new Engine(new ServedModel("tiny", transformer, tokenizer, new ReferenceKernels()));
        server = new Server(ServerConfig.local(0), engine, ChatFormat.of(ChatTemplate.of(TEMPLATE, Map.of()))).start();
        client = new Client(server);
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
        engine.close();
        arena.close();
    }

    private static JsonNode post(String path, String fields) {
        HttpResponse<String> response = client.post(path, "{" + fields.replace('\'', '"') + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    private static int[] ids(JsonNode answer) {
        List<Integer> ids = new ArrayList<>();
        answer.path("tokens").forEach(id -> ids.add(id.intValue()));
        assertThat(answer.path("count").intValue()).isEqualTo(ids.size());
        return ids.stream().mapToInt(id -> id).toArray();
    }

    @Test
    void aPromptIsTokenisedAsItWouldBeForACompletion() {
        JsonNode answer = post("/tokenize", "'model': 'tiny', 'prompt': 'the river'");
        assertThat(ids(answer)).isEqualTo(tokenizer.encode("the river"));
        assertThat(answer.path("max_model_len").intValue()).isEqualTo(64);
        assertThat(answer.path("token_strs").isNull()).isTrue();
        assertThat(ids(post("/tokenize", "'prompt': '<|im_end|>'")))
                .as("what a user types is text; the model may be left out")
                .isEqualTo(tokenizer.encode("<|im_end|>"))
                .hasSizeGreaterThan(1);
    }

    @Test
    void placesAreThoseOfWholeCharacters() {
        JsonNode answer = post("/tokenize", "'prompt': 'the 🔥中', 'return_token_strs': true, 'return_offsets': true");
        int[] ids = ids(answer);
        assertThat(ids).isEqualTo(tokenizer.encode("the 🔥中"));
        List<String> told = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            told.add(answer.path("token_strs").get(i).stringValue()
                    + answer.path("offsets").get(i));
        }
        assertThat(told.getFirst()).isEqualTo("the[0,3]");
        assertThat(told.getLast()).endsWith("[5,6]");
        assertThat(told.stream().filter(t -> t.endsWith("[4,5]")))
                .as("🔥 in bytes")
                .hasSizeGreaterThanOrEqualTo(3);
        assertThat(answer.has("prompt")).isFalse();
    }

    @Test
    void aChatIsTokenisedAsItsTemplateWritesIt() {
        String rendered = "<|im_start|>user\nthe bank<|im_end|>\n";
        String chat = "'messages': [{'role': 'user', 'content': 'the bank'}]";
        JsonNode asked = post("/tokenize", chat + ", 'return_offsets': true");
        assertThat(ids(asked)).isEqualTo(tokenizer.encodeWithSpecials(rendered + "<|im_start|>assistant\n"));
        assertThat(asked.path("prompt").stringValue()).isEqualTo(rendered + "<|im_start|>assistant\n");
        assertThat(asked.at("/offsets/0").toString()).isEqualTo("[0,12]");
        assertThat(ids(post("/tokenize", chat + ", 'add_generation_prompt': false")))
                .isEqualTo(tokenizer.encodeWithSpecials(rendered));
        assertThat(ids(post(
                        "/tokenize",
                        chat + ", 'add_generation_prompt': false, 'chat_template_kwargs': {'mood': 'the'}")))
                .isEqualTo(tokenizer.encodeWithSpecials(rendered + "the"));
    }

    @Test
    void tokensBecomeTextAgain() {
        String text = "<|im_start|>the 🔥 river";
        String ids = Arrays.toString(tokenizer.encodeWithSpecials(text));
        assertThat(post("/detokenize", "'model': 'tiny', 'tokens': " + ids)
                        .path("prompt")
                        .stringValue())
                .isEqualTo(text);
    }

    @Test
    void factsOfTheTokenizerAreTold() {
        for (String path : List.of("/tokenizer_info", "/tokenizer_info?model=tiny")) {
            JsonNode info = Client.json(client.get(path).body());
            assertThat(info.path("model").stringValue()).isEqualTo("tiny");
            assertThat(info.path("vocab_size").intValue()).isEqualTo(tokenizer.vocabularySize());
            assertThat(info.path("max_model_len").intValue()).isEqualTo(64);
            assertThat(info.path("chat_template").stringValue()).isEqualTo(TEMPLATE);
            assertThat(info.path("bos_token").isNull()).isTrue();
            assertThat(info.at("/added_tokens/0/content").stringValue()).isEqualTo("<|im_start|>");
        }
        assertThat(client.get("/tokenizer_info?model=huge").statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "/tokenize   | 'model': 'tiny'                      | prompt",
                "/tokenize   | 'prompt': ['a']                      | prompt",
                "/tokenize   | 'prompt': 'a', 'speed': 1            | speed",
                "/tokenize   | 'messages': []                       | messages",
                "/tokenize   | 'messages': [{'role': 'user', 'content': 'a'}], 'continue_final_message': true"
                        + " | continue_final_message",
                "/tokenize   | 'prompt': 'a', 'messages': [{'role': 'user', 'content': 'a'}] | prompt",
                "/detokenize | 'tokens': 'a'                        | tokens",
                "/detokenize | 'tokens': [0, 99999]                 | tokens[1]",
                "/detokenize | 'tokens': [0], 'text': 'a'           | text",
            })
    void mistakesNameTheField(String path, String fields, String param) {
        HttpResponse<String> response = client.post(path, "{" + fields.replace('\'', '"') + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(Client.json(response.body()).at("/error/param").stringValue())
                .isEqualTo(param);
    }
}
