package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What is asked for in each dialect: every field is honoured, accepted as harmless, or refused by its name. */
@Timeout(60)
final class DialectFieldsTest {
    private static final String MESSAGES = "'messages':[{'role':'user','content':'a'}]";

    private static Scripted scripted;

    @BeforeAll
    static void start() {
        scripted = new Scripted("Hello, world!", 300, step -> {});
    }

    @AfterAll
    static void stop() {
        scripted.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'max_tokens': 0 | max_tokens",
                "'temperature': 2.5 | temperature",
                "'top_k': 1.5 | top_k",
                "'stop_sequences': [''] | stop_sequences",
                "'stream': 1 | stream",
                "'thinking': {'type': 'maybe'} | thinking.type",
                "'thinking': {'type': 'enabled', 'depth': 3} | thinking.depth",
                "'container': 'c' | container",
                "'mcp_servers': [{}] | mcp_servers",
                "'tools': [{'type': 'bash_20250124', 'name': 'bash'}] | tools[0].type",
                "'tools': [{'name': 'a b', 'input_schema': {}}] | tools[0].name",
                "'tools': [{'name': 'a'}] | tools[0].input_schema",
                "'tool_choice': {'type': 'any'} | tool_choice",
                "'tool_choice': {'type': 'some'} | tool_choice.type",
                "'output_config': {'format': {'type': 'xml'}} | output_config.format.type",
                "'system': [{'type': 'image'}] | system[0].type",
                "'system': 5 | system",
                "'something_new': 1 | something_new",
                "'messages': [] | messages",
                "'messages': [{'role': 'robot', 'content': 'a'}] | messages[0].role",
                "'messages': [{'role': 'user'}] | messages[0].content",
                "'messages': [{'role': 'user', 'content': [{'type': 'image'}]}] | messages[0].content[0].type",
                "'messages': [{'role': 'user', 'content': [{'type': 'tool_result', 'tool_use_id': 'x'}]}]"
                        + " | messages[0].content[0].tool_use_id",
                "'messages': [{'role': 'assistant', 'content': [{'type': 'tool_use', 'id': 'x', 'name': 'a', 'input': 1}]}]"
                        + " | messages[0].content[0].input",
            })
    void messagesNameTheFieldThatIsWrong(String field, String name) {
        HttpResponse<String> response =
                post("/v1/messages", with("'model':'scripted','max_tokens':5," + MESSAGES, field));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonNode error = Client.json(response.body());
        assertThat(error.get("type").stringValue()).isEqualTo("error");
        assertThat(error.at("/error/type").stringValue()).isEqualTo("invalid_request_error");
        assertThat(error.get("request_id").stringValue())
                .isEqualTo(response.headers().firstValue("x-request-id").orElseThrow());
        assertThat(error.at("/error/message").stringValue()).startsWith(name + ": ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'max_output_tokens': 0 | max_output_tokens",
                "'temperature': -1 | temperature",
                "'background': true | background",
                "'conversation': 'c' | conversation",
                "'include': ['web_search_call.results'] | include",
                "'previous_response_id': 'resp_none' | previous_response_id",
                "'tools': [{'type': 'web_search'}] | tools[0].type",
                "'tool_choice': 'required' | tool_choice",
                "'tool_choice': 'some' | tool_choice",
                "'text': {'format': {'type': 'xml'}} | text.format.type",
                "'text': {'size': 3} | text.size",
                "'something_new': 1 | something_new",
                "'input': null | input",
                "'input': [] | input",
                "'input': 3 | input",
                "'input': [{'type': 'computer_call'}] | input[0].type",
                "'input': [{'role': 'user', 'content': [{'type': 'input_image'}]}] | input[0].content[0].type",
                "'input': [{'type': 'function_call_output', 'call_id': 'x', 'output': ''}] | input[0].call_id",
                "'input': [{'type': 'item_reference', 'id': 'msg_x'}] | input[0].id",
            })
    void responsesNameTheFieldThatIsWrong(String field, String param) {
        HttpResponse<String> response = post("/v1/responses", with("'model':'scripted','input':'a'", field));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(Client.json(response.body()).at("/error/param").stringValue())
                .isEqualTo(param);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'options': {'temperature': 3} | options.temperature",
                "'options': {'num_predict': 0} | options.num_predict",
                "'options': {'mirostat': 2} | options.mirostat",
                "'options': {'speed': 2} | options.speed",
                "'format': 'xml' | format",
                "'think': 'much' | think",
                "'stream': 'no' | stream",
                "'something_new': 1 | something_new",
                "'logprobs': true | logprobs",
            })
    void ollamaNamesTheFieldThatIsWrong(String field, String name) {
        for (String path : new String[] {"/api/chat", "/api/generate"}) {
            String own = path.equals("/api/chat") ? MESSAGES : "'prompt':'a'";
            HttpResponse<String> response = post(path, with("'model':'scripted'," + own, field));
            assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
            JsonNode error = Client.json(response.body());
            assertThat(error.size()).isEqualTo(1);
            assertThat(error.get("error").stringValue()).startsWith(name + ": ");
        }
    }

    @Test
    void whatRealClientsSendAndMeansNothingHereIsAccepted() {
        assertOk(
                "/v1/messages",
                "'model':'scripted','max_tokens':5," + MESSAGES
                        + ",'metadata':{'user_id':'u'},'service_tier':'auto','cache_control':{'type':'ephemeral'},"
                        + "'thinking':{'type':'enabled','budget_tokens':2000},'output_config':{'effort':'high'}");
        assertOk(
                "/v1/responses",
                "'model':'scripted','input':'a','store':false,'user':'u','service_tier':'auto',"
                        + "'include':['reasoning.encrypted_content'],'truncation':'auto','reasoning':{'effort':'low',"
                        + "'summary':'auto'},'prompt_cache_key':'k','metadata':{'a':'b'},'max_output_tokens':5");
        assertOk(
                "/api/chat",
                "'model':'scripted:latest'," + MESSAGES + ",'stream':false,'keep_alive':'5m','think':true,"
                        + "'options':{'num_ctx':4096,'num_gpu':1,'seed':1}");
    }

    @Test
    void aLimitBeyondTheContextEndsThere() {
        JsonNode message = assertOk("/v1/messages", "'model':'scripted','max_tokens':32000," + MESSAGES);
        assertThat(message.get("stop_reason").stringValue()).isEqualTo("end_turn");
        try (Scripted talker = new Scripted("a".repeat(500), 100, step -> {})) {
            String body = ("{'model':'scripted','max_tokens':32000," + MESSAGES + "}").replace('\'', '"');
            JsonNode cut = Client.json(talker.client.post("/v1/messages", body).body());
            assertThat(cut.get("stop_reason").stringValue()).isEqualTo("model_context_window_exceeded");
            body = body.replace("32000", "10");
            cut = Client.json(talker.client.post("/v1/messages", body).body());
            assertThat(cut.get("stop_reason").stringValue()).isEqualTo("max_tokens");
            HttpResponse<String> tooLong = talker.client.post(
                    "/api/generate", "{\"model\":\"scripted\",\"prompt\":\"" + "b".repeat(120) + "\"}");
            assertThat(tooLong.statusCode()).isEqualTo(400);
            assertThat(tooLong.body()).contains("100 tokens").contains("141");
        }
    }

    @Test
    void aStopSequenceIsTold() {
        JsonNode message =
                assertOk("/v1/messages", "'model':'scripted','max_tokens':50,'stop_sequences':['x',', ']," + MESSAGES);
        assertThat(message.get("stop_reason").stringValue()).isEqualTo("stop_sequence");
        assertThat(message.get("stop_sequence").stringValue()).isEqualTo(", ");
        assertThat(message.at("/content/0/text").stringValue()).isEqualTo("Hello");
    }

    @Test
    void anAnswerThatIsBegunIsGoneOnWith() {
        String messages = "'messages':[{'role':'user','content':'a'},{'role':'assistant','content':'Well'}]";
        int length = "<|user|>a<|assistant|>Well".length();
        assertThat(assertOk("/v1/messages", "'model':'scripted','max_tokens':5," + messages)
                        .at("/usage/input_tokens")
                        .intValue())
                .isEqualTo(length);
        assertThat(assertOk("/api/chat", "'model':'scripted','stream':false," + messages)
                        .get("prompt_eval_count")
                        .intValue())
                .isEqualTo(length);
    }

    @Test
    void whatAModelIsToldOfThinkingReachesItsTemplate() {
        int plain = tokens("/api/chat", MESSAGES);
        assertThat(tokens("/api/chat", MESSAGES + ",'think':false") - plain).isEqualTo("<think></think>".length());
        assertThat(tokens("/api/chat", MESSAGES + ",'think':'high'") - plain).isEqualTo("[high]".length());
        assertThat(tokens("/api/generate", "'prompt':'a','raw':true")).isEqualTo(1);
        assertThat(tokens("/api/generate", "'prompt':'a','system':'S'") - plain).isEqualTo("<|system|>S".length());
    }

    @Test
    void nothingToSayLoadsTheModel() {
        for (String path : new String[] {"/api/chat", "/api/generate"}) {
            JsonNode loaded = assertOk(path, "'model':'scripted'");
            assertThat(loaded.get("done_reason").stringValue()).isEqualTo("load");
            assertThat(loaded.get("done").booleanValue()).isTrue();
        }
    }

    private static int tokens(String path, String fields) {
        return assertOk(path, "'model':'scripted','stream':false," + fields)
                .get("prompt_eval_count")
                .intValue();
    }

    private static JsonNode assertOk(String path, String fields) {
        HttpResponse<String> response = post(path, "{" + fields + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    private static HttpResponse<String> post(String path, String body) {
        return scripted.client.post(path, body.replace('\'', '"'));
    }

    /** The fields, one of them replaced or added. */
    private static String with(String fields, String field) {
        JsonNode object = Client.json(("{" + fields + "}").replace('\'', '"'));
        ((ObjectNode) object).setAll((ObjectNode) Client.json(("{" + field + "}").replace('\'', '"')));
        return object.toString();
    }
}
