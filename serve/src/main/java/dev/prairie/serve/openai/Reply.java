package dev.prairie.serve.openai;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.EventStream;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Usage;
import dev.prairie.text.reply.ReplyBuilder;
import dev.prairie.text.reply.ReplyEvent;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Writes the answer to one request, in one piece or as a stream of chunks. */
final class Reply {
    private final String model;
    private final GenerationRequest request;
    private final Answer answer;
    private final String id;
    private final int choices;
    private final long created = Instant.now().getEpochSecond();

    Reply(String model, GenerationRequest request, Answer answer) {
        this.model = model;
        this.request = request;
        this.answer = answer;
        this.choices = answer.open();
        this.id = request.wire().idPrefix() + UUID.randomUUID().toString().replace("-", "");
    }

    /** Waits for all choices. Nothing is sent before, so that an error has its own status. */
    void whole(Call call) {
        List<ReplyBuilder> replies = new ArrayList<>();
        List<String> reasons = new ArrayList<>();
        for (int i = 0; i < choices; i++) {
            replies.add(new ReplyBuilder().add(new ReplyEvent.Content(echo(i))));
            reasons.add("");
        }
        while (answer.open() > 0) {
            switch (answer.next(call.patience())) {
                case null -> {}
                case Answer.Begun begun -> {}
                case Answer.Scored scored -> {}
                case Answer.Said said -> replies.get(said.choice()).add(said.events());
                case Answer.Ended ended -> reasons.set(ended.choice(), reason(ended));
            }
        }
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < choices; i++) {
            all.add(request.wire().whole(i, replies.get(i).message(), reasons.get(i)));
        }
        Map<String, Object> whole = head(false, all);
        whole.put("usage", usage());
        call.json(200, whole);
    }

    /** Sends each part as it comes. Until the first arrival an error still has its own status. */
    void stream(Call call) throws IOException {
        Answer.Part first = answer.next(call.patience());
        while (first instanceof Answer.Begun) {
            first = answer.next(call.patience());
        }
        EventStream out = call.events();
        for (int i = 0; i < choices; i++) {
            Map<String, Object> opening = request.wire().opening(i);
            if (opening != null) {
                out.json(chunk(opening));
            }
            if (!echo(i).isEmpty()) {
                out.json(chunk(request.wire().delta(i, new ReplyEvent.Content(echo(i)))));
            }
        }
        try {
            send(out, first);
            while (answer.open() > 0) {
                send(out, answer.next(call.patience()));
            }
        } catch (ApiException e) {
            out.json(e.body());
            return;
        }
        if (request.includeUsage()) {
            Map<String, Object> last = head(true, List.of());
            last.put("usage", usage());
            out.json(last);
        }
        out.data("[DONE]");
    }

    private void send(EventStream out, Answer.@Nullable Part part) throws IOException {
        switch (part) {
            case null -> out.comment("keep-alive");
            case Answer.Begun begun -> {}
            case Answer.Scored scored -> {}
            case Answer.Said said -> {
                for (ReplyEvent event : said.events()) {
                    if (!(event instanceof ReplyEvent.CallEnd)) { // nothing on the wire stands for it
                        out.json(chunk(request.wire().delta(said.choice(), event)));
                    }
                }
            }
            case Answer.Ended ended -> out.json(chunk(request.wire().closing(ended.choice(), reason(ended))));
        }
    }

    private static String reason(Answer.Ended ended) {
        return ended.finish().name().toLowerCase(Locale.ROOT);
    }

    private String echo(int choice) {
        return request.echoes().get(choice / request.n());
    }

    private Map<String, Object> chunk(Map<String, Object> choice) {
        Map<String, Object> chunk = head(true, List.of(choice));
        if (request.includeUsage()) {
            chunk.putAll(Json.object("usage", null));
        }
        return chunk;
    }

    private Map<String, Object> head(boolean chunk, List<Map<String, Object>> choices) {
        return Json.object(
                "id",
                id,
                "object",
                request.wire().object(chunk),
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
                usage.total());
    }
}
