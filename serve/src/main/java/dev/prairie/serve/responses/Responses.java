package dev.prairie.serve.responses;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Block;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Generation;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.StreamWriter;
import dev.prairie.serve.api.Surface;
import dev.prairie.serve.api.Turns;
import dev.prairie.serve.api.Whole;
import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.responses.StoredResponses.Stored;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** OpenAI's responses API. What was answered is remembered until newer answers need the room. */
public final class Responses implements Surface {
    private static final int MOST_STORED = 1_000;
    private static final long STORED_BYTES = 64L << 20;

    private final StoredResponses stored = new StoredResponses(MOST_STORED, STORED_BYTES);

    @Override
    public void addTo(Routes routes) {
        routes.post("/v1/responses", Scope.GENERATE, this::answer);
        routes.post("/v1/responses/input_tokens", Scope.GENERATE, this::count);
        routes.get("/v1/responses/{id}", Scope.GENERATE, this::show);
        routes.delete("/v1/responses/{id}", Scope.GENERATE, this::remove);
    }

    private void answer(Call call) throws IOException {
        Fields fields = call.fields();
        String tenant = call.caller().tenant();
        Lease lease = call.lease(fields.string("model"));
        ResponseRequest request;
        Generation generation;
        try {
            request = ResponseRequest.read(fields, lease, stored, tenant);
            generation = request.order().generation(lease, tenant);
        } catch (RuntimeException refused) {
            lease.close();
            throw refused;
        }
        try (Answer answer = call.answer(generation)) {
            ResponseForm form = new ResponseForm(lease.card().id(), request, answer);
            if (request.stream()) {
                StreamWriter.tell(
                        answer,
                        call.patience(),
                        () -> new ResponseStream(
                                form,
                                call.events(),
                                (response, blocks) -> store(tenant, request, form, response, blocks)));
            } else {
                Whole whole = Whole.of(answer, call.patience());
                Map<String, Object> response = form.ended(whole.blocks(), whole.ended(), whole.inside());
                store(tenant, request, form, response, whole.blocks());
                call.json(200, response);
            }
        }
    }

    private void store(
            String tenant,
            ResponseRequest request,
            ResponseForm form,
            Map<String, Object> response,
            List<Block> blocks) {
        if (!request.store()) {
            return;
        }
        Turns turns = new Turns(true);
        turns.add(request.turns());
        for (Block block : blocks) {
            switch (block) {
                case Block.Thinking thinking -> turns.thought(thinking.text());
                case Block.Text text -> turns.said(text.text());
                case Block.Called called ->
                    turns.called(new ToolCall(called.id(), called.name(), called.text()), "output");
            }
        }
        List<Message> all = turns.messages("input");
        long characters = all.stream()
                .mapToLong(turn -> turn.content().length() + turn.reasoning().length() + 100)
                .sum();
        long cost = 2 * characters + 2L * Json.bytes(response).length;
        stored.put(form.id(), new Stored(tenant, response, all, form.items(blocks), cost));
    }

    private void count(Call call) {
        Fields fields = call.fields();
        try (Lease lease = call.lease(fields.string("model"))) {
            int tokens =
                    ResponseRequest.count(fields, lease, stored, call.caller().tenant());
            call.json(200, Json.object("object", "response.input_tokens", "input_tokens", tokens));
        }
    }

    private void show(Call call) {
        String id = call.path("id");
        Stored found = stored.find(call.caller().tenant(), id).orElseThrow(() -> notFound(id));
        if ("true".equals(call.context().queryParam("stream"))) {
            throw ApiException.unsupported("stream", "a response that has ended is sent whole, leave it out");
        }
        call.json(200, found.response());
    }

    private void remove(Call call) {
        String id = call.path("id");
        if (!stored.remove(call.caller().tenant(), id)) {
            throw notFound(id);
        }
        call.json(200, Json.object("id", id, "object", "response", "deleted", true));
    }

    private static ApiException notFound(String id) {
        return new ApiException(
                404,
                "invalid_request_error",
                "id: response \"" + id + "\" is not remembered; it was not stored, or newer ones took its place",
                "id",
                "response_not_found");
    }
}
