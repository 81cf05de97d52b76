package dev.prairie.serve.api;

import dev.prairie.model.generate.TokenScore;
import dev.prairie.serve.engine.Event;
import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.serve.engine.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One generation, token by token: what went in, how it was sampled, and when what came out. */
final class Trace {
    private final Meter meter;
    private final Generation generation;
    private final LanguageModel model;
    private final int[] newest; // the last token of each choice so far
    private final List<Map<String, Object>> events = new ArrayList<>();
    private final List<List<Map<String, Object>>> outputs = new ArrayList<>();

    Trace(Meter meter, Generation generation) {
        this.meter = meter;
        this.generation = generation;
        this.model = generation.lease().model();
        this.newest = new int[generation.choices()];
        for (int i = 0; i < newest.length; i++) {
            outputs.add(new ArrayList<>());
            int[] prompt = generation.request(i).prompt();
            newest[i] = prompt[prompt.length - 1];
        }
    }

    /** What happened, at a time of {@link System#nanoTime}. */
    void add(int choice, Event event, long nanos) {
        double ms = Math.rint((nanos - meter.beganNanos()) / 1e3) / 1e3;
        switch (event) {
            case Event.Started started -> event(ms, choice, "started", "cached", started.cached());
            case Event.Scored scored ->
                event(ms, choice, "scored", "tokens", scored.prompt().size());
            case Event.Text text -> {
                event(ms, choice, "text", "text", text.text(), "tokens", text.tokens());
                for (TokenScore score : text.scores()) {
                    Map<String, Object> token = token(score.id(), newest[choice]);
                    newest[choice] = score.id();
                    token.put("logprob", score.logprob());
                    outputs.get(choice).add(token);
                }
            }
            case Event.Finished finished ->
                event(
                        ms,
                        choice,
                        "finished",
                        "reason",
                        finished.reason().name().toLowerCase(Locale.ROOT),
                        "tokens",
                        finished.tokens(),
                        "stop",
                        finished.stop());
            case Event.Failed failed ->
                event(ms, choice, "failed", "message", failed.cause().getMessage());
        }
    }

    private void event(double ms, int choice, String what, @Nullable Object... more) {
        Map<String, Object> line = Json.object("ms", ms, "choice", choice, "event", what);
        line.putAll(Json.object(more));
        events.add(line);
    }

    /** What {@code id} adds to the text after {@code before}: a tokenizer may drop a space where nothing comes before. */
    private Map<String, Object> token(int id, int... before) {
        LanguageModel.TextStream text = model.markedStream(before);
        return Json.object("id", id, "piece", text.add(id) + text.end());
    }

    byte[] json() {
        List<Map<String, Object>> requests = new ArrayList<>();
        for (Request request : generation.requests()) {
            List<Map<String, Object>> prompt = new ArrayList<>();
            int[] ids = request.prompt();
            for (int i = 0; i < ids.length; i++) {
                prompt.add(i == 0 ? token(ids[0]) : token(ids[i], ids[i - 1]));
            }
            requests.add(Json.object(
                    "prompt",
                    prompt,
                    "sampling",
                    request.sampling(),
                    "choices",
                    request.choices(),
                    "max_tokens",
                    request.maxTokens(),
                    "stop",
                    request.stop(),
                    "stop_tokens",
                    request.stopTokens(),
                    "ignore_end",
                    request.ignoreEnd(),
                    "adapter",
                    request.adapter()));
        }
        return Json.bytes(Json.object(
                "id",
                meter.id(),
                "model",
                generation.lease().card().id(),
                "began",
                meter.began().toString(),
                "requests",
                requests,
                "events",
                events,
                "outputs",
                outputs));
    }
}
