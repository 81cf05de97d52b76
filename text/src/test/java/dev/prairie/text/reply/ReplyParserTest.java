package dev.prairie.text.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Replies in the forms of the families, taken apart whole and in pieces. */
final class ReplyParserTest {
    private static final List<JsonNode> TOOLS = List.of(new JsonMapper().readTree("""
            {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {
             "city": {"type": "string"}, "days": {"type": "integer"}, "zip": {"type": "string"}}}}}"""));

    private static final String QWEN = "<think></think> <tool_call>";
    private static final String CODER = "<tool_call> <function=";
    private static final String LLAMA = "<|python_tag|> <|start_header_id|>";
    private static final String MISTRAL = "[TOOL_CALLS] [THINK]";
    private static final String DEEPSEEK = "<think> <｜tool▁calls▁begin｜>";
    private static final String KIMI = "<|tool_calls_section_begin|>";
    private static final String INVOKE = "<think> minimax:tool_call ｜DSML｜";
    private static final String HARMONY = "<|start|> <|channel|> <|message|>";

    /** A reply of a family, and what it means: reasoning, content, and calls as {@code name arguments}. */
    record Case(String template, String prompt, String reply, String reasoning, String content, String... calls) {
        @Override
        public String toString() {
            return reply.replace('\n', '↵');
        }
    }

    private static Case said(String template, String reply, String reasoning, String content, String... calls) {
        return new Case(template, "", reply, reasoning, content, calls);
    }

    static Stream<Case> cases() {
        String rome = "weather {\"city\":\"Rome\",\"days\":2}";
        String json = "{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\", \"days\": 2}}";
        return Stream.of(
                said("", "<think> stays {\"name\": 1}  ", "", "<think> stays {\"name\": 1}  "),
                said(QWEN, "Hello <b>\n", "", "Hello <b>\n"),
                said(QWEN, "<think>\nhm, 1 < 2\n</think>\n\nHello", "hm, 1 < 2", "Hello"),
                said(QWEN, "<think>\n\n</think>\n\nHi", "", "Hi"),
                said(QWEN, "<think>never closed", "never closed", ""),
                new Case(QWEN, "<|im_start|>assistant\n<think>\n", "so\n</think>\nHi", "so", "Hi"),
                new Case(QWEN, "x<think>\n\n</think>\n\n", "Hi", "", "Hi"),
                said(QWEN, "Let me see.\n<tool_call>\n" + json + "\n</tool_call>", "", "Let me see.", rome),
                said(
                        QWEN,
                        "<tool_call>\n" + json + "\n</tool_call>\n<tool_call>" + json + "</tool_call>",
                        "",
                        "",
                        rome,
                        rome),
                said(QWEN, "<think>a</think><tool_call>" + json + "</tool_call>", "a", "", rome),
                said(QWEN, "<tool_call>" + json, "", "", rome),
                said(QWEN, "<tool_call>{\"name\": \"weather\"}</tool_call>", "", "", "weather {}"),
                said(
                        QWEN,
                        "<tool_call>{\"name\": \"weather\", \"arguments\": \"{\\\"days\\\": 1}\"}</tool_call>",
                        "",
                        "",
                        "weather {\"days\":1}"),
                said(
                        QWEN,
                        "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"</tool_call>\"}}</tool_call>",
                        "",
                        "",
                        "weather {\"city\":\"</tool_call>\"}"),
                said(
                        QWEN,
                        "A <tool_call>{\"name\": broken}</tool_call> B",
                        "",
                        "A <tool_call>{\"name\": broken}</tool_call> B"),
                said(QWEN, "A <tool_call>{\"nam", "", "A <tool_call>{\"nam"),
                said(QWEN, "a < b <tool <think", "", "a < b <tool <think"),
                said(
                        CODER,
                        "<tool_call>\n<function=weather>\n<parameter=city>\nRome\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>",
                        "",
                        "",
                        rome),
                said(
                        CODER,
                        "Ok\n<function=weather>\n<parameter=zip>\n00184\n</parameter>\n<parameter=note>\ntrue\n</parameter></function>",
                        "",
                        "Ok",
                        "weather {\"zip\":\"00184\",\"note\":true}"),
                said(CODER, "<function=weather>{\"city\": \"Rome\"}</function>", "", "", "weather {\"city\":\"Rome\"}"),
                said(CODER, "<function=weather><oops></function>", "", "<function=weather><oops></function>"),
                said(
                        QWEN,
                        "<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Rome</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>",
                        "",
                        "",
                        rome),
                said(LLAMA, "{\"name\": \"weather\", \"parameters\": {\"city\": \"Rome\", \"days\": 2}}", "", "", rome),
                said(LLAMA, "<|python_tag|>" + json + "; " + json, "", "", rome, rome),
                said(
                        LLAMA,
                        "<|python_tag|>brave_search.call(query=\"a, b\", n=3)",
                        "",
                        "",
                        "brave_search {\"query\":\"a, b\",\"n\":3}"),
                said(LLAMA, "<|python_tag|>print(1)", "", "<|python_tag|>print(1)"),
                said(LLAMA, "{\"answer\": 42}", "", "{\"answer\": 42}"),
                said(
                        LLAMA,
                        "Sure: {\"name\": \"weather\", \"parameters\": {}}",
                        "",
                        "Sure: {\"name\": \"weather\", \"parameters\": {}}"),
                said(MISTRAL, "[TOOL_CALLS][" + json + ", " + json + "]", "", "", rome, rome),
                said(MISTRAL, "Ok.[TOOL_CALLS]weather[ARGS]{\"city\": \"Rome\", \"days\": 2}", "", "Ok.", rome),
                said(
                        MISTRAL,
                        "[TOOL_CALLS]weather[CALL_ID]abc123def[ARGS]{}[TOOL_CALLS]weather[ARGS]{\"days\":1}",
                        "",
                        "",
                        "weather {}",
                        "weather {\"days\":1}"),
                said(MISTRAL, "[THINK]deep[/THINK]Hi", "deep", "Hi"),
                said(MISTRAL, "[TOOL_CALLS] of wood", "", "[TOOL_CALLS] of wood"),
                said(
                        DEEPSEEK,
                        "<think>t</think>Ok<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{\"city\": \"Rome\", \"days\": 2}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
                        "t",
                        "Ok",
                        rome,
                        "weather {}"),
                said(
                        DEEPSEEK,
                        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"city\": \"Rome\", \"days\": 2}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
                        "",
                        "",
                        rome),
                said(
                        DEEPSEEK,
                        "<｜tool▁calls▁begin｜>nothing<｜tool▁calls▁end｜>",
                        "",
                        "<｜tool▁calls▁begin｜>nothing<｜tool▁calls▁end｜>"),
                said(
                        KIMI,
                        "Ok<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>{\"city\": \"Rome\", \"days\": 2}<|tool_call_end|><|tool_calls_section_end|>",
                        "",
                        "Ok",
                        rome),
                said(
                        INVOKE,
                        "<minimax:tool_call>\n<invoke name=\"weather\">\n<parameter name=\"city\">Rome</parameter>\n<parameter name=\"days\">2</parameter>\n</invoke>\n</minimax:tool_call>",
                        "",
                        "",
                        rome),
                said(
                        INVOKE,
                        "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">Rome</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\" string=\"false\">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
                        "",
                        "",
                        rome),
                said(
                        HARMONY,
                        "<|channel|>analysis<|message|>Think.<|end|><|start|>assistant<|channel|>final<|message|>Hi <|there|>",
                        "Think.",
                        "Hi <|there|>"),
                said(
                        HARMONY,
                        "<|channel|>analysis<|message|>T<|end|><|start|>assistant<|channel|>commentary to=functions.weather <|constrain|>json<|message|>{\"city\": \"Rome\", \"days\": 2}<|call|>",
                        "T",
                        "",
                        rome),
                said(
                        HARMONY,
                        " to=functions.weather<|channel|>commentary json<|message|>{\"city\": \"Rome\", \"days\": 2}",
                        "",
                        "",
                        rome),
                said(
                        HARMONY,
                        "<|channel|>commentary<|message|>First.<|end|><|start|>assistant<|channel|>commentary to=functions.weather<|message|>oops<|call|>",
                        "",
                        "First.<|start|>assistant<|channel|>commentary to=functions.weather<|message|>oops"),
                said(HARMONY, "Plain <text>", "", "Plain <text>"));
    }

    private static Supplier<String> ids() {
        return new Supplier<>() {
            private int next;

            @Override
            public String get() {
                return "id" + next++;
            }
        };
    }

    private static ReplyParser parser(Case each) {
        return ReplyParser.of(each.template(), each.prompt(), TOOLS, ids());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isTakenApart(Case each) {
        Message message = parser(each).message(each.reply());
        assertThat(message.reasoning()).isEqualTo(each.reasoning());
        assertThat(message.content()).isEqualTo(each.content());
        assertThat(message.toolCalls().stream().map(call -> call.name() + " " + call.arguments()))
                .containsExactly(each.calls());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void cutsMakeNoDifference(Case each) {
        ReplyParser again = parser(each);
        List<ReplyEvent> whole = new ArrayList<>(again.add(each.reply()));
        whole.addAll(again.end());
        Random random = new Random(7);
        for (int round = 0; round < 40; round++) {
            int longest = round == 0 ? 1 : 1 + random.nextInt(12);
            ReplyParser parser = parser(each);
            List<ReplyEvent> events = new ArrayList<>();
            for (int at = 0; at < each.reply().length(); ) {
                int end = Math.min(each.reply().length(), at + 1 + random.nextInt(longest));
                events.addAll(parser.add(each.reply().substring(at, end)));
                at = end;
            }
            events.addAll(parser.end());
            assertThat(joined(events)).as("round %d", round).isEqualTo(joined(whole));
        }
    }

    /** Neighbouring fragments of one kind as one. */
    private static List<ReplyEvent> joined(List<ReplyEvent> events) {
        List<ReplyEvent> joined = new ArrayList<>();
        for (ReplyEvent event : events) {
            ReplyEvent last = joined.isEmpty() ? new ReplyEvent.CallEnd(-1) : joined.getLast();
            if (last instanceof ReplyEvent.Content a && event instanceof ReplyEvent.Content b) {
                joined.set(joined.size() - 1, new ReplyEvent.Content(a.text() + b.text()));
            } else if (last instanceof ReplyEvent.Reasoning a && event instanceof ReplyEvent.Reasoning b) {
                joined.set(joined.size() - 1, new ReplyEvent.Reasoning(a.text() + b.text()));
            } else {
                joined.add(event);
            }
        }
        return joined;
    }

    @Test
    void textIsShownAsSoonAsItIsSettled() {
        ReplyParser parser = ReplyParser.of(QWEN, "", TOOLS, ids());
        assertThat(parser.add("Hi <")).containsExactly(new ReplyEvent.Content("Hi"));
        assertThat(parser.add("b")).containsExactly(new ReplyEvent.Content(" <b"));
        assertThat(parser.add("<think>so")).containsExactly(new ReplyEvent.Reasoning("so"));
        assertThat(parser.add("</thi")).isEmpty();
        assertThat(parser.add("nk>")).isEmpty();
        assertThat(parser.add("yes")).containsExactly(new ReplyEvent.Content("yes"));
        assertThat(parser.end()).isEmpty();
    }

    @Test
    void callsAreNumberedAndNamed() {
        List<ReplyEvent> events = ReplyParser.of(MISTRAL, "", TOOLS, ids())
                .add("[TOOL_CALLS]weather[CALL_ID]abc123def[ARGS]{}[TOOL_CALLS]weather[ARGS]{}");
        assertThat(events).isEmpty();
        ReplyParser parser = ReplyParser.of(MISTRAL, "", TOOLS, ids());
        parser.add("[TOOL_CALLS]weather[CALL_ID]abc123def[ARGS]{}[TOOL_CALLS]weather[ARGS]{}");
        assertThat(parser.end())
                .containsExactly(
                        new ReplyEvent.CallBegin(0, "abc123def", "weather"),
                        new ReplyEvent.Arguments(0, "{}"),
                        new ReplyEvent.CallEnd(0),
                        new ReplyEvent.CallBegin(1, "id0", "weather"),
                        new ReplyEvent.Arguments(1, "{}"),
                        new ReplyEvent.CallEnd(1));
    }

    @Test
    void idsSuitEveryFamily() {
        Message message = ReplyParser.of(QWEN, "", List.of())
                .message("<tool_call>{\"name\": \"a\"}</tool_call><tool_call>{\"name\": \"b\"}</tool_call>");
        assertThat(message.toolCalls()).extracting(ToolCall::id).allMatch(id -> id.matches("[A-Za-z0-9]{9}"));
        assertThat(message.toolCalls()).extracting(ToolCall::id).doesNotHaveDuplicates();
    }

    @Test
    void bareJsonIsACallOnlyWhereToolsAreOffered() {
        String reply = "{\"name\": \"weather\", \"parameters\": {}}";
        assertThat(ReplyParser.of(LLAMA, "", List.of()).message(reply).content())
                .isEqualTo(reply);
    }
}
