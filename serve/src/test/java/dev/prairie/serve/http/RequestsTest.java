package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What is asked for: every field is honoured, accepted as harmless, or refused by its name. */
@Timeout(60)
final class RequestsTest {
    private static Engine engine;
    private static Server server;
    private static Client client;

    @BeforeAll
    static void start() {
        engine = new Engine(new ScriptedModel("Hello, world!", 64, step -> {}));
        server = new Server(ServerConfig.local(0).withMaxBodyBytes(10_000), engine).start();
        client = new Client(server);
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
        engine.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'temperature': 2.5        | temperature",
                "'temperature': -0.1       | temperature",
                "'temperature': '1'        | temperature",
                "'top_p': 0                | top_p",
                "'top_p': 1.01             | top_p",
                "'top_k': -2               | top_k",
                "'top_k': 1.5              | top_k",
                "'min_p': 2                | min_p",
                "'repetition_penalty': 0   | repetition_penalty",
                "'n': 0                    | n",
                "'n': 129                  | n",
                "'max_tokens': -1          | max_tokens",
                "'max_tokens': 99999999999 | max_tokens",
                "'max_tokens': '5'         | max_tokens",
                "'seed': 1.5               | seed",
                "'seed': 99999999999999999999 | seed",
                "'stop': ''                | stop",
                "'stop': ['a', 1]          | stop[1]",
                "'stop': 5                 | stop",
                "'stream': 'yes'           | stream",
                "'stream_options': {'include_usage': true} | stream_options",
                "'stream': true, 'stream_options': {'include_usage': 1} | stream_options.include_usage",
                "'stream': true, 'stream_options': {'speed': 1} | stream_options.speed",
                "'frequency_penalty': 2.5  | frequency_penalty",
                "'presence_penalty': -3    | presence_penalty",
                "'logit_bias': {'999': 1}  | logit_bias.999",
                "'logit_bias': {'5': 101}  | logit_bias.5",
                "'logit_bias': [5]          | logit_bias",
                "'logprobs': 'yes'         | logprobs",
                "'stop_token_ids': [257]     | stop_token_ids[0]",
                "'stop_token_ids': 5         | stop_token_ids",
                "'ignore_eos': 1             | ignore_eos",
                "'something_new': 1        | something_new",
            })
    void bothEndpointsNameTheFieldThatIsWrong(String field, String param) {
        assertRefused(client.post("/v1/completions", body("'prompt': 'a', " + field)), 400, param);
        assertRefused(
                client.post("/v1/chat/completions", body("'messages': [{'role':'user','content':'a'}], " + field)),
                400,
                param);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'max_tokens': 5               | prompt",
                "'prompt': 5                   | prompt",
                "'prompt': ''                  | prompt",
                "'prompt': []                  | prompt",
                "'prompt': [[]]                | prompt[0]",
                "'prompt': ['a', 5]            | prompt[1]",
                "'prompt': [1, 'a']            | prompt[1]",
                "'prompt': [1, 257]            | prompt[1]",
                "'prompt': [[1], [-1]]         | prompt[1][0]",
                "'prompt': 'a', 'logprobs': 21 | logprobs",
                "'prompt': 'a', 'n': 3, 'best_of': 2 | best_of",
                "'prompt': 'a', 'best_of': 2, 'stream': true | best_of",
                "'prompt': 'a', 'suffix': 'b'  | suffix",
                "'prompt': 'a', 'echo': 1      | echo",
            })
    void completionsNameTheFieldThatIsWrong(String fields, String param) {
        assertRefused(client.post("/v1/completions", body(fields)), 400, param);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'n': 1                                                  | messages",
                "'messages': []                                          | messages",
                "'messages': 'hello'                                     | messages",
                "'messages': ['hello']                                   | messages[0]",
                "'messages': [{'content':'a'}]                           | messages[0].role",
                "'messages': [{'role':'robot','content':'a'}]            | messages[0].role",
                "'messages': [{'role':'tool','content':'a','tool_call_id':'1'}] | messages[0].role",
                "'messages': [{'role':'user'}]                           | messages[0].content",
                "'messages': [{'role':'user','content':5}]               | messages[0].content",
                "'messages': [{'role':'user','content':[{'type':'image_url','image_url':{'url':'x'}}]}] |"
                        + " messages[0].content[0].type",
                "'messages': [{'role':'user','content':[{'type':'text'}]}] | messages[0].content[0].text",
                "'messages': [{'role':'user','content':'a','mood':'b'}]  | messages[0].mood",
                "'messages': [{'role':'user','content':''}]              | messages",
            })
    void messagesNameTheFieldThatIsWrong(String fields, String param) {
        assertRefused(client.post("/v1/chat/completions", body(fields)), 400, param);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'tools': [{'type':'function','function':{'name':'f'}}] | tools",
                "'tools': [{'type':'function','function':{'name':'a b'}}] | tools[0].function.name",
                "'tools': [{'type':'function','function':{'name':'f','mood':1}}] | tools[0].function.mood",
                "'tools': [{'type':'retrieval'}]           | tools[0]",
                "'tool_choice': 'always'                  | tool_choice",
                "'tool_choice': {'type':'custom'}         | tool_choice",
                "'tool_choice': 'required'                  | tool_choice",
                "'function_call': {'name': 'f'}             | function_call",
                "'response_format': {'type':'json_schema'}  | response_format.json_schema",
                "'response_format': {'type':'xml'}          | response_format.type",
                "'response_format': {'type':'json_schema','json_schema':{'schema':5}} |"
                        + " response_format.json_schema.schema",
                "'guided_json': {}, 'guided_regex': 'a'    | response_format",
                "'continue_final_message': true, 'add_generation_prompt': true | add_generation_prompt",
                "'modalities': ['text','audio']             | modalities",
                "'audio': {'voice':'x'}                     | audio",
                "'top_logprobs': 3                          | top_logprobs",
                "'reasoning_effort': 'low'                  | reasoning_effort",
                "'max_tokens': 5, 'max_completion_tokens': 6 | max_tokens",
            })
    void chatNamesWhatItCannotDo(String field, String param) {
        String body = body("'messages': [{'role':'user','content':'a'}], " + field);
        assertRefused(client.post("/v1/chat/completions", body), 400, param);
    }

    @Test
    void harmlessAndEmptyFieldsAreAccepted() {
        String fields = "'messages': [{'role':'user','content':'a','name':'b'}], 'user': 'u', 'metadata': {'a':'b'},"
                + " 'store': true, 'service_tier': 'auto', 'tools': [], 'tool_choice': 'auto', 'logprobs': false,"
                + " 'frequency_penalty': 0, 'presence_penalty': 0.0, 'logit_bias': {}, 'stop': null, 'seed': null,"
                + " 'response_format': {'type': 'text'}, 'modalities': ['text'], 'max_tokens': 3,"
                + " 'max_completion_tokens': 3, 'parallel_tool_calls': true";
        HttpResponse<String> response = client.post("/v1/chat/completions", body(fields));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "{", "[]", "5", "null", "{'model': 'scripted', 'model': 'scripted'}", "{} {}", "{'a': NaN}"})
    void bodiesThatAreNotOneJsonObject(String body) {
        JsonNode error = assertRefused(client.post("/v1/completions", body.replace('\'', '"')), 400, null);
        assertThat(error.path("code").stringValue()).isEqualTo("invalid_json");
    }

    @Test
    void deeplyNestedJsonIsRefused() {
        assertRefused(client.post("/v1/completions", "[".repeat(5_000) + "]".repeat(5_000)), 400, null);
    }

    @Test
    void aLongBodyIsRefused() {
        String body = body("'prompt': '" + "a".repeat(10_000) + "'");
        JsonNode error = assertRefused(client.post("/v1/completions", body), 413, null);
        assertThat(error.path("message").stringValue()).contains("10000 bytes");
    }

    @Test
    void aPromptLongerThanTheContextIsRefusedWithBothNumbers() {
        String body = body("'prompt': '" + "a".repeat(60) + "', 'max_tokens': 5");
        JsonNode error = assertRefused(client.post("/v1/completions", body), 400, "prompt");
        assertThat(error.path("code").stringValue()).isEqualTo("context_length_exceeded");
        assertThat(error.path("message").stringValue())
                .contains("64 tokens")
                .contains("has 60")
                .contains("5 more");
        String ids = body("'prompt': [" + "1,".repeat(63) + "1]");
        assertRefused(client.post("/v1/completions", ids), 400, "prompt");
        String chat = body("'messages': [{'role':'user','content':'" + "a".repeat(64) + "'}]");
        assertRefused(client.post("/v1/chat/completions", chat), 400, "messages");
    }

    @Test
    void anotherModelIsNotFound() {
        String body = "{\"model\": \"gpt-9\", \"prompt\": \"a\"}";
        JsonNode error = assertRefused(client.post("/v1/completions", body), 404, "model");
        assertThat(error.path("code").stringValue()).isEqualTo("model_not_found");
        assertRefused(client.get("/v1/models/gpt-9"), 404, "model");
        assertRefused(client.post("/v1/completions", "{\"prompt\": \"a\"}"), 400, "model");
    }

    @Test
    void otherPathsAndMethodsAreToldInJson() {
        assertRefused(client.get("/v2/nothing"), 404, null);
        assertRefused(client.get("/v1/completions"), 405, null);
        assertRefused(client.post("/v1/models", "{}"), 405, null);
        assertRefused(client.send(client.request("/v1/models").DELETE().build()), 405, null);
    }

    @Test
    void onlyJsonIsRead() {
        HttpRequest form = client.request("/v1/completions")
                .header("Content-Type", "text/plain")
                .POST(HttpRequest.BodyPublishers.ofString(body("'prompt': 'a'")))
                .build();
        assertRefused(client.send(form), 415, null);
        HttpRequest bare = client.request("/v1/completions")
                .POST(HttpRequest.BodyPublishers.ofString(body("'prompt': 'a'")))
                .build();
        assertRefused(client.send(bare), 415, null);
    }

    @Test
    void aForeignPageIsRefused() {
        HttpRequest request = client.request("/v1/completions")
                .header("Content-Type", "application/json")
                .header("Origin", "http://elsewhere.example")
                .POST(HttpRequest.BodyPublishers.ofString(body("'prompt': 'a'")))
                .build();
        assertRefused(client.send(request), 403, null);
        HttpRequest own = client.request("/v1/completions")
                .header("Content-Type", "application/json; charset=utf-8")
                .header("Origin", "http://127.0.0.1:" + server.port())
                .POST(HttpRequest.BodyPublishers.ofString(body("'prompt': 'a'")))
                .build();
        HttpResponse<String> response = client.send(own);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().map()).doesNotContainKey("access-control-allow-origin");
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:8080, 200",
        "localhost, 200",
        "LOCALHOST:1, 200",
        "app.localhost:8080, 200",
        "[::1]:8080, 200",
        "elsewhere.example, 403",
        "127.0.0.1.elsewhere.example, 403",
        "localhost.elsewhere.example:80, 403",
        "192.168.0.7, 403"
    })
    void onlyOwnNamesAreAnswered(String host, int status) {
        String answer = client.raw("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 " + status);
    }

    @Test
    void whatTheParserRefusesIsToldInJson() {
        String answer = client.raw("GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 400");
        JsonNode error = Client.json(answer.substring(answer.indexOf('{'), answer.lastIndexOf('}') + 1));
        assertThat(error.path("error").path("message").isString()).isTrue();
    }

    /** Single quotes stand for double ones. */
    private static String body(String fields) {
        return "{\"model\": \"scripted\", " + fields.replace('\'', '"') + "}";
    }

    private static JsonNode assertRefused(HttpResponse<String> response, int status, @Nullable String param) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
        JsonNode error = Client.json(response.body()).get("error");
        assertThat(error.propertyNames()).containsExactly("message", "type", "param", "code");
        assertThat(error.get("message").stringValue()).isNotBlank();
        assertThat(error.get("type").stringValue()).isEqualTo("invalid_request_error");
        assertThat(error.get("param").isNull() ? null : error.get("param").stringValue())
                .isEqualTo(param);
        return error;
    }
}
