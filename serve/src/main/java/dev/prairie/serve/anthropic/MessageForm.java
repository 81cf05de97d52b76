package dev.prairie.serve.anthropic;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.Block;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Usage;
import dev.prairie.serve.api.Whole;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The objects that answers consist of, whole and streamed. Fields that may be null are there as null. */
final class MessageForm {
    private final String id = "msg_" + UUID.randomUUID().toString().replace("-", "");
    private final String model;
    private final MessagesRequest request;
    private final Answer answer;

    MessageForm(String model, MessagesRequest request, Answer answer) {
        this.model = model;
        this.request = request;
        this.answer = answer;
    }

    boolean omitsThinking() {
        return request.omitsThinking();
    }

    /** An answer that has ended. */
    Map<String, Object> whole(Whole whole) {
        List<Map<String, Object>> content =
                whole.blocks().stream().map(this::block).toList();
        return message(content, reason(whole.ended()), whole.ended().stop(), usage());
    }

    /** An answer that begins. */
    Map<String, Object> begun() {
        return message(List.of(), null, null, usage());
    }

    /** How it ended. */
    Map<String, Object> delta(Answer.Ended ended) {
        return Json.object(
                "type",
                "message_delta",
                "delta",
                Json.object(
                        "stop_reason",
                        reason(ended),
                        "stop_sequence",
                        ended.stop(),
                        "stop_details",
                        null,
                        "container",
                        null),
                "usage",
                usage());
    }

    private Map<String, Object> message(
            List<Map<String, Object>> content,
            @Nullable String reason,
            @Nullable String stop,
            Map<String, Object> usage) {
        return Json.object(
                "id",
                id,
                "type",
                "message",
                "role",
                "assistant",
                "model",
                model,
                "content",
                content,
                "stop_reason",
                reason,
                "stop_sequence",
                stop,
                "stop_details",
                null,
                "container",
                null,
                "diagnostics",
                null,
                "usage",
                usage);
    }

    /** A block of the content. */
    Map<String, Object> block(Block block) {
        return switch (block) {
            case Block.Thinking thinking ->
                Json.object(
                        "type",
                        "thinking",
                        "thinking",
                        request.omitsThinking() ? "" : thinking.text(),
                        "signature",
                        "");
            case Block.Text text -> Json.object("type", "text", "text", text.text(), "citations", null);
            case Block.Called call -> {
                Map<String, Object> use = Json.object("type", "tool_use", "id", call.id(), "name", call.name());
                use.put("input", input(call.text()));
                use.put("caller", Json.object("type", "direct"));
                yield use;
            }
        };
    }

    /** Arguments that were cut off are no JSON: they are told as Anthropic tells its clients to. */
    private static Object input(String arguments) {
        Object object = arguments.isEmpty() ? Map.of() : Json.parseLenient(arguments.getBytes(StandardCharsets.UTF_8));
        return object == null ? Json.object("INVALID_JSON", arguments) : object;
    }

    private String reason(Answer.Ended ended) {
        return switch (ended.finish()) {
            case STOP -> ended.stop() == null ? "end_turn" : "stop_sequence";
            case TOOL_CALLS -> "tool_use";
            case LENGTH ->
                answer.usage().completion() < request.maxTokens() ? "model_context_window_exceeded" : "max_tokens";
        };
    }

    private Map<String, Object> usage() {
        Usage usage = answer.usage();
        return Json.object(
                "input_tokens",
                usage.prompt() - usage.cached(),
                "cache_creation_input_tokens",
                0,
                "cache_read_input_tokens",
                usage.cached(),
                "output_tokens",
                usage.completion(),
                "output_tokens_details",
                Json.object("thinking_tokens", usage.reasoning()),
                "server_tool_use",
                null,
                "cache_creation",
                null,
                "service_tier",
                null,
                "inference_geo",
                null,
                "speed",
                null);
    }
}
