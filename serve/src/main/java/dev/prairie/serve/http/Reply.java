package dev.prairie.serve.http;

import dev.prairie.serve.engine.Sequence;
import io.javalin.http.Context;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;

/** Writes the answer to one request, in one piece or as a stream of chunks. */
final class Reply {
    private final String model;
    private final GenerationRequest request;
    private final Exchange exchange;
    private final String id;
    private final long created = Instant.now().getEpochSecond();
    private int completionTokens;

    Reply(String model, GenerationRequest request, Exchange exchange) {
        this.model = model;
        this.request = request;
        this.exchange = exchange;
        this.id = request.wire().idPrefix() + UUID.randomUUID().toString().replace("-", "");
    }

    /** Waits for all choices. Nothing is sent before, so that an error has its own status. */
    void whole(Context context, Duration patience) {
        List<StringBuilder> texts = new ArrayList<>();
        List<String> reasons = new ArrayList<>();
        for (int i = 0; i < exchange.choices(); i++) {
            texts.add(new StringBuilder(echo(i)));
            reasons.add("");
        }
        for (int open = exchange.choices(); open > 0; ) {
            Exchange.Arrival arrival = exchange.next(patience);
            if (arrival == null) {
                continue;
            }
            switch (arrival.event()) {
                case Sequence.Text text -> texts.get(arrival.index()).append(text.text());
                case Sequence.Failed failed -> throw ApiException.failed(failed.cause());
                case Sequence.Finished finished -> {
                    reasons.set(arrival.index(), finish(finished));
                    open--;
                }
            }
        }
        List<Map<String, Object>> choices = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            choices.add(request.wire().whole(i, texts.get(i).toString(), reasons.get(i)));
        }
        Map<String, Object> answer = head(false, choices);
        answer.put("usage", usage());
        context.contentType("application/json").result(Json.bytes(answer));
    }

    /** Sends each piece of text as it comes. Until the first arrival an error still has its own status. */
    void stream(Context context, Duration patience) throws IOException {
        Exchange.Arrival arrival = exchange.next(patience);
        if (arrival != null && arrival.event() instanceof Sequence.Failed failed) {
            throw ApiException.failed(failed.cause());
        }
        EventStream out = new EventStream(context);
        for (int i = 0; i < exchange.choices(); i++) {
            Map<String, Object> opening = request.wire().opening(i);
            if (opening != null) {
                out.json(chunk(opening));
            }
            if (!echo(i).isEmpty()) {
                out.json(chunk(request.wire().delta(i, echo(i))));
            }
        }
        try {
            for (int open = exchange.choices(); open > 0; ) {
                if (arrival == null) {
                    out.comment("keep-alive");
                } else if (send(out, arrival)) {
                    open--;
                }
                if (open > 0) {
                    arrival = exchange.next(patience);
                }
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

    /** True if this was the last of a choice. */
    private boolean send(EventStream out, Exchange.Arrival arrival) throws IOException {
        return switch (arrival.event()) {
            case Sequence.Text text -> {
                out.json(chunk(request.wire().delta(arrival.index(), text.text())));
                yield false;
            }
            case Sequence.Failed failed -> throw ApiException.failed(failed.cause());
            case Sequence.Finished finished -> {
                out.json(chunk(request.wire().closing(arrival.index(), finish(finished))));
                yield true;
            }
        };
    }

    private String finish(Sequence.Finished finished) {
        if (finished.reason() == Sequence.Reason.CANCELLED) {
            // The client is still there, so it was not the one that gave up.
            throw ApiException.stopping();
        }
        completionTokens += finished.tokens();
        return finished.reason().name().toLowerCase(Locale.ROOT);
    }

    private String echo(int choice) {
        return request.prompts().get(choice / request.n()).echo();
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
        long promptTokens =
                request.prompts().stream().mapToLong(p -> p.ids().length).sum();
        return Json.object(
                "prompt_tokens",
                promptTokens,
                "completion_tokens",
                completionTokens,
                "total_tokens",
                promptTokens + completionTokens);
    }
}
