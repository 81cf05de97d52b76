package dev.prairie.serve.responses;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Block;
import dev.prairie.serve.api.Blocks;
import dev.prairie.serve.api.EventStream;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.StreamWriter;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The events of a streamed response, numbered from 0, see
 * <a href="https://platform.openai.com/docs/api-reference/responses-streaming">OpenAI's reference</a>.
 */
final class ResponseStream implements StreamWriter {
    private final ResponseForm form;
    private final EventStream out;
    private final BiConsumer<Map<String, Object>, List<Block>> complete;
    private final Blocks blocks = new Blocks();
    private int sequence;

    /**
     * Begins it.
     *
     * @param complete told of the response when it has ended, before the client is
     */
    ResponseStream(ResponseForm form, EventStream out, BiConsumer<Map<String, Object>, List<Block>> complete)
            throws IOException {
        this.form = form;
        this.out = out;
        this.complete = complete;
        send("response.created", Json.object("response", form.begun()));
        send("response.in_progress", Json.object("response", form.begun()));
    }

    @Override
    public void said(Answer.Said said) throws IOException {
        send(blocks.add(said.events()), "completed");
    }

    @Override
    public void quiet() throws IOException {
        out.comment("keep-alive");
    }

    @Override
    public void ended(Answer.Ended ended) throws IOException {
        List<Blocks.Change> last = blocks.end();
        send(last, ResponseForm.cut(ended));
        Map<String, Object> response = form.ended(blocks.all(), ended, !last.isEmpty());
        complete.accept(response, blocks.all());
        send("response." + response.get("status"), Json.object("response", response));
    }

    @Override
    public void failed(ApiException error) throws IOException {
        send("response.failed", Json.object("response", form.failed(blocks.all(), error)));
    }

    private void send(List<Blocks.Change> changes, String status) throws IOException {
        for (Blocks.Change change : changes) {
            switch (change) {
                case Blocks.Opened opened -> opened(opened.index(), opened.block());
                case Blocks.Grown grown ->
                    send(text(grown.block()) + ".delta", place(grown.index(), grown.block()), "delta", grown.more());
                case Blocks.Closed closed -> closed(closed.index(), closed.block(), status);
            }
        }
    }

    private void opened(int index, Block block) throws IOException {
        send(
                "response.output_item.added",
                Json.object("output_index", index, "item", form.item(index, block, ResponseForm.IN_PROGRESS)));
        if (!(block instanceof Block.Called)) {
            send("response.content_part.added", place(index, block), "part", ResponseForm.part(block));
        }
    }

    private void closed(int index, Block block, String status) throws IOException {
        Map<String, Object> place = place(index, block);
        if (block instanceof Block.Called call) {
            place.put("name", call.name());
            send(text(block) + ".done", place, "arguments", block.text());
        } else {
            send(text(block) + ".done", place, "text", block.text());
            send("response.content_part.done", place(index, block), "part", ResponseForm.part(block));
        }
        send("response.output_item.done", Json.object("output_index", index, "item", form.item(index, block, status)));
    }

    private static String text(Block block) {
        return switch (block) {
            case Block.Thinking thinking -> "response.reasoning_text";
            case Block.Text text -> "response.output_text";
            case Block.Called call -> "response.function_call_arguments";
        };
    }

    /** Where a text stands. */
    private Map<String, Object> place(int index, Block block) {
        Map<String, Object> place = Json.object("item_id", form.itemId(index, block), "output_index", index);
        if (!(block instanceof Block.Called)) {
            place.put("content_index", 0);
        }
        return place;
    }

    private void send(String type, Map<String, Object> place, String name, Object value) throws IOException {
        place.put(name, value);
        if (type.startsWith("response.output_text.")) {
            place.put("logprobs", List.of());
        }
        send(type, place);
    }

    private void send(String type, Map<String, Object> fields) throws IOException {
        Map<String, Object> event = Json.object("type", type, "sequence_number", sequence++);
        event.putAll(fields);
        out.event(type, event);
    }
}
