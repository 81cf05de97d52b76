package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is streamed is what is sent whole, in every dialect: random answers of thoughts, texts and calls, cut anywhere by
 * stop strings and limits. The streams are put together here by their own rules, without any client's help.
 */
@Timeout(120)
final class DialectsTest {
    private static final List<String> TEXTS = List.of(
            "Hello, world!",
            "星星之火,可以燎原。",
            "a < b && <c>",
            "\n\n* one\n* two\n",
            "😀🎉",
            "</think>",
            "{\"a\": 1}",
            " ",
            "STOP it");

    static Stream<Integer> seeds() {
        return IntStream.range(0, 30).boxed();
    }

    /** An answer, and how much of it is wanted. */
    private record Case(String answer, int maxTokens, List<String> stop) {
        static Case of(Random random) {
            StringBuilder answer = new StringBuilder();
            if (random.nextInt(3) == 0) {
                answer.append("<think>").append(texts(random)).append("</think>");
            }
            for (int i = random.nextInt(4); i > 0; i--) {
                answer.append(
                        random.nextBoolean()
                                ? texts(random)
                                : "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": \"" + random.nextInt()
                                        + " 星\"}}</tool_call>");
            }
            int length = answer.toString().getBytes(StandardCharsets.UTF_8).length;
            int most = random.nextInt(3) == 0 ? 1 + random.nextInt(Math.max(1, length)) : 1000;
            return new Case(answer.toString(), most, random.nextInt(3) == 0 ? List.of("STOP", "燎") : List.of());
        }

        private static String texts(Random random) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(4); i >= 0; i--) {
                text.append(TEXTS.get(random.nextInt(TEXTS.size())));
            }
            return text.toString();
        }

        String stops() {
            return stop.isEmpty() ? "[]" : "[\"" + String.join("\",\"", stop) + "\"]";
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void messages(int seed) {
        Case wanted = Case.of(new Random(seed));
        String body =
                "{'model':'scripted','messages':[{'role':'user','content':'a'}],'tools':[{'name':'add','input_schema':"
                        + "{'type':'object'}}],'max_tokens':%d,'stop_sequences':%s,'stream':%s}";
        try (Scripted scripted = new Scripted(wanted.answer())) {
            ObjectNode whole = (ObjectNode) whole(scripted, "/v1/messages", body, wanted);
            ObjectNode message = (ObjectNode) Client.json("{}");
            List<StringBuilder> inputs = new ArrayList<>();
            for (JsonNode event : events(stream(scripted, "/v1/messages", body, wanted))) {
                switch (event.get("type").stringValue()) {
                    case "message_start" -> message = (ObjectNode) event.get("message");
                    case "content_block_start" -> {
                        ArrayNode content = (ArrayNode) message.get("content");
                        assertThat(event.get("index").intValue()).isEqualTo(content.size());
                        content.add(event.get("content_block"));
                        inputs.add(new StringBuilder());
                    }
                    case "content_block_delta" -> {
                        int index = event.get("index").intValue();
                        assertThat(index).isEqualTo(inputs.size() - 1);
                        ObjectNode block = (ObjectNode) message.get("content").get(index);
                        JsonNode delta = event.get("delta");
                        switch (delta.get("type").stringValue()) {
                            case "text_delta" -> append(block, "text", delta.get("text"));
                            case "thinking_delta" -> append(block, "thinking", delta.get("thinking"));
                            case "signature_delta" -> append(block, "signature", delta.get("signature"));
                            case "input_json_delta" ->
                                inputs.get(index)
                                        .append(delta.get("partial_json").stringValue());
                            default -> throw new AssertionError(delta);
                        }
                    }
                    case "content_block_stop" -> {
                        int index = event.get("index").intValue();
                        ObjectNode block = (ObjectNode) message.get("content").get(index);
                        if (block.has("input") && !inputs.get(index).isEmpty()) {
                            block.set("input", Client.json(inputs.get(index).toString()));
                        }
                    }
                    case "message_delta" -> {
                        message.setAll((ObjectNode) event.get("delta"));
                        message.set("usage", event.get("usage"));
                    }
                    default -> assertThat(event.get("type").stringValue()).isIn("ping", "message_stop");
                }
            }
            for (ObjectNode each : List.of(message, whole)) {
                each.remove("id");
                each.get("content").forEach(block -> ((ObjectNode) block).remove("id"));
            }
            assertThat(message).as(wanted.toString()).isEqualTo(whole);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void responses(int seed) {
        Case wanted = Case.of(new Random(seed));
        String body = "{'model':'scripted','input':'a','tools':[{'type':'function','name':'add','parameters':null,"
                + "'strict':false}],'max_output_tokens':%1$d,'stream':%3$s}";
        try (Scripted scripted = new Scripted(wanted.answer())) {
            JsonNode whole = whole(scripted, "/v1/responses", body, wanted);
            ArrayNode output = (ArrayNode) Client.json("[]");
            JsonNode last = whole;
            List<JsonNode> events = events(stream(scripted, "/v1/responses", body, wanted));
            for (int i = 0; i < events.size(); i++) {
                JsonNode event = events.get(i);
                assertThat(event.get("sequence_number").intValue()).isEqualTo(i);
                String type = event.get("type").stringValue();
                int index = event.path("output_index").intValue(0);
                switch (type) {
                    case "response.output_item.added" -> {
                        assertThat(index).isEqualTo(output.size());
                        output.add(event.get("item"));
                    }
                    case "response.content_part.added" ->
                        ((ArrayNode) output.get(index).get("content")).add(event.get("part"));
                    case "response.output_text.delta", "response.reasoning_text.delta" ->
                        append((ObjectNode) output.get(index).get("content").get(0), "text", event.get("delta"));
                    case "response.function_call_arguments.delta" ->
                        append((ObjectNode) output.get(index), "arguments", event.get("delta"));
                    case "response.output_text.done", "response.reasoning_text.done" ->
                        assertThat(output.get(index).at("/content/0/text")).isEqualTo(event.get("text"));
                    case "response.content_part.done" ->
                        assertThat(output.get(index).at("/content/0")).isEqualTo(event.get("part"));
                    case "response.function_call_arguments.done" ->
                        assertThat(output.get(index).get("arguments")).isEqualTo(event.get("arguments"));
                    case "response.output_item.done" -> {
                        ((ObjectNode) output.get(index))
                                .set("status", event.get("item").get("status"));
                        assertThat(output.get(index)).isEqualTo(event.get("item"));
                    }
                    default -> last = event.get("response");
                }
            }
            assertThat(last.get("output")).isEqualTo(output);
            assertThat(clean(last)).as(wanted.toString()).isEqualTo(clean(whole));
        }
    }

    private static JsonNode clean(JsonNode response) {
        ObjectNode clean = (ObjectNode) response.deepCopy();
        clean.remove(List.of("id", "created_at", "completed_at"));
        for (JsonNode item : clean.get("output")) {
            ((ObjectNode) item).remove("id");
            if (item.has("call_id")) {
                ((ObjectNode) item).put("call_id", "");
            }
        }
        return clean;
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void chats(int seed) {
        Case wanted = Case.of(new Random(seed));
        String body = "{'model':'scripted','messages':[{'role':'user','content':'a'}],'tools':[{'type':'function',"
                + "'function':{'name':'add','parameters':{'type':'object'}}}],'options':{'num_predict':%d,'stop':%s},"
                + "'stream':%s}";
        try (Scripted scripted = new Scripted(wanted.answer())) {
            ObjectNode whole = (ObjectNode) whole(scripted, "/api/chat", body, wanted);
            ObjectNode message = (ObjectNode) Client.json("{\"role\":\"assistant\",\"content\":\"\"}");
            ObjectNode last = message;
            for (String line :
                    stream(scripted, "/api/chat", body, wanted).lines().toList()) {
                assertThat(last.path("done").booleanValue(false)).isFalse();
                last = (ObjectNode) Client.json(line);
                for (var field : last.get("message").properties()) {
                    switch (field.getKey()) {
                        case "content", "thinking" -> append(message, field.getKey(), field.getValue());
                        case "tool_calls" -> {
                            if (!message.has("tool_calls")) {
                                message.putArray("tool_calls");
                            }
                            ((ArrayNode) message.get("tool_calls")).addAll((ArrayNode) field.getValue());
                        }
                        default -> assertThat(field.getValue()).isEqualTo(message.get(field.getKey()));
                    }
                }
            }
            last.set("message", message);
            for (ObjectNode each : List.of(last, whole)) {
                each.remove(List.of("created_at"));
                for (String time : List.of("total", "load", "prompt_eval", "eval")) {
                    assertThat(each.remove(time + "_duration").longValue()).isNotNegative();
                }
                each.at("/message/tool_calls").forEach(call -> ((ObjectNode) call).put("id", ""));
            }
            assertThat(last).as(wanted.toString()).isEqualTo(whole);
        }
    }

    private static void append(ObjectNode object, String field, JsonNode more) {
        object.put(field, object.path(field).stringValue("") + more.stringValue());
    }

    private static JsonNode whole(Scripted scripted, String path, String body, Case wanted) {
        scripted.client.post(path, fill(body, wanted, "false")); // from now on the prompt is cached
        HttpResponse<String> response = scripted.client.post(path, fill(body, wanted, "false"));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    private static String stream(Scripted scripted, String path, String body, Case wanted) {
        HttpResponse<String> response = scripted.client.post(path, fill(body, wanted, "true"));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    private static String fill(String body, Case wanted, String stream) {
        return body.replace('\'', '"').formatted(wanted.maxTokens(), wanted.stops(), stream);
    }

    /** Events, each of which says in its own line what it is called. */
    private static List<JsonNode> events(String body) {
        List<JsonNode> events = new ArrayList<>();
        for (String event : body.split("\n\n", -1)) {
            if (!event.isEmpty() && !event.startsWith(":")) {
                JsonNode data = Client.json(Client.data(event).getFirst());
                assertThat(event.lines().findFirst().orElseThrow())
                        .isEqualTo("event: " + data.get("type").stringValue());
                events.add(data);
            }
        }
        return events;
    }
}
