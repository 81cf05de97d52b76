package dev.prairie.serve.http;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The two forms in which OpenAI's clients expect an answer: where the text stands, and what the parts are called. Fields
 * that may be null are written as null, since clients check that they are present.
 */
enum Wire {
    COMPLETION("cmpl-", "text_completion", "text_completion") {
        @Override
        Map<String, Object> whole(int index, String text, String finishReason) {
            return part(index, text, finishReason);
        }

        @Override
        @Nullable
        Map<String, Object> opening(int index) {
            return null;
        }

        @Override
        Map<String, Object> delta(int index, String text) {
            return part(index, text, null);
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
        Map<String, Object> whole(int index, String text, String finishReason) {
            Map<String, Object> message = Json.object("role", "assistant", "content", text, "refusal", null);
            return Json.object("index", index, "message", message, "logprobs", null, "finish_reason", finishReason);
        }

        @Override
        Map<String, Object> opening(int index) {
            return part(index, Json.object("role", "assistant", "content", "", "refusal", null), null);
        }

        @Override
        Map<String, Object> delta(int index, String text) {
            return part(index, Json.object("content", text), null);
        }

        @Override
        Map<String, Object> closing(int index, String finishReason) {
            return part(index, Json.object(), finishReason);
        }

        private Map<String, Object> part(int index, Map<String, Object> delta, @Nullable String finishReason) {
            return Json.object("index", index, "delta", delta, "logprobs", null, "finish_reason", finishReason);
        }
    };

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
    abstract Map<String, Object> whole(int index, String text, String finishReason);

    /** The first part of a choice, before any text; null if the form has none. */
    abstract @Nullable Map<String, Object> opening(int index);

    /** More text of a choice. */
    abstract Map<String, Object> delta(int index, String text);

    /** The last part of a choice: the only one with a finish reason. */
    abstract Map<String, Object> closing(int index, String finishReason);
}
