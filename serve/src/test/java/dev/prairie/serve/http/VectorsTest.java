package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.prairie.model.generate.Embedder;
import dev.prairie.model.transformer.HeadForm.Pooling;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.serve.access.Gate;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Encoder;
import dev.prairie.serve.resident.GatedKernels;
import dev.prairie.serve.resident.ModelSource;
import dev.prairie.serve.resident.ModelsOnDemand;
import dev.prairie.serve.resident.Resident;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.reference.ReferenceKernels;
import dev.prairie.text.tokenizer.CharacterTokenizer;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Vectors of two tiny random models, an encoder and a decoder, against {@link Embedder} itself. */
@Timeout(120)
final class VectorsTest {
    private static final ReferenceKernels KERNELS = new ReferenceKernels();
    private static final String LETTERS = "a river bank and money? 中é";

    @TempDir
    static Path folder;

    private static Arena arena;
    private static Tokenizer words;
    private static Tokenizer letters;
    private static Transformer bert;
    private static Transformer gpt;
    private static ModelsOnDemand models;
    private static Server server;
    private static Client client;

    @BeforeAll
    static void start() throws IOException {
        arena = Arena.ofShared();
        words = words();
        letters = CharacterTokenizer.learn(List.of(LETTERS), List.of());
        bert = lively(
                Transformer.initialise(TransformerConfig.bert(words.vocabularySize(), 16, 2, 12, 2, 20), arena, 1));
        gpt = lively(Transformer.initialise(TransformerConfig.gpt2(letters.vocabularySize(), 32, 2, 8, 2), arena, 2));
        models = ModelsOnDemand.of(
                List.of(
                        new ModelSource(
                                "bert", 1, List.of(), () -> Resident.of(new Encoder(bert, KERNELS), words, () -> {})),
                        new ModelSource("gpt", 2, List.of(), VectorsTest::gpt)),
                ModelsOnDemand.NEVER);
        server = new Server(ServerConfig.local(0), models, Gate.open()).start();
        client = new Client(server);
    }

    /** With matrices large enough that tokens take notice of each other. */
    private static Transformer lively(Transformer model) {
        for (Tensor parameter : model.parameters().values()) {
            for (long i = 0; i < parameter.shape().size() && Transformer.decays(parameter); i++) {
                parameter.set(i, 20 * parameter.get(i));
            }
        }
        return model;
    }

    private static Resident gpt() {
        Engine engine = new Engine(new ServedModel("gpt", gpt, letters, KERNELS));
        return Resident.of(engine, ChatFormat.plain(), () -> {});
    }

    private static Tokenizer words() throws IOException {
        String vocabulary = IntStream.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
                .mapToObj(id -> "\""
                        + List.of("[UNK]", "[CLS]", "[SEP]", "the", "river", "bank", "has", "money", "##s", "a", "é")
                                .get(id)
                        + "\": " + id)
                .reduce((a, b) -> a + ", " + b)
                .orElseThrow();
        Path file = Files.writeString(folder.resolve("tokenizer.json"), """
                {"added_tokens": [{"id": 0, "content": "[UNK]", "special": true},
                                  {"id": 1, "content": "[CLS]", "special": true},
                                  {"id": 2, "content": "[SEP]", "special": true}],
                 "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
                 "decoder": {"type": "WordPiece"},
                 "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                           "max_input_chars_per_word": 100, "vocab": {%s}}}""".formatted(vocabulary));
        return Tokenizer.load(file);
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
        models.close();
        arena.close();
    }

    @Test
    void ollamasClientsGetTheSameVectors() {
        JsonNode ours = embed("'model':'bert','input':['the river','a bank'],'dimensions':5");
        JsonNode theirs = Client.json(client.post(
                        "/api/embed",
                        "{\"model\":\"bert:latest\",\"input\":[\"the river\",\"a bank\"],\"dimensions\":5}")
                .body());
        for (int i = 0; i < 2; i++) {
            assertThat(theirs.at("/embeddings/" + i)).isEqualTo(ours.at("/data/" + i + "/embedding"));
        }
        assertThat(theirs.get("prompt_eval_count")).isEqualTo(ours.at("/usage/prompt_tokens"));
        JsonNode one = Client.json(client.post("/api/embeddings", "{\"model\":\"bert\",\"prompt\":\"the river\"}")
                .body());
        assertThat(one.get("embedding"))
                .isEqualTo(embed("'model':'bert','input':'the river'").at("/data/0/embedding"));
        JsonNode shown =
                Client.json(client.post("/api/show", "{\"model\":\"bert\"}").body());
        assertThat(shown.get("capabilities").toString()).isEqualTo("[\"embedding\"]");
        HttpResponse<String> chat = client.post("/api/generate", "{\"model\":\"bert\",\"prompt\":\"a\"}");
        assertThat(chat.statusCode()).isEqualTo(400);
        assertThat(Client.json(chat.body()).get("error").stringValue()).contains("is an encoder");
    }

    private static JsonNode embed(String fields) {
        HttpResponse<String> response = client.post("/v1/embeddings", "{" + fields.replace('\'', '"') + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    private static float[] vector(JsonNode numbers) {
        float[] vector = new float[numbers.size()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = numbers.get(i).floatValue();
        }
        return vector;
    }

    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static float[] of(Transformer model, Pooling pooling, int... ids) {
        return new Embedder(model, KERNELS, pooling).embed(List.of(ids)).getFirst();
    }

    @Test
    void anEncoderAnswersWithItsVectors() {
        JsonNode answer = embed("'model': 'bert', 'input': ['The river', 'banks']");
        assertThat(answer.at("/object").stringValue()).isEqualTo("list");
        assertThat(answer.at("/model").stringValue()).isEqualTo("bert");
        assertThat(answer.at("/usage/prompt_tokens").intValue()).isEqualTo(8);
        assertThat(answer.at("/usage/total_tokens").intValue()).isEqualTo(8);
        assertThat(answer.at("/data/0/object").stringValue()).isEqualTo("embedding");
        assertThat(answer.at("/data/1/index").intValue()).isEqualTo(1);
        assertThat(vector(answer.at("/data/0/embedding"))).isEqualTo(of(bert, bertPooling(), 1, 3, 4, 2));
        assertThat(vector(answer.at("/data/1/embedding"))).isEqualTo(of(bert, bertPooling(), 1, 5, 8, 2));
    }

    private static Pooling bertPooling() {
        return bert.config().head().pooling();
    }

    @Test
    void idsAreTakenAsTheyAre() {
        float[] expected = of(bert, bertPooling(), 3, 4);
        assertThat(vector(embed("'model': 'bert', 'input': [3, 4]").at("/data/0/embedding")))
                .isEqualTo(expected);
        JsonNode two = embed("'model': 'bert', 'input': [[3, 4], [5]]");
        assertThat(vector(two.at("/data/0/embedding"))).isEqualTo(expected);
        assertThat(two.at("/data").size()).isEqualTo(2);
        assertThat(two.at("/usage/total_tokens").intValue()).isEqualTo(3);
    }

    @Test
    void aDecoderMakesThemOfItsHiddenStates() {
        int[] ids = letters.encode("river");
        for (String pooling : List.of("mean", "first", "last")) {
            float[] found = vector(embed("'model': 'gpt', 'input': 'river', 'pooling': '" + pooling + "'")
                    .at("/data/0/embedding"));
            assertThat(found).isEqualTo(of(gpt, Pooling.valueOf(pooling.toUpperCase(java.util.Locale.ROOT)), ids));
        }
        assertThat(vector(embed("'model': 'gpt', 'input': 'river'").at("/data/0/embedding")))
                .isEqualTo(of(gpt, Pooling.MEAN, ids));
    }

    @Test
    void base64IsTheSameNumbers() {
        float[] numbers = vector(embed("'model': 'bert', 'input': 'a bank'").at("/data/0/embedding"));
        String text = embed("'model': 'bert', 'input': 'a bank', 'encoding_format': 'base64'")
                .at("/data/0/embedding")
                .stringValue();
        float[] decoded = new float[numbers.length];
        ByteBuffer.wrap(Base64.getDecoder().decode(text))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(decoded);
        assertThat(decoded).isEqualTo(numbers);
    }

    @Test
    void fewerDimensionsAreTheFirstOnesAtLengthOne() {
        float[] all = vector(embed("'model': 'bert', 'input': 'a bank'").at("/data/0/embedding"));
        float[] some = vector(
                embed("'model': 'bert', 'input': 'a bank', 'dimensions': 5").at("/data/0/embedding"));
        assertThat(some).hasSize(5);
        assertThat(cosine(some, some)).isCloseTo(1, within(1e-6));
        double scale = all[0] / some[0];
        for (int i = 0; i < 5; i++) {
            assertThat(all[i] / some[i]).isCloseTo((float) scale, within(1e-4f));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "gpt"})
    void oneWordHasAnotherVectorInAnotherSentence(String model) {
        float[] atRiver = bank(model, "a river bank");
        float[] ofMoney = bank(model, "a money bank");
        assertThat(cosine(atRiver, bank(model, "a river bank"))).isCloseTo(1, within(1e-6));
        assertThat(cosine(atRiver, ofMoney)).isLessThan(0.9999);
        assertThat(atRiver).isEqualTo(bank(model, "a river bank"));
    }

    /** The vector of the last token of the word. */
    private static float[] bank(String model, String sentence) {
        JsonNode data = embed("'model': '" + model + "', 'pooling': 'tokens', 'input': '" + sentence + "'")
                .at("/data/0");
        assertThat(data.at("/object").stringValue()).isEqualTo("token_embeddings");
        List<JsonNode> tokens = new ArrayList<>();
        data.at("/tokens").forEach(tokens::add);
        int end = sentence.length();
        JsonNode found = tokens.stream()
                .filter(token -> token.at("/end").intValue() == end)
                .findFirst()
                .orElseThrow();
        assertThat(sentence.substring(found.at("/start").intValue(), end))
                .isEqualTo(model.equals("bert") ? "bank" : "k");
        return vector(found.at("/embedding"));
    }

    @Test
    void tokensAreGivenWithTheirPlaces() {
        JsonNode tokens = embed("'model': 'bert', 'pooling': 'tokens', 'input': ['É banks'], 'dimensions': 2")
                .at("/data/0/tokens");
        List<String> told = new ArrayList<>();
        tokens.forEach(t -> told.add(t.at("/token").stringValue() + t.at("/id") + " " + t.at("/start") + "-"
                + t.at("/end") + " " + t.at("/embedding").size()));
        assertThat(told).containsExactly("[CLS]1 0-0 2", "é10 0-1 2", "bank5 2-6 2", "##s8 6-7 2", "[SEP]2 0-0 2");
        JsonNode ids =
                embed("'model': 'bert', 'pooling': 'tokens', 'input': [5]").at("/data/0/tokens/0");
        assertThat(ids.at("/token").stringValue()).isEqualTo("bank");
        assertThat(ids.has("start")).isFalse();
        assertThat(vector(ids.at("/embedding"))).isEqualTo(of(bert, Pooling.LAST, 5));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'input': ''                                       | input               | at least one token",
                "'input': []                                       | input               | at least one text",
                "'input': 5                                        | input               | a string or token ids",
                "'input': ['the', 5]                               | input[1]            | a string or token ids",
                "'input': [3, 'the']                               | input[1]            | a whole number",
                "'input': [3, 11]                                  | input[1]            | 0 to 10",
                "'input': [[3], []]                                | input[1]            | at least one token",
                "'input': 'a a a a a a a a a a a a a a a'          | input               | 16 tokens, but the text has 17",
                "'input': 'a', 'dimensions': 13                    | dimensions          | 13, but this model's vectors have 12",
                "'input': 'a', 'dimensions': 0                     | dimensions          | 1 to",
                "'input': 'a', 'encoding_format': 'hex'            | encoding_format     | give one of [float, base64]",
                "'input': 'a', 'pooling': 'max'                    | pooling             | give one of [mean, first, last, tokens]",
                "'input': 'a', 'speed': 1                          | speed               | unknown field",
                "'dimensions': 1                                   | input               | missing",
            })
    void mistakesNameTheField(String fields, String param, String message) {
        refused("/v1/embeddings", "'model': 'bert', " + fields, param, message);
    }

    private static void refused(String path, String fields, String param, String message) {
        HttpResponse<String> response =
                client.post(path, "{" + fields.replace('\'', '"').replace("model\"s", "model's") + "}");
        JsonNode error = Client.json(response.body()).path("error");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(error.path("param").stringValue()).isEqualTo(param);
        assertThat(error.path("message").stringValue()).contains(message);
    }

    @Test
    void anEncoderContinuesNothing() {
        String told = "bert is an encoder: it makes vectors of texts";
        refused("/v1/completions", "'model': 'bert', 'prompt': 'a'", "model", told);
        refused(
                "/v1/chat/completions",
                "'model': 'bert', 'messages': [{'role': 'user', 'content': 'a'}]",
                "model",
                told);
        assertThat(client.get("/health").statusCode()).isEqualTo(200);
        HttpResponse<String> other =
                client.post("/v1/completions", "{\"model\": \"gpt\", \"prompt\": \"a\", \"max_tokens\": 2}");
        assertThat(other.statusCode()).isEqualTo(200);
    }

    @Test
    void documentsAreRankedByTheirNearness() {
        List<String> documents = List.of("money has a bank", "the river", "a bank");
        float[] query = of(bert, bertPooling(), words.frame(words.encode("the river")));
        String body = "{\"model\": \"bert\", \"query\": \"the river\", \"return_documents\": true, \"documents\":"
                + " [\"money has a bank\", {\"text\": \"the river\"}, \"a bank\"]%s}";
        for (String path : List.of("/v1/rerank", "/v2/rerank", "/rerank")) {
            JsonNode answer = Client.json(client.post(path, body.formatted("")).body());
            assertThat(answer.at("/results").size()).isEqualTo(3);
            assertThat(answer.at("/results/0/index").intValue()).isEqualTo(1);
            assertThat(answer.at("/results/0/relevance_score").doubleValue()).isCloseTo(1, within(1e-6));
            double before = 2;
            for (JsonNode result : answer.at("/results")) {
                String document = documents.get(result.at("/index").intValue());
                assertThat(result.at("/document/text").stringValue()).isEqualTo(document);
                double score = result.at("/relevance_score").doubleValue();
                assertThat(score)
                        .isCloseTo(
                                cosine(query, of(bert, bertPooling(), words.frame(words.encode(document)))),
                                within(1e-6))
                        .isLessThanOrEqualTo(before);
                before = score;
            }
            assertThat(answer.at("/usage/total_tokens").intValue()).isEqualTo(4 + 6 + 4 + 4);
        }
        JsonNode best = Client.json(
                client.post("/v1/rerank", body.formatted(", \"top_n\": 1")).body());
        assertThat(best.at("/results").size()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'documents': ['a']                                     | query          | missing",
                "'query': 'a'                                           | documents      | missing",
                "'query': 'a', 'documents': []                          | documents      | give 1 to 1000",
                "'query': 'a', 'documents': 'a'                         | documents      | an array",
                "'query': 'a', 'documents': [5]                         | documents[0]   | a string",
                "'query': 'a', 'documents': [{'title': 'x'}]            | documents[0].text | missing",
                "'query': 'a', 'documents': ['a'], 'top_n': 0           | top_n          | 1 to",
                "'query': 'a', 'documents': ['a'], 'max_tokens_per_doc': 5 | max_tokens_per_doc | not supported",
            })
    void mistakesInARankingNameTheField(String fields, String param, String message) {
        refused("/v1/rerank", "'model': 'bert', " + fields, param, message);
    }

    @Test
    void modelsThatFailOrAreBusySaySo() throws Exception {
        GatedKernels gate = new GatedKernels();
        AtomicInteger loads = new AtomicInteger();
        Transformer model = bert;
        try (ModelsOnDemand two = ModelsOnDemand.of(
                        List.of(
                                new ModelSource("broken", 1, List.of(), () -> {
                                    if (loads.incrementAndGet() == 1) {
                                        throw new IllegalArgumentException("weights: cut off");
                                    }
                                    return Resident.of(new Encoder(model, KERNELS), words, () -> {});
                                }),
                                new ModelSource(
                                        "busy",
                                        1,
                                        List.of(),
                                        () -> Resident.of(new Encoder(model, gate.kernels(), 0), words, () -> {}))),
                        ModelsOnDemand.NEVER);
                Server other = new Server(ServerConfig.local(0), two, Gate.open()).start();
                Client http = new Client(other);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            String broken = "{\"model\": \"broken\", \"input\": \"a\"}";
            HttpResponse<String> failed = http.post("/v1/embeddings", broken);
            assertThat(failed.statusCode()).isEqualTo(500);
            assertThat(failed.headers().firstValue("x-should-retry")).contains("false");
            assertThat(failed.body()).contains("the model broken cannot be loaded: weights: cut off");
            assertThat(http.post("/v1/embeddings", broken).statusCode()).isEqualTo(200);

            String busy = "{\"model\": \"busy\", \"input\": \"a\"}";
            Future<HttpResponse<String>> atWork = threads.submit(() -> http.post("/v1/embeddings", busy));
            gate.awaitWork();
            HttpResponse<String> refused = http.post("/v1/embeddings", busy);
            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(refused.headers().firstValue("Retry-After")).contains("2");
            gate.open();
            assertThat(atWork.get().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void theOfficialClientReadsThem() {
        OpenAIClient openai = OpenAIOkHttpClient.builder()
                .baseUrl(server.url() + "v1")
                .apiKey("none")
                .build();
        try {
            for (EmbeddingCreateParams.EncodingFormat format :
                    List.of(EmbeddingCreateParams.EncodingFormat.FLOAT, EmbeddingCreateParams.EncodingFormat.BASE64)) {
                CreateEmbeddingResponse response = openai.embeddings()
                        .create(EmbeddingCreateParams.builder()
                                .model("bert")
                                .inputOfArrayOfStrings(List.of("the river", "a bank"))
                                .encodingFormat(format)
                                .build())
                        .validate();
                List<Float> numbers = response.data().getLast().embedding();
                float[] expected = of(bert, bertPooling(), 1, 9, 5, 2);
                for (int i = 0; i < expected.length; i++) {
                    assertThat(numbers.get(i)).isCloseTo(expected[i], within(1e-7f));
                }
                assertThat(response.usage().totalTokens()).isEqualTo(8);
            }
        } finally {
            openai.close();
        }
    }

    @Test
    void langChainReadsThem() {
        EmbeddingModel model = OpenAiEmbeddingModel.builder()
                .baseUrl(server.url() + "v1")
                .apiKey("none")
                .modelName("bert")
                .dimensions(6)
                .build();
        Response<List<Embedding>> response =
                model.embedAll(List.of(TextSegment.from("the river"), TextSegment.from("a bank")));
        assertThat(Objects.requireNonNull(response.tokenUsage()).totalTokenCount())
                .isEqualTo(8);
        assertThat(response.content()).hasSize(2);
        float[] expected = of(bert, bertPooling(), 1, 9, 5, 2);
        float[] found = response.content().getLast().vector();
        assertThat(found).hasSize(6);
        assertThat(cosine(found, expected) / Math.sqrt(cosine(Arrays.copyOf(expected, 6), expected)))
                .isCloseTo(1, within(1e-5));
    }
}
