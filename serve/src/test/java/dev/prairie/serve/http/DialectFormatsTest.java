package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** A random model, which says what it must: tools that have to be called, and answers of a form, in every dialect. */
@Timeout(120)
@SuppressWarnings("NullAway.Init") // made before all
final class DialectFormatsTest {
    private static final String MESSAGES = "'messages':[{'role':'user','content':'Go'}]";
    private static final String PARAMETERS =
            "{'type':'object','properties':{'n':{'type':'integer','minimum':1,'maximum':9}},"
                    + "'required':['n'],'additionalProperties':false}";

    private static final List<String> BOTH = List.of("false", "true");

    private static TinyChatServer tiny;
    private static Client client;

    @BeforeAll
    static void start() {
        tiny = new TinyChatServer();
        client = new Client(tiny.server());
    }

    @AfterAll
    static void stop() {
        client.close();
        tiny.close();
    }

    @Test
    void messagesCallTheToolThatTheyMust() {
        String tools = ",'tools':[{'name':'add','input_schema':%s},{'name':'sub','input_schema':%s}]"
                .formatted(PARAMETERS, PARAMETERS);
        for (String choice :
                List.of("{'type':'any','disable_parallel_tool_use':true}", "{'type':'tool','name':'sub'}")) {
            JsonNode message =
                    post("/v1/messages", "'max_tokens':400,'seed':1," + MESSAGES + tools + ",'tool_choice':" + choice);
            JsonNode call = message.get("content").valueStream().toList().getLast();
            assertThat(call.get("type").stringValue()).isEqualTo("tool_use");
            assertThat(call.at("/input/n").intValue()).isBetween(1, 9);
            assertThat(message.get("stop_reason").stringValue()).isEqualTo("tool_use");
            assertThat(call.get("name").stringValue()).isIn("add", choice.contains("sub") ? "sub" : "add", "sub");
        }
        JsonNode named = post(
                "/v1/messages",
                "'max_tokens':400,'seed':1," + MESSAGES + tools + ",'tool_choice':{'type':'tool','name':'sub'}");
        assertThat(named.at("/content/0/name").stringValue()).isEqualTo("sub");
    }

    @Test
    void responsesCallTheToolThatTheyMust() {
        String tools =
                ",'tools':[{'type':'function','name':'add','strict':true,'parameters':%s}]".formatted(PARAMETERS);
        for (String choice : List.of("'required'", "{'type':'function','name':'add'}")) {
            JsonNode response =
                    post("/v1/responses", "'input':'Go','max_output_tokens':400" + tools + ",'tool_choice':" + choice);
            JsonNode call = response.at("/output/0");
            assertThat(call.get("type").stringValue()).isEqualTo("function_call");
            assertThat(Client.json(call.get("arguments").stringValue()).get("n").intValue())
                    .isBetween(1, 9);
        }
    }

    @Test
    void answersHaveTheFormThatIsAskedFor() {
        String schema = "{'type':'object','properties':{'b':{'type':'boolean'}},'required':['b'],"
                + "'additionalProperties':false}";
        JsonNode message = post(
                "/v1/messages",
                "'max_tokens':200," + MESSAGES + ",'output_config':{'format':{'type':'json_schema','schema':" + schema
                        + "}}");
        JsonNode response = post(
                "/v1/responses",
                "'input':'Go','max_output_tokens':200,'text':{'format':{'type':'json_schema','name':'x','schema':"
                        + schema + "}}");
        JsonNode chat = post("/api/chat", "'stream':false," + MESSAGES + ",'format':" + schema);
        JsonNode raw = post("/api/generate", "'stream':false,'raw':true,'prompt':'Go','format':" + schema);
        JsonNode generated = post("/api/generate", "'stream':false,'prompt':'Go','format':" + schema);
        for (JsonNode text : List.of(
                message.at("/content/0/text"),
                response.at("/output/0/content/0/text"),
                chat.at("/message/content"),
                raw.get("response"),
                generated.get("response"))) {
            assertThat(Client.json(text.stringValue()).get("b").isBoolean()).isTrue();
        }
    }

    @Test
    void aSchemaThatCannotBeHeldIsRefusedInEveryDialect() {
        String schema = "{'type':'object','unevaluatedProperties':false}";
        for (String stream : BOTH) {
            assertRefused(
                    "output_config.format",
                    "/v1/messages",
                    "'max_tokens':9,'stream':" + stream + "," + MESSAGES
                            + ",'output_config':{'format':{'type':'json_schema','schema':" + schema + "}}");
            assertRefused(
                    "text.format",
                    "/v1/responses",
                    "'input':'Go','stream':" + stream + ",'text':{'format':{'type':'json_schema','name':'x','schema':"
                            + schema + "}}");
            assertRefused("format", "/api/chat", "'stream':" + stream + "," + MESSAGES + ",'format':" + schema);
        }
    }

    private static void assertRefused(String field, String path, String fields) {
        HttpResponse<String> response = client.post(path, body(fields));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(response.body()).contains("\"" + field + ": the schema's keyword 'unevaluatedProperties'");
    }

    private static JsonNode post(String path, String fields) {
        HttpResponse<String> response = client.post(path, body(fields));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    private static String body(String fields) {
        return ("{'model':'tiny'," + fields + "}").replace('\'', '"');
    }
}
