package dev.prairie.serve.http;

import dev.prairie.serve.engine.Sequence;
import dev.prairie.text.reply.ReplyBuilder;
import dev.prairie.text.reply.ReplyEvent;
import dev.prairie.text.reply.ReplyParser;
import io.javalin.http.Context;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Writes the answer to one request, in one piece or as a stream of chunks. */
final class Reply {
    private final String model;
    private final GenerationRequest request;
    private final Exchange exchange;
    private final String id;
    private final long created = Instant.now().getEpochSecond();
    private final List<ReplyParser> parsers = new ArrayList<>();

    /** The choices that have called a tool. */
    private final Set<Integer> calling = new HashSet<>();

    private int completionTokens;

    Reply(String model, GenerationRequest request, Exchange exchange) {
        this.model = model;
        this.request = request;
        this.exchange = exchange;
        for (int i = 0; i < exchange.choices(); i++) {
            parsers.add(request.replies().get());
        }
        this.id = request.wire().idPrefix() + UUID.randomUUID().toString().replace("-", "");
    }

    /** Waits for all choices. Nothing is sent before, so that an error has its own status. */
    void whole(Context context, Duration patience) {
        List<ReplyBuilder> replies = new ArrayList<>();
        List<String> reasons = new ArrayList<>();
        for (int i = 0; i < exchange.choices(); i++) {
            replies.add(new ReplyBuilder().add(new ReplyEvent.Content(echo(i))));
            reasons.add("");
        }
        for (int open = exchange.choices(); open > 0; ) {
            Exchange.Arrival arrival = exchange.next(patience);
            if (arrival == null) {
                continue;
            }
            switch (arrival.event()) {
                case Sequence.Text text ->
                    replies.get(arrival.index())
                            .add(parsers.get(arrival.index()).add(text.text()));
                case Sequence.Failed failed -> throw ApiException.failed(failed.cause());
                case Sequence.Finished finished -> {
                    ReplyBuilder reply = replies.get(arrival.index());
                    reply.add(parsers.get(arrival.index()).end());
                    boolean calls = !reply.message().toolCalls().isEmpty();
                    reasons.set(arrival.index(), finish(finished, calls));
                    open--;
                }
            }
        }
        List<Map<String, Object>> choices = new ArrayList<>();
        for (int i = 0; i < replies.size(); i++) {
            choices.add(request.wire().whole(i, replies.get(i).message(), reasons.get(i)));
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
                out.json(chunk(request.wire().delta(i, new ReplyEvent.Content(echo(i)))));
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
                send(out, arrival.index(), parsers.get(arrival.index()).add(text.text()));
                yield false;
            }
            case Sequence.Failed failed -> throw ApiException.failed(failed.cause());
            case Sequence.Finished finished -> {
                send(out, arrival.index(), parsers.get(arrival.index()).end());
                String reason = finish(finished, calling.contains(arrival.index()));
                out.json(chunk(request.wire().closing(arrival.index(), reason)));
                yield true;
            }
        };
    }

    private void send(EventStream out, int index, List<ReplyEvent> events) throws IOException {
        for (ReplyEvent event : events) {
            if (event instanceof ReplyEvent.CallBegin) {
                calling.add(index);
            }
            if (!(event instanceof ReplyEvent.CallEnd)) { // nothing on the wire stands for it
                out.json(chunk(request.wire().delta(index, event)));
            }
        }
    }

    private String finish(Sequence.Finished finished, boolean calls) {
        if (finished.reason() == Sequence.Reason.CANCELLED) {
            // The client is still there, so it was not the one that gave up.
            throw ApiException.stopping();
        }
        completionTokens += finished.tokens();
        return calls && finished.reason() == Sequence.Reason.STOP
                ? "tool_calls"
                : finished.reason().name().toLowerCase(Locale.ROOT);
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
