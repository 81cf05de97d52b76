package dev.prairie.text.reply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.testing.Demand;
import dev.prairie.text.grammar.Grammar;
import dev.prairie.text.grammar.UnsupportedSchemaException;
import dev.prairie.text.template.ChatTemplate;
import dev.prairie.text.template.Conversation;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What constrained replies may be: the calls that the templates themselves write, and nothing that cannot be read. */
final class ReplyGrammarTest {
    private static final JsonNode TOOL = new JsonMapper().readTree("""
        {"type": "function", "function": {"name": "get_weather", "description": "Tells it.", "parameters": {
         "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
         "required": ["city"]}}}\
        """);
    private static final ToolSchema SCHEMA = new ToolSchema("get_weather", TOOL.at("/function/parameters"), true);
    private static final ToolCall CALL = new ToolCall("abcdefghi", "get_weather", "{\"city\": \"Rome\", \"days\": 3}");

    /** Templates whose calls are in a form that is not read yet, so that they cannot be asked for either. */
    private static final List<String> UNKNOWN = List.of(
            "Apertus-8B-Instruct",
            "Apriel-1.6-15b-Thinker-fixed",
            "GigaChat3-10B-A1.8B",
            "GigaChat3.1-10B-A1.8B",
            "Kimi-K3",
            "LFM2-8B-A1B",
            "LFM2.5-8B-A1B",
            "LFM2.5-Instruct",
            "MiniMax-M1",
            "google-gemma-4-31B-it-interleaved",
            "google-gemma-4-31B-it",
            "ibm-granite-granite-3.3-2B-Instruct",
            "meetkai-functionary-medium-v3.2",
            "muse-glimmer",
            "openbmb-MiniCPM5-1B",
            "tencent-Hy3",
            "upstage-Solar-Open-100B");

    /** Their history is not what their models write: an id, a header in another order, a marker of another name. */
    private static final List<String> OTHERWISE =
            List.of("MiniMax-M3", "mistralai-Mistral-Nemo-Instruct-2407", "openai-gpt-oss-120b", "unsloth-Apriel-1.5");

    @Test
    void whatTemplatesWriteIsAllowedAndRead() throws IOException {
        List<String> unknown = new ArrayList<>();
        List<String> otherwise = new ArrayList<>();
        try (Stream<Path> files = Files.list(Demand.data("templates/jinja"))) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString().replace(".jinja", "");
                String source = Files.readString(file);
                ChatTemplate template = ChatTemplate.of(source, Map.of("bos_token", "<s>", "eos_token", "</s>"));
                if (!template.takesTools()) {
                    continue;
                }
                Message user = Message.user("Weather?");
                String prompt = template.render(new Conversation(List.of(user), List.of(TOOL), true, Map.of()));
                ReplyGrammar replies = ReplyGrammar.of(source, prompt);
                if (!replies.knowsCalls()) {
                    unknown.add(name);
                    continue;
                }
                String whole = template.render(new Conversation(
                        List.of(user, Message.assistant("", "", List.of(CALL))), List.of(TOOL), false, Map.of()));
                var reply = written(replies.calls(List.of(SCHEMA), false), whole);
                if (reply.isEmpty()) {
                    otherwise.add(name);
                    continue;
                }
                Message read = ReplyParser.of(source, prompt, List.of(TOOL)).message(reply.getFirst());
                assertThat(read.toolCalls()).as(name + ": " + reply).hasSize(1);
                assertThat(read.toolCalls().getFirst().name()).as(name).isEqualTo("get_weather");
                assertThat(read.toolCalls().getFirst().arguments())
                        .as(name)
                        .isEqualTo("{\"city\":\"Rome\",\"days\":3}");
            }
        }
        assertThat(unknown).containsExactlyInAnyOrderElementsOf(UNKNOWN);
        assertThat(otherwise).containsExactlyInAnyOrderElementsOf(OTHERWISE);
    }

    /** The part of a written conversation that the grammar allows, where needed after a thought; at most one. */
    private static List<String> written(Grammar grammar, String whole) {
        int from = Math.max(0, whole.lastIndexOf("get_weather") - 120);
        for (String thought : List.of("", "hm</think>", "hm[/THINK]")) {
            for (int begin = from; begin < whole.length(); begin++) {
                boolean opens = "<[{".indexOf(whole.charAt(begin)) >= 0;
                for (int end = whole.length(); opens && end > begin + 20; end--) {
                    if (">]}".indexOf(whole.charAt(end - 1)) < 0) {
                        continue;
                    }
                    String part = thought + whole.substring(begin, end);
                    if (grammar.matches(part)) {
                        return List.of(part);
                    }
                }
            }
        }
        return List.of();
    }

    static Stream<Arguments> forms() {
        String arguments = "{\"city\": \"x\"}";
        String object = "{\"name\": \"get_weather\", \"arguments\": " + arguments + "}";
        return Stream.of(
                Arguments.of("<tool_call>", "<tool_call>\n" + object + "\n</tool_call>"),
                Arguments.of("<tool_call> <function=", """
                        <tool_call>
                        <function=get_weather>
                        <parameter=city>
                        x
                        </parameter>
                        </function>
                        </tool_call>"""),
                Arguments.of(
                        "<tool_call> <arg_key></arg_key>\n",
                        "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>x</arg_value>\n</tool_call>"),
                Arguments.of("<function=", "<function=get_weather>" + arguments + "</function>"),
                Arguments.of("[TOOL_CALLS]", "[TOOL_CALLS][" + object + "]"),
                Arguments.of("[TOOL_CALLS] [ARGS]", "[TOOL_CALLS]get_weather[ARGS]" + arguments),
                Arguments.of(
                        "<|channel|> <|message|>",
                        "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>" + arguments),
                Arguments.of("<|python_tag|>", object.replace("arguments", "parameters")),
                Arguments.of("<TOOLCALL>", "<TOOLCALL>[" + object + "]</TOOLCALL>"));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void eachFormIsHeldToItsSchema(String template, String reply) {
        Grammar one = ReplyGrammar.of(template, "").calls(List.of(SCHEMA), false);
        assertThat(one.matches(reply)).isTrue();
        assertThat(one.matches(reply.replace("get_weather", "get_time")))
                .as("another tool")
                .isFalse();
        assertThat(one.matches(reply.replace("city", "town")))
                .as("another argument")
                .isFalse();
        assertThat(one.matches(reply + reply)).as("two calls").isFalse();
        assertThat(one.matches("Sunny.")).as("no call").isFalse();
        assertThat(ReplyParser.of(template, "", List.of(TOOL))
                        .message(reply)
                        .toolCalls()
                        .getFirst()
                        .arguments())
                .isEqualTo("{\"city\":\"x\"}");
    }

    @Test
    void severalCallsOnlyWhereTheyAreWanted() {
        String call = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"x\"}}\n</tool_call>";
        ReplyGrammar reply = ReplyGrammar.of("<tool_call>", "");
        assertThat(reply.calls(List.of(SCHEMA), true).matches(call + "\n" + call))
                .isTrue();
        assertThat(reply.calls(List.of(SCHEMA), false).matches(call + "\n" + call))
                .isFalse();
    }

    @Test
    void reasoningComesFirstWhereTheModelReasons() {
        Grammar form = Grammar.regex("yes|no");
        Grammar open = ReplyGrammar.of("<think>", "?<think>\n").content(form);
        assertThat(open.matches("hm</think>\n\nyes")).isTrue();
        assertThat(open.matches("yes")).as("the thought is open").isFalse();
        Grammar maybe = ReplyGrammar.of("<think>", "?").content(form);
        assertThat(maybe.matches("<think>hm</think>yes")).isTrue();
        assertThat(maybe.matches("yes")).isTrue();
        assertThat(maybe.matches("perhaps")).isFalse();
        Grammar closed = ReplyGrammar.of("<think>", "?<think>\n\n</think>\n\n").content(form);
        assertThat(closed.matches("<think>hm</think>yes")).isFalse();
        assertThat(closed.matches("no")).isTrue();
        Grammar harmony = ReplyGrammar.of("<|channel|><|message|>", "").content(form);
        assertThat(harmony.matches(
                        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>no"))
                .isTrue();
    }

    @Test
    void freeTextIsHeldToTheFormOnceItBeginsACall() {
        String call = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"x\"}}\n</tool_call>";
        Grammar free = ReplyGrammar.of("<tool_call>", "").freely(List.of(SCHEMA), true);
        assertThat(free.matches("Hello <b>{\"name\": 1}")).isTrue();
        assertThat(free.matches("Let me see. " + call + "\n" + call)).isTrue();
        assertThat(free.matches("<tool_call>no")).isFalse();
        Grammar bare = ReplyGrammar.of("<|python_tag|>", "").freely(List.of(SCHEMA), true);
        assertThat(bare.matches("Hello {")).isTrue();
        assertThat(bare.matches("{\"name\": 1}")).isFalse();
    }

    @Test
    void whatASchemaCannotKeepIsRefusedOrLeftToTheModel() {
        JsonNode odd = new JsonMapper().readTree("{\"type\": \"object\", \"not\": {\"required\": [\"a\"]}}");
        ReplyGrammar reply = ReplyGrammar.of("<tool_call>", "");
        assertThatThrownBy(() -> reply.calls(List.of(new ToolSchema("f", odd, true)), false))
                .isInstanceOf(UnsupportedSchemaException.class)
                .hasMessageContaining("'not'");
        assertThat(reply.calls(List.of(new ToolSchema("f", odd, false)), false)
                        .matches("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>"))
                .isTrue();
        assertThat(ReplyGrammar.of("", "").knowsCalls()).isFalse();
    }
}
