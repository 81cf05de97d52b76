package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.reference.ReferenceKernels;
import dev.prairie.testing.Demand;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/**
 * What lm-evaluation-harness sends as {@code local-completions}, and how it reads what comes back (its {@code
 * api_models.py} and {@code openai_completions.py}): token ids in batches with {@code echo} and {@code logprobs}, from whose
 * lists it cuts the continuation by position, the one token that was asked for too many left out.
 */
@Timeout(180)
@SuppressWarnings("NullAway.Init") // made before all
final class MeasuringProgramTest {
    private static Arena arena;
    private static Transformer transformer;
    private static Tokenizer tokenizer;
    private static Engine engine;
    private static Server server;
    private static Client client;

    @BeforeAll
    static void start() throws IOException {
        Path folder = Demand.data("stories260k");
        arena = Arena.ofShared();
        transformer = Checkpoint.load(folder.resolve("stories260K.bin"), arena).transformer();
        tokenizer = Tokenizer.load(folder.resolve("tok512.bin"));
        engine = new Engine(new ServedModel("stories", transformer, tokenizer, new ReferenceKernels()));
        server = new Server(ServerConfig.local(0), engine).start();
        client = new Client(server);
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
        engine.close();
        arena.close();
    }

    /** A context and its continuation, as ids. */
    private record Asked(List<Integer> context, List<Integer> continuation) {
        static Asked of(String context, String continuation) {
            List<Integer> whole = ids(context + continuation);
            int length = ids(context).size();
            return new Asked(whole.subList(0, length), whole.subList(length, whole.size()));
        }

        List<Integer> whole() {
            List<Integer> whole = new ArrayList<>(context);
            whole.addAll(continuation);
            return whole;
        }
    }

    private static List<Integer> ids(String text) {
        return Arrays.stream(tokenizer.encode(text)).boxed().toList();
    }

    /** Sum of the continuation's log-probabilities, and whether each of its tokens was the likeliest. */
    private record Likelihood(double sum, boolean greedy) {}

    private static List<Likelihood> read(JsonNode answer, List<Asked> asked) {
        List<Likelihood> read = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            JsonNode choice = answer.get("choices").get(i);
            assertThat(choice.get("index").intValue()).isEqualTo(i);
            JsonNode all = choice.at("/logprobs/token_logprobs");
            JsonNode tops = choice.at("/logprobs/top_logprobs");
            double sum = 0;
            boolean greedy = true;
            for (int at = asked.get(i).context().size(); at < all.size() - 1; at++) {
                double logprob = all.get(at).doubleValue();
                sum += logprob;
                double best = tops.get(at)
                        .valueStream()
                        .mapToDouble(JsonNode::doubleValue)
                        .max()
                        .orElseThrow();
                greedy &= logprob == best;
            }
            read.add(new Likelihood(sum, greedy));
        }
        return read;
    }

    /** The same from the model itself: a forward pass of the whole. */
    private static Likelihood computed(Asked asked) {
        int[] ids = asked.whole().stream().mapToInt(i -> i).toArray();
        try (Slab slab = new Slab()) {
            Ops ops = new Ops(new ReferenceKernels(), slab);
            Tensor logits = transformer.forward(ops, Tokens.sequence(0, ids), KvCache.NONE);
            float[] rows = logits.toFloats();
            int width = rows.length / ids.length;
            double sum = 0;
            boolean greedy = true;
            for (int at = asked.context().size(); at < ids.length; at++) {
                float[] row = Arrays.copyOfRange(rows, (at - 1) * width, at * width);
                double most = Double.NEGATIVE_INFINITY;
                for (float logit : row) {
                    most = Math.max(most, logit);
                }
                double total = 0;
                for (float logit : row) {
                    total += Math.exp(logit - most);
                }
                sum += row[ids[at]] - most - Math.log(total);
                greedy &= row[ids[at]] == most;
            }
            return new Likelihood(sum, greedy);
        }
    }

    private static HttpResponse<String> post(String fields) {
        return client.post("/v1/completions", "{\"model\": \"stories\", " + fields + "}");
    }

    private static String prompts(List<Asked> asked) {
        return asked.stream().map(each -> each.whole().toString()).collect(Collectors.joining(",", "[", "]"));
    }

    @Test
    void likelihoodsAreTheModelsOwn() {
        String story = "Once upon a time, there was a little girl named";
        List<Asked> asked = List.of(
                Asked.of(story, " Lily"),
                Asked.of(story, " Xylophone"),
                Asked.of(story + " Lily. She loved to play", " outside in the park."),
                Asked.of("The cat", " sat on zebras"));
        HttpResponse<String> response = post("\"prompt\": " + prompts(asked)
                + ", \"temperature\": 0, \"max_tokens\": 1, \"logprobs\": 1, \"seed\": 1234, \"echo\": true");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonNode answer = Client.json(response.body());
        List<Likelihood> read = read(answer, asked);
        for (int i = 0; i < asked.size(); i++) {
            Likelihood expected = computed(asked.get(i));
            assertThat(read.get(i).sum()).as("%s", asked.get(i)).isCloseTo(expected.sum(), within(1e-4));
            assertThat(read.get(i).greedy()).as("%s", asked.get(i)).isEqualTo(expected.greedy());
            JsonNode logprobs = answer.get("choices").get(i).get("logprobs");
            int length = asked.get(i).whole().size() + 1;
            for (String list : List.of("tokens", "token_logprobs", "top_logprobs", "text_offset")) {
                assertThat(logprobs.get(list)).as(list).hasSize(length);
            }
            assertThat(logprobs.at("/token_logprobs/0").isNull()).isTrue();
            assertThat(logprobs.at("/top_logprobs/0").isNull()).isTrue();
        }
        assertThat(read).extracting(Likelihood::greedy).contains(true, false);
        int given = asked.stream().mapToInt(each -> each.whole().size()).sum();
        assertThat(answer.at("/usage/prompt_tokens").intValue())
                .as("no token was added to ids")
                .isEqualTo(given);
    }

    @Test
    void theTokensOfAnEchoAreInItsText() {
        JsonNode choice = Client.json(post("\"prompt\": \"Once upon a time\", \"max_tokens\": 8, \"logprobs\": 5,"
                                + " \"echo\": true, \"temperature\": 0")
                        .body())
                .at("/choices/0");
        String text = choice.get("text").stringValue();
        JsonNode scores = choice.get("logprobs");
        assertThat(text).startsWith("Once upon a time");
        for (int i = 1; i < scores.get("tokens").size(); i++) { // the first begins the sequence
            String token = scores.get("tokens").get(i).stringValue();
            int offset = scores.get("text_offset").get(i).intValue();
            assertThat(text.substring(offset)).startsWith(i == 1 ? token.strip() : token);
            assertThat(scores.get("top_logprobs").get(i).has(token)).isTrue();
        }
    }

    @Test
    void aPromptAloneIsScoredWithoutAnAnswer() {
        JsonNode answer =
                Client.json(post("\"prompt\": [1, 403, 407], \"max_tokens\": 0, \"logprobs\": 0, \"echo\": true")
                        .body());
        assertThat(answer.at("/choices/0/logprobs/tokens")).hasSize(3);
        assertThat(answer.at("/choices/0/finish_reason").stringValue()).isEqualTo("length");
        assertThat(answer.at("/usage/completion_tokens").intValue()).isZero();
    }

    @Test
    void generationsEndBeforeTheirStops() {
        List<Integer> context = ids("Once upon a time, there was a");
        JsonNode answer = Client.json(post("\"prompt\": [" + context + ", " + context + "], \"max_tokens\": 60,"
                        + " \"temperature\": 0, \"stop\": [\"\\n\\n\", \".\", \"</s>\"], \"seed\": 1234")
                .body());
        assertThat(answer.get("choices")).hasSize(2);
        String text = answer.at("/choices/0/text").stringValue();
        assertThat(text).isNotBlank().doesNotContain(".");
        assertThat(answer.at("/choices/1/text").stringValue()).isEqualTo(text);
        assertThat(answer.at("/choices/0/finish_reason").stringValue()).isEqualTo("stop");
    }

    @Test
    void theBestOfSeveralIsTheLikeliest() {
        String asked = "\"prompt\": \"Once upon a time\", \"max_tokens\": 10, \"seed\": 5, \"logprobs\": 0, ";
        JsonNode all = Client.json(post(asked + "\"n\": 4").body()).get("choices");
        String best = "";
        double most = Double.NEGATIVE_INFINITY;
        for (JsonNode choice : all) {
            double mean = choice.at("/logprobs/token_logprobs")
                    .valueStream()
                    .mapToDouble(JsonNode::doubleValue)
                    .average()
                    .orElseThrow();
            if (mean > most) {
                most = mean;
                best = choice.get("text").stringValue();
            }
        }
        JsonNode one = Client.json(post(asked + "\"best_of\": 4, \"n\": 1").body());
        assertThat(one.get("choices")).hasSize(1);
        assertThat(one.at("/choices/0/text").stringValue()).isEqualTo(best);
        assertThat(one.at("/usage/completion_tokens").intValue()).isEqualTo(40);
    }

    @Test
    void aPromptThatDoesNotFitIsRefusedAndNeverCut() {
        String ids = "1," + "403,".repeat(511) + "407"; // 513 of 512
        HttpResponse<String> response = post("\"prompt\": [[" + ids + "]], \"max_tokens\": 1, \"echo\": true");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("512").contains("513").contains("prompt[0]");
        String full = "1," + "403,".repeat(510) + "407"; // 512, and one more is asked for
        assertThat(post("\"prompt\": [[" + full + "]], \"max_tokens\": 1, \"logprobs\": 1, \"echo\": true")
                        .statusCode())
                .isEqualTo(400);
    }
}
