package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/**
 * A model of random weights says nothing that means anything: whatever is well formed here is so because it was held to
 * its form.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init") // made before all
final class ConstrainedAnswersTest {
    private static final String TOOLS = """
        'tools': [{'type':'function','function':{'name':'add','strict':%s,'parameters':{'type':'object',
         'properties':{'a':{'type':'integer','minimum':0,'maximum':99},'b':{'enum':['x','y']}},
         'required':['a','b'],'additionalProperties':false}}},
         {'type':'function','function':{'name':'stop','parameters':{'type':'object','properties':{}}}}]\
        """;

    private static final String SCHEMA = """
        {'type':'object','properties':{'ok':{'type':'boolean'},'n':{'type':'integer','minimum':1,'maximum':9}},
         'required':['ok','n'],'additionalProperties':false}\
        """;

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

    private static JsonNode post(String path, String fields) {
        String body = "{'model': 'tiny', " + fields + "}";
        return Client.json(client.post(path, body.replace('\'', '"')).body());
    }

    private static JsonNode chat(String fields) {
        return post("/v1/chat/completions", "'messages': [{'role':'user','content':'Go'}], " + fields);
    }

    @Test
    void aRequiredToolIsCalledWithArgumentsOfItsSchema() {
        for (int seed = 0; seed < 12; seed++) {
            JsonNode choice = chat(TOOLS.formatted("true")
                            + ", 'tool_choice': 'required', 'parallel_tool_calls': false, 'seed': " + seed)
                    .at("/choices/0");
            JsonNode calls = choice.at("/message/tool_calls");
            assertThat(calls).as("%s", choice).hasSize(1);
            assertThat(choice.get("finish_reason").stringValue()).isEqualTo("tool_calls");
            JsonNode arguments = Client.json(calls.at("/0/function/arguments").stringValue());
            if (calls.at("/0/function/name").stringValue().equals("add")) {
                assertThat(arguments.get("a").intValue()).isBetween(0, 99);
                assertThat(arguments.get("b").stringValue()).isIn("x", "y");
                assertThat(arguments).hasSize(2);
            } else {
                assertThat(arguments).isEmpty();
            }
        }
    }

    @Test
    void aNamedToolIsTheOneThatIsCalled() {
        JsonNode message = chat(TOOLS.formatted("false")
                        + ", 'tool_choice': {'type':'function','function':{'name':'stop'}}, 'seed': 1")
                .at("/choices/0/message");
        assertThat(message.at("/tool_calls/0/function").toString())
                .isEqualTo("{\"name\":\"stop\",\"arguments\":\"{}\"}");
        assertThat(message.get("content").isNull()).isTrue();
        assertThat(message.get("tool_calls")).hasSize(1);
    }

    @Test
    void severalCallsMayBeRequired() {
        int most = 0;
        for (int seed = 0; seed < 12; seed++) {
            JsonNode calls = chat(TOOLS.formatted("true") + ", 'tool_choice': 'required', 'seed': " + seed
                            + ", 'max_tokens': 300")
                    .at("/choices/0/message/tool_calls");
            most = Math.max(most, calls.size());
        }
        assertThat(most).isGreaterThan(1);
    }

    @Test
    void aStreamOfARequiredCallIsTheSameCall() {
        String body = ("{'model': 'tiny', 'stream': true, 'seed': 3, 'messages': [{'role':'user','content':'Go'}], "
                        + "'tool_choice': 'required', 'parallel_tool_calls': false, " + TOOLS.formatted("true") + "}")
                .replace('\'', '"');
        StringBuilder arguments = new StringBuilder();
        List<String> data =
                Client.data(client.post("/v1/chat/completions", body).body());
        for (String line : data.subList(0, data.size() - 1)) {
            arguments.append(Client.json(line)
                    .at("/choices/0/delta/tool_calls/0/function/arguments")
                    .stringValue(""));
        }
        JsonNode whole =
                chat(TOOLS.formatted("true") + ", 'tool_choice': 'required', 'parallel_tool_calls': false, 'seed': 3");
        assertThat(arguments.toString())
                .isEqualTo(whole.at("/choices/0/message/tool_calls/0/function/arguments")
                        .stringValue());
    }

    @Test
    void contentIsOfTheSchemaThatWasAskedFor() {
        for (String format : List.of(
                "'response_format': {'type':'json_schema','json_schema':{'name':'n','strict':true,'schema':%s}}",
                "'guided_json': %s", "'structured_outputs': {'json': %s}")) {
            String content = chat(format.formatted(SCHEMA) + ", 'seed': 5, 'max_tokens': 200")
                    .at("/choices/0/message/content")
                    .stringValue();
            JsonNode value = Client.json(content);
            assertThat(value.get("ok").isBoolean()).as(content).isTrue();
            assertThat(value.get("n").intValue()).isBetween(1, 9);
        }
    }

    @Test
    void textsAreOfTheGrammarThatWasAskedFor() {
        assertThat(chat("'guided_regex': '[a-c]{3}-[0-9]'")
                        .at("/choices/0/message/content")
                        .stringValue())
                .matches("[a-c]{3}-[0-9]");
        assertThat(chat("'guided_choice': ['yes', 'no']")
                        .at("/choices/0/message/content")
                        .stringValue())
                .isIn("yes", "no");
        assertThat(post("/v1/completions", "'prompt': 'a', 'guided_grammar': 'root ::= [x-z] [x-z]'")
                        .at("/choices/0/text")
                        .stringValue())
                .matches("[x-z]{2}");
        JsonNode many = post("/v1/completions", "'prompt': ['a', 'b'], 'n': 2, 'guided_choice': ['up', 'down']");
        assertThat(many.get("choices").valueStream().map(c -> c.get("text").stringValue()))
                .hasSize(4)
                .allMatch(text -> text.equals("up") || text.equals("down"));
    }

    @Test
    void withToolsAtHandAFormatHoldsTheContent() {
        JsonNode message = chat(TOOLS.formatted("true") + ", 'response_format': {'type':'json_schema','json_schema':"
                        + "{'name':'n','schema':" + SCHEMA + "}}, 'seed': 2, 'max_tokens': 300")
                .at("/choices/0/message");
        boolean called = message.has("tool_calls");
        assertThat(called || Client.json(message.get("content").stringValue()).has("ok"))
                .as("%s", message)
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'response_format':"
                        + " {'type':'json_schema','json_schema':{'name':'n','schema':{'type':'object','not':{}}}} |"
                        + " response_format | unsupported_schema | 'not'",
                "'guided_regex': '(a'            | response_format | invalid_value | (",
                "'guided_grammar': 'root ::= x'  | response_format | invalid_value | x",
                "'guided_choice': []             | guided_choice   | invalid_value | at least one",
            })
    void whatCannotBeHeldIsNamed(String field, String param, String code, String said) {
        JsonNode error = chat(field).get("error");
        assertThat(error).isNotNull();
        assertThat(error.get("param").stringValue()).isEqualTo(param);
        assertThat(error.get("code").stringValue()).isEqualTo(code);
        assertThat(error.get("message").stringValue()).contains(said);
    }

    @Test
    void aStrictToolWhoseSchemaCannotBeKeptIsRefused() {
        String tool = "'tools': [{'type':'function','function':{'name':'f','strict':true,'parameters':"
                + "{'type':'object','if':{'required':['a']},'then':{'required':['b']}}}}]";
        JsonNode error = chat(tool).get("error");
        assertThat(error.get("code").stringValue()).isEqualTo("unsupported_schema");
        assertThat(error.get("param").stringValue()).isEqualTo("tools");
        assertThat(error.get("message").stringValue()).contains("'if'");
        JsonNode lenient = chat(tool.replace("true", "false") + ", 'tool_choice': 'required', 'max_tokens': 200");
        assertThat(lenient.has("choices")).as("%s", lenient).isTrue();
    }
}
