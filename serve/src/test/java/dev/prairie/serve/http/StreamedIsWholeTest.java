package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.text.template.ChatTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** Whatever is asked for, the chunks of a stream join to what the same request gives as a whole. */
@Timeout(180)
final class StreamedIsWholeTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETION = "/v1/completions";

    /** A choice put together: text, reasoning, calls without their ids, scores, reason. */
    private record Choice(String text, String reasoning, String calls, String scores, String reason) {}

    private record Answered(Map<Integer, Choice> choices, String usage) {}

    @Test
    void ofAModelThatSaysAnything() {
        Random random = new Random(1);
        try (TinyChatServer tiny = new TinyChatServer();
                Client client = new Client(tiny.server())) {
            int called = 0;
            for (int i = 0; i < 40; i++) {
                boolean chat = random.nextInt(3) > 0;
                String fields = chat ? chatFields(random) : completionFields(random);
                Answered answered = same(client, chat ? CHAT : COMPLETION, "tiny", fields);
                called += answered.choices().values().stream()
                                .anyMatch(choice -> !choice.calls().isEmpty())
                        ? 1
                        : 0;
            }
            assertThat(called).isGreaterThan(1);
        }
    }

    @Test
    void ofRepliesWithReasoningCallsAndEveryKindOfCharacter() {
        Random random = new Random(2);
        for (int i = 0; i < 20; i++) {
            String answer = reply(random);
            Engine engine = new Engine(new ScriptedModel(answer));
            String template = TinyChatServer.TEMPLATE + "{# <think> #}";
            try (Server server = new Server(
                                    ServerConfig.local(0), engine, ChatFormat.of(ChatTemplate.of(template, Map.of())))
                            .start();
                    Client client = new Client(server)) {
                for (int each = 0; each < 3; each++) {
                    String fields = "'messages': [{'role':'user','content':'Go'}], 'n': " + (1 + random.nextInt(2))
                            + (random.nextBoolean() ? ", " + tools() : "")
                            + (random.nextBoolean() ? ", 'max_tokens': " + (1 + random.nextInt(120)) : "")
                            + (random.nextBoolean() ? ", 'logprobs': true, 'top_logprobs': 2" : "")
                            + (random.nextInt(3) == 0 ? ", 'stop': ['火', 'b>']" : "");
                    same(client, CHAT, "scripted", fields);
                    same(client, COMPLETION, "scripted", "'prompt': 'a', 'echo': true, 'logprobs': 1");
                }
            } finally {
                engine.close();
            }
        }
    }

    private static String reply(Random random) {
        List<String> parts = List.of(
                "Hello ",
                "星星之火,可以燎原 ",
                "<b>",
                "😀🏽 e\u0301 ",
                "\n\n",
                "<think>hm, 1 < 2</think>",
                "<think>never closed",
                "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": \"火</tool_call>\"}}</tool_call>",
                "<tool_call>no call</tool_call>",
                "<tool",
                "</think>");
        StringBuilder reply = new StringBuilder();
        for (int i = random.nextInt(6); i >= 0; i--) {
            reply.append(parts.get(random.nextInt(parts.size())));
        }
        return reply.toString();
    }

    private static String tools() {
        return "'tools': [{'type':'function','function':{'name':'add','parameters':{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':'string','maxLength':8}},"
                + "'required':['a'],'additionalProperties':false}}}]";
    }

    private static String chatFields(Random random) {
        String common = shared(random) + ", 'messages': [{'role':'user','content':'Go'}], 'max_tokens': "
                + (1 + random.nextInt(250));
        String form = switch (random.nextInt(4)) {
            case 0 -> ", " + tools() + ", 'tool_choice': 'required'";
            case 1 -> ", 'response_format': {'type':'json_object'}";
            case 2 -> ", " + tools();
            default -> ", 'guided_choice': ['yes', 'no', 'perhaps']";
        };
        return common + form + (random.nextBoolean() ? ", 'logprobs': true, 'top_logprobs': " + random.nextInt(4) : "");
    }

    private static String completionFields(Random random) {
        return shared(random) + ", 'prompt': " + (random.nextBoolean() ? "'Once'" : "[[40,41],[42]]")
                + ", 'max_tokens': "
                + (1 + random.nextInt(40)) + ", 'echo': " + random.nextBoolean()
                + (random.nextBoolean() ? ", 'logprobs': " + random.nextInt(4) : "");
    }

    private static String shared(Random random) {
        return "'n': " + (1 + random.nextInt(3)) + ", 'seed': " + random.nextInt() + ", 'temperature': "
                + List.of("0", "0.7", "1").get(random.nextInt(3))
                + (random.nextInt(4) == 0 ? ", 'stop': ['Z', 'Q7']" : "")
                + (random.nextInt(3) == 0 ? ", 'frequency_penalty': 1.5, 'top_p': 0.9, 'min_p': 0.01" : "");
    }

    private static Answered same(Client client, String path, String model, String fields) {
        String body = ("{'model': '" + model + "', " + fields).replace('\'', '"');
        String whole = client.post(path, body + "}").body();
        String streamed = client.post(path, body + ", \"stream\": true, \"stream_options\": {\"include_usage\": true}}")
                .body();
        Answered expected = whole(Client.json(whole));
        assertThat(joined(Client.data(streamed))).as(fields + "\n" + whole).isEqualTo(expected);
        return expected;
    }

    private static Answered whole(JsonNode answer) {
        assertThat(answer.has("choices")).as("%s", answer).isTrue();
        Map<Integer, Choice> choices = new TreeMap<>();
        for (JsonNode choice : answer.get("choices")) {
            Joined joined = new Joined();
            joined.add(choice, choice.has("message") ? choice.get("message") : choice);
            choices.put(choice.get("index").intValue(), joined.choice());
        }
        return new Answered(choices, usage(answer));
    }

    private static Answered joined(List<String> data) {
        assertThat(data.getLast()).isEqualTo("[DONE]");
        Map<Integer, Joined> choices = new TreeMap<>();
        String usage = "";
        for (String line : data.subList(0, data.size() - 1)) {
            JsonNode chunk = Client.json(line);
            for (JsonNode choice : chunk.get("choices")) {
                choices.computeIfAbsent(choice.get("index").intValue(), i -> new Joined())
                        .add(choice, choice.has("delta") ? choice.get("delta") : choice);
            }
            usage = chunk.get("usage").isNull() ? usage : usage(chunk);
        }
        Map<Integer, Choice> all = new TreeMap<>();
        choices.forEach((index, choice) -> all.put(index, choice.choice()));
        return new Answered(all, usage);
    }

    /** What was found computed depends on what was asked before. */
    private static String usage(JsonNode answer) {
        return answer.get("usage").toString().replaceAll("\"cached_tokens\":\\d+", "");
    }

    private static final class Joined {
        private final StringBuilder text = new StringBuilder();
        private final StringBuilder reasoning = new StringBuilder();
        private final List<StringBuilder> calls = new ArrayList<>();
        private final Map<String, StringBuilder> scores = new TreeMap<>();
        private String reason = "";

        void add(JsonNode choice, JsonNode part) {
            text.append(part.path("content").stringValue(""))
                    .append(part.path("text").stringValue(""));
            reasoning.append(part.path("reasoning_content").stringValue(""));
            int at = 0;
            for (JsonNode call : part.path("tool_calls")) {
                int index = call.path("index").intValue(at++);
                while (calls.size() <= index) {
                    calls.add(new StringBuilder());
                }
                calls.get(index)
                        .append(call.at("/function/name").stringValue(""))
                        .append(call.at("/function/arguments").stringValue(""));
            }
            for (Map.Entry<String, JsonNode> list : choice.get("logprobs").properties()) {
                for (JsonNode each : list.getValue()) {
                    scores.computeIfAbsent(list.getKey(), name -> new StringBuilder())
                            .append(each)
                            .append(' ');
                }
            }
            if (!choice.get("finish_reason").isNull()) {
                assertThat(reason).as("one reason").isEmpty();
                reason = choice.get("finish_reason").stringValue();
            }
        }

        Choice choice() {
            return new Choice(
                    text.toString(), reasoning.toString(), String.join("|", calls), scores.toString(), reason);
        }
    }
}
