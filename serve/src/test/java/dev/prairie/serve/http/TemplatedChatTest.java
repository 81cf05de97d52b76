package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.text.template.ChatTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** Chats of a model that has a template: what it is asked, and what its answer becomes on the wire. */
@Timeout(60)
@SuppressWarnings("NullAway.Init") // every test starts a server of its own first
final class TemplatedChatTest {
    private static final String TEMPLATE = """
            {%- if tools %}<tools>{{ tools|map(attribute='function')|list|tojson }}</tools>{% endif %}
            {%- for m in messages %}<|{{ m.role }}|>{{ m.content }}
            {%- for c in m.tool_calls or [] %}<tool_call>{{ c.function|tojson }}</tool_call>{% endfor %}
            {%- if m.role == 'tool' %}={{ m.tool_call_id }}/{{ m.name }}{% endif %}
            {%- endfor %}
            {%- if messages[-1].content == 'no' %}{{ raise_exception('say something else') }}{% endif %}
            {%- if add_generation_prompt %}<|assistant|>{% endif %}
            {%- if enable_thinking is false %}<think></think>{% endif %}""";

    private static final String TOOLS =
            "'tools': [{'type':'function','function':{'name':'add','parameters':{'type':'object'}}}]";

    private Engine engine;
    private Server server;
    private Client client;

    @AfterEach
    void stop() {
        client.close();
        server.close();
        engine.close();
    }

    private void start(String template, String answer) {
        ScriptedModel scripted = new ScriptedModel(answer);
        engine = new Engine(scripted);
        server = new Server(ServerConfig.local(0), engine, ChatFormat.of(ChatTemplate.of(template, Map.of()))).start();
        client = new Client(server);
    }

    private JsonNode post(String fields) {
        String body = "{'model': 'scripted', " + fields + "}";
        return Client.json(
                client.post("/v1/chat/completions", body.replace('\'', '"')).body());
    }

    @Test
    void reasoningAndCallsHaveFieldsOfTheirOwn() {
        start(
                TEMPLATE,
                "<think>\nhm\n</think>\n\nLet me add.\n<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": [1, 2]}}</tool_call>");
        JsonNode choice =
                post("'messages': [{'role':'user','content':'1+2?'}], " + TOOLS).at("/choices/0");
        JsonNode message = choice.get("message");
        assertThat(message.get("reasoning_content").stringValue()).isEqualTo("hm");
        assertThat(message.get("content").stringValue()).isEqualTo("Let me add.");
        JsonNode call = message.at("/tool_calls/0");
        assertThat(call.get("type").stringValue()).isEqualTo("function");
        assertThat(call.get("id").stringValue()).matches("[A-Za-z0-9]{9}");
        assertThat(call.get("function").toString()).isEqualTo("{\"name\":\"add\",\"arguments\":\"{\\\"a\\\":[1,2]}\"}");
        assertThat(choice.get("finish_reason").stringValue()).isEqualTo("tool_calls");
    }

    @Test
    void aCallAloneHasNoContent() {
        start(TEMPLATE, "<tool_call>{\"name\": \"add\", \"arguments\": {}}</tool_call>");
        JsonNode message =
                post("'messages': [{'role':'user','content':'1+2?'}], " + TOOLS).at("/choices/0/message");
        assertThat(message.get("content").isNull()).isTrue();
        assertThat(message.has("reasoning_content")).isFalse();
    }

    @Test
    void streamedPartsJoinToTheSame() {
        start(
                TEMPLATE,
                "<think>hm</think>Yes <b>\n<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1}}</tool_call>");
        String body =
                "{'model': 'scripted', 'stream': true, 'messages': [{'role':'user','content':'?'}], " + TOOLS + "}";
        StringBuilder reasoning = new StringBuilder();
        StringBuilder content = new StringBuilder();
        StringBuilder arguments = new StringBuilder();
        List<String> names = new ArrayList<>();
        List<String> reasons = new ArrayList<>();
        List<String> data = Client.data(
                client.post("/v1/chat/completions", body.replace('\'', '"')).body());
        for (String line : data.subList(0, data.size() - 1)) {
            JsonNode choice = Client.json(line).at("/choices/0");
            JsonNode delta = choice.get("delta");
            reasoning.append(delta.path("reasoning_content").stringValue(""));
            content.append(delta.path("content").stringValue(""));
            for (JsonNode call : delta.path("tool_calls")) {
                assertThat(call.get("index").intValue()).isZero();
                arguments.append(call.at("/function/arguments").stringValue(""));
                if (call.has("id")) {
                    names.add(call.at("/function/name").stringValue());
                }
            }
            if (!choice.get("finish_reason").isNull()) {
                reasons.add(choice.get("finish_reason").stringValue());
            }
        }
        assertThat(reasoning).hasToString("hm");
        assertThat(content).hasToString("Yes <b>");
        assertThat(names).containsExactly("add");
        assertThat(arguments).hasToString("{\"a\":1}");
        assertThat(reasons).containsExactly("tool_calls");
    }

    @Test
    void theTemplateIsGivenTheWholeConversation() {
        start(TEMPLATE, "ok");
        String messages =
                "'messages': [{'role':'system','content':'S'},{'role':'user','content':[{'type':'text','text':'U'}]},"
                        + "{'role':'assistant','content':null,'tool_calls':[{'id':'abcdef123','type':'function','function':"
                        + "{'name':'add','arguments':'{}'}}]},{'role':'tool','tool_call_id':'abcdef123','content':'3'}]";
        int plain = post(messages + ", 'tool_choice': 'none', " + TOOLS)
                .at("/usage/prompt_tokens")
                .intValue();
        assertThat(plain)
                .isEqualTo(
                        ("<|system|>S<|user|>U<|assistant|><tool_call>{\"name\": \"add\", \"arguments\": {}}</tool_call>"
                                        + "<|tool|>3=abcdef123/add<|assistant|>")
                                .length());
        int offered = post(messages + ", " + TOOLS).at("/usage/prompt_tokens").intValue();
        assertThat(offered - plain)
                .isEqualTo("<tools>[{\"name\": \"add\", \"parameters\": {\"type\": \"object\"}}]</tools>".length());
        int thoughtless = post(messages + ", 'chat_template_kwargs': {'enable_thinking': false}")
                .at("/usage/prompt_tokens")
                .intValue();
        assertThat(thoughtless - plain).isEqualTo("<think></think>".length());
    }

    @Test
    void whatWasThoughtIsCounted() {
        start(TEMPLATE, "<think>hm</think>Yes");
        JsonNode usage = post("'messages': [{'role':'user','content':'?'}]").get("usage");
        assertThat(usage.at("/completion_tokens_details/reasoning_tokens").intValue())
                .as("with the marker that opens it")
                .isEqualTo("<think>hm".length());
        assertThat(usage.get("completion_tokens").intValue()).isEqualTo("<think>hm</think>Yes".length() + 1);
    }

    @Test
    void aBegunAnswerIsContinued() {
        start(TEMPLATE, "ok");
        String turns = "'messages': [{'role':'user','content':'U'},{'role':'assistant','content':'Once'}]";
        assertThat(post(turns + ", 'continue_final_message': true, 'add_generation_prompt': false")
                        .at("/usage/prompt_tokens")
                        .intValue())
                .isEqualTo("<|user|>U<|assistant|>Once".length());
        assertThat(post(turns).at("/usage/prompt_tokens").intValue())
                .isEqualTo("<|user|>U<|assistant|>Once<|assistant|>".length());
    }

    @Test
    void noEffortIsNoThinking() {
        start(TEMPLATE, "ok");
        String turns = "'messages': [{'role':'user','content':'U','type':'text'}], 'reasoning_effort': ";
        assertThat(post(turns + "'none'").at("/usage/prompt_tokens").intValue())
                .isEqualTo("<|user|>U<|assistant|><think></think>".length());
        assertThat(post(turns + "'high'").at("/usage/prompt_tokens").intValue())
                .isEqualTo("<|user|>U<|assistant|>".length());
    }

    @Test
    void whatTheTemplateCannotIsRefused() {
        start(TEMPLATE, "ok");
        JsonNode refused = post("'messages': [{'role':'user','content':'no'}]").get("error");
        assertThat(refused.get("param").stringValue()).isEqualTo("messages");
        assertThat(refused.get("message").stringValue()).contains("say something else");
        assertThat(post("'messages': [{'role':'user','content':'a'}], 'tool_choice': {'type':'function',"
                                + "'function':{'name':'subtract'}}, " + TOOLS)
                        .at("/error/param")
                        .stringValue())
                .isEqualTo("tool_choice");
        assertThat(post("'messages': [{'role':'user','content':'a'}], 'tools': [{'type':'function'}]")
                        .at("/error/param")
                        .stringValue())
                .isEqualTo("tools[0]");
    }

    @Test
    void toolsNeedATemplateThatTakesThem() {
        start("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}", "ok");
        assertThat(post("'messages': [{'role':'user','content':'a'}], " + TOOLS)
                        .at("/error/param")
                        .stringValue())
                .isEqualTo("tools");
    }
}
