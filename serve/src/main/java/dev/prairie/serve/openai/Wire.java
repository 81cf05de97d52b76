package dev.prairie.serve.openai;

import dev.prairie.serve.api.Json;
import dev.prairie.text.reply.ReplyEvent;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The two forms in which OpenAI's clients expect an answer: where the text stands, and what the parts are called. Fields
 * that may be null are written as null, since clients check that they are present.
 */
enum Wire {
    COMPLETION("cmpl-", "text_completion", "text_completion") {
        @Override
        Map<String, Object> whole(int index, Message message, String finishReason) {
            return part(index, message.content(), finishReason);
        }

        @Override
        @Nullable
        Map<String, Object> opening(int index) {
            return null;
        }

        @Override
        Map<String, Object> delta(int index, ReplyEvent event) {
            return part(index, event instanceof ReplyEvent.Content content ? content.text() : "", null);
        }

        @Override
        Map<String, Object> closing(int index, String finishReason) {
            return part(index, "", finishReason);
        }

        private Map<String, Object> part(int index, String text, @Nullable String finishReason) {
            return Json.object("index", index, "text", text, "logprobs", null, "finish_reason", finishReason);
        }
    },
    CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk") {
        @Override
        Map<String, Object> whole(int index, Message reply, String finishReason) {
            List<ToolCall> calls = reply.toolCalls();
            String content = calls.isEmpty() || !reply.content().isEmpty() ? reply.content() : null;
            Map<String, Object> message = Json.object("role", "assistant", "content", content, "refusal", null);
            if (!reply.reasoning().isEmpty()) {
                message.put("reasoning_content", reply.reasoning());
            }
            if (!calls.isEmpty()) {
                message.put("tool_calls", calls.stream().map(Wire::call).toList());
            }
            return Json.object("index", index, "message", message, "logprobs", null, "finish_reason", finishReason);
        }

        @Override
        Map<String, Object> opening(int index) {
            return part(index, Json.object("role", "assistant", "content", "", "refusal", null), null);
        }

        @Override
        Map<String, Object> delta(int index, ReplyEvent event) {
            return part(index, delta(event), null);
        }

        private static Map<String, Object> delta(ReplyEvent event) {
            return switch (event) {
                case ReplyEvent.Content content -> Json.object("content", content.text());
                case ReplyEvent.Reasoning reasoning -> Json.object("reasoning_content", reasoning.text());
                case ReplyEvent.CallBegin begin -> {
                    Map<String, Object> call = call(new ToolCall(begin.id(), begin.name(), ""));
                    call.put("index", begin.index());
                    yield Json.object("tool_calls", List.of(call));
                }
                case ReplyEvent.Arguments more ->
                    Json.object(
                            "tool_calls",
                            List.of(Json.object(
                                    "index", more.index(), "function", Json.object("arguments", more.json()))));
                case ReplyEvent.CallEnd end -> Json.object();
            };
        }

        @Override
        Map<String, Object> closing(int index, String finishReason) {
            return part(index, Json.object(), finishReason);
        }

        private Map<String, Object> part(int index, Map<String, Object> delta, @Nullable String finishReason) {
            return Json.object("index", index, "delta", delta, "logprobs", null, "finish_reason", finishReason);
        }
    };

    private static Map<String, Object> call(ToolCall call) {
        return Json.object(
                "id",
                call.id(),
                "type",
                "function",
                "function",
                Json.object("name", call.name(), "arguments", call.arguments()));
    }

    private final String idPrefix;
    private final String object;
    private final String chunkObject;

    Wire(String idPrefix, String object, String chunkObject) {
        this.idPrefix = idPrefix;
        this.object = object;
        this.chunkObject = chunkObject;
    }

    String idPrefix() {
        return idPrefix;
    }

    /** The {@code object} field of a whole answer, or of a part of a streamed one. */
    String object(boolean chunk) {
        return chunk ? chunkObject : object;
    }

    /** A choice of a whole answer. */
    abstract Map<String, Object> whole(int index, Message message, String finishReason);

    /** The first part of a choice, before any text; null if the form has none. */
    abstract @Nullable Map<String, Object> opening(int index);

    /** More of a choice. */
    abstract Map<String, Object> delta(int index, ReplyEvent event);

    /** The last part of a choice: the only one with a finish reason. */
    abstract Map<String, Object> closing(int index, String finishReason);
}
