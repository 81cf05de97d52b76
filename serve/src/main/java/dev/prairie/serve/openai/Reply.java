package dev.prairie.serve.openai;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.EventStream;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Usage;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Writes the answer to one request, in one piece or as a stream of chunks. */
final class Reply {
    private final String model;
    private final Form form;
    private final Streaming streaming;
    private final Answer answer;
    private final String id;
    private final long created = Instant.now().getEpochSecond();

    Reply(String model, Wanted request, Answer answer) {
        this.model = model;
        this.form = request.form();
        this.streaming = request.streaming();
        this.answer = answer;
        this.id = form.idPrefix() + UUID.randomUUID().toString().replace("-", "");
    }

    /** Waits for all choices. Nothing is sent before, so that an error has its own status. */
    void whole(Call call) {
        while (answer.open() > 0) {
            Answer.Part part = answer.next(call.patience());
            if (part != null) {
                form.take(part);
            }
        }
        Map<String, Object> whole = head(false, form.whole());
        whole.put("usage", usage());
        call.json(200, whole);
    }

    /** Sends each part as it comes. Until the first token, or until that takes long, an error still has its own status. */
    void stream(Call call) throws IOException {
        List<Answer.Part> first = new ArrayList<>();
        Answer.Part part = answer.next(call.patience());
        while (part instanceof Answer.Begun) {
            first.add(part);
            part = answer.next(call.patience());
        }
        EventStream out = call.events();
        try {
            for (Answer.Part begun : first) {
                send(out, begun);
            }
            send(out, part);
            while (answer.open() > 0) {
                send(out, answer.next(call.patience()));
            }
        } catch (ApiException e) {
            out.json(e.body());
            return;
        }
        if (streaming.includeUsage()) {
            Map<String, Object> last = head(true, List.of());
            last.put("usage", usage());
            out.json(last);
        }
        out.data("[DONE]");
    }

    private void send(EventStream out, Answer.@Nullable Part part) throws IOException {
        if (part == null) {
            out.comment("keep-alive");
            return;
        }
        for (Map<String, Object> choice : form.take(part)) {
            Map<String, Object> chunk = head(true, List.of(choice));
            if (streaming.includeUsage()) {
                chunk.putAll(Json.object("usage", null));
            }
            out.json(chunk);
        }
    }

    private Map<String, Object> head(boolean chunk, List<Map<String, Object>> choices) {
        return Json.object(
                "id",
                id,
                "object",
                form.object(chunk),
                "created",
                created,
                "model",
                model,
                "system_fingerprint",
                null,
                "choices",
                choices);
    }

    private Map<String, Object> usage() {
        Usage usage = answer.usage();
        return Json.object(
                "prompt_tokens",
                usage.prompt(),
                "completion_tokens",
                usage.completion(),
                "total_tokens",
                usage.total(),
                "prompt_tokens_details",
                Json.object("cached_tokens", usage.cached()),
                "completion_tokens_details",
                Json.object("reasoning_tokens", usage.reasoning()));
    }
}
