package dev.prairie.serve.ollama;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.Block;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Usage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The objects that answers consist of: the same fields whole and streamed, and times in nanoseconds at the end. */
final class OllamaForm {
    /** Where the text stands. */
    enum Shape {
        CHAT,
        GENERATE
    }

    private final Shape shape;
    private final String model;
    private final long began;
    private final long loaded = System.nanoTime();
    private long first;

    /**
     * @param model as the client calls it
     * @param began when the request came, by {@link System#nanoTime}
     */
    OllamaForm(Shape shape, String model, long began) {
        this.shape = shape;
        this.model = model;
        this.began = began;
        this.first = loaded;
    }

    /** To be told when the prompt has been read. */
    void answering() {
        if (first == loaded) {
            first = System.nanoTime();
        }
    }

    /** More of an answer. */
    Map<String, Object> part(List<Block> blocks) {
        return object(blocks, false);
    }

    /** The end of an answer; {@code blocks} is what has not been told before. */
    Map<String, Object> last(List<Block> blocks, Answer.Ended ended, Usage usage) {
        long now = System.nanoTime();
        Map<String, Object> last = object(blocks, true);
        last.put("done_reason", ended.finish() == Answer.Finish.LENGTH ? "length" : "stop");
        last.put("total_duration", now - began);
        last.put("load_duration", loaded - began);
        last.put("prompt_eval_count", usage.prompt());
        last.put("prompt_eval_duration", first - loaded);
        last.put("eval_count", usage.completion());
        last.put("eval_duration", now - first);
        return last;
    }

    /** The answer to a request that only loads the model. */
    Map<String, Object> loaded() {
        Map<String, Object> loaded = object(List.of(), true);
        loaded.put("done_reason", "load");
        return loaded;
    }

    private Map<String, Object> object(List<Block> blocks, boolean done) {
        StringBuilder thinking = new StringBuilder();
        StringBuilder text = new StringBuilder();
        List<Map<String, Object>> calls = new ArrayList<>();
        for (Block block : blocks) {
            switch (block) {
                case Block.Thinking thought -> thinking.append(thought.text());
                case Block.Text said -> text.append(said.text());
                case Block.Called call -> calls.add(call(call));
            }
        }
        Map<String, Object> object =
                Json.object("model", model, "created_at", Instant.now().toString());
        Map<String, Object> place = object;
        if (shape == Shape.CHAT) {
            place = Json.object("role", "assistant", "content", text.toString());
            object.put("message", place);
        } else {
            place.put("response", text.toString());
        }
        if (!thinking.isEmpty()) {
            place.put("thinking", thinking.toString());
        }
        if (!calls.isEmpty()) {
            place.put("tool_calls", calls);
        }
        object.put("done", done);
        return object;
    }

    private static Map<String, Object> call(Block.Called call) {
        @Nullable Object arguments = Json.parseLenient(call.text().getBytes(StandardCharsets.UTF_8));
        return Json.object(
                "id",
                call.id(),
                "function",
                Json.object("name", call.name(), "arguments", arguments == null ? Map.of() : arguments));
    }
}
