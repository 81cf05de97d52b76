package dev.prairie.serve.anthropic;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Block;
import dev.prairie.serve.api.Blocks;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.EventStream;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.StreamWriter;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * The events of a streamed message, see
 * <a href="https://docs.anthropic.com/en/docs/build-with-claude/streaming">Anthropic's reference</a>.
 */
final class MessageStream implements StreamWriter {
    private final MessageForm form;
    private final Blocks blocks = new Blocks();
    private final Call call;
    private final EventStream out;

    /** Begins it. */
    MessageStream(MessageForm form, Call call) throws IOException {
        this.form = form;
        this.call = call;
        this.out = call.events();
        send(Json.object("type", "message_start", "message", form.begun()));
        quiet();
    }

    @Override
    public void said(Answer.Said said) throws IOException {
        send(blocks.add(said.events()));
    }

    @Override
    public void quiet() throws IOException {
        send(Json.object("type", "ping"));
    }

    @Override
    public void ended(Answer.Ended ended) throws IOException {
        send(blocks.end());
        send(form.delta(ended));
        send(Json.object("type", "message_stop"));
    }

    @Override
    public void failed(ApiException error) throws IOException {
        out.event("error", new AnthropicError().body(error, call.id()));
    }

    private void send(List<Blocks.Change> changes) throws IOException {
        for (Blocks.Change change : changes) {
            int index = change.index();
            switch (change) {
                case Blocks.Opened opened ->
                    send(Json.object(
                            "type",
                            "content_block_start",
                            "index",
                            index,
                            "content_block",
                            form.block(opened.block())));
                case Blocks.Grown grown -> {
                    if (!(grown.block() instanceof Block.Thinking && form.omitsThinking())) {
                        delta(index, delta(grown));
                    }
                }
                case Blocks.Closed closed -> {
                    if (closed.block() instanceof Block.Thinking) { // clients wait for one; nobody checks it here
                        delta(index, Json.object("type", "signature_delta", "signature", ""));
                    }
                    send(Json.object("type", "content_block_stop", "index", index));
                }
            }
        }
    }

    private void delta(int index, Map<String, Object> delta) throws IOException {
        send(Json.object("type", "content_block_delta", "index", index, "delta", delta));
    }

    private static Map<String, Object> delta(Blocks.Grown grown) {
        return switch (grown.block()) {
            case Block.Thinking thinking -> Json.object("type", "thinking_delta", "thinking", grown.more());
            case Block.Text text -> Json.object("type", "text_delta", "text", grown.more());
            case Block.Called call -> Json.object("type", "input_json_delta", "partial_json", grown.more());
        };
    }

    private void send(Map<String, Object> event) throws IOException {
        out.event(String.valueOf(event.get("type")), event);
    }
}
