package dev.prairie.serve.openai;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.Surface;
import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.resident.ModelCard;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;

/** Models, completions and chat. */
public final class OpenAi implements Surface {
    @Override
    public void addTo(Routes routes) {
        routes.get("/v1/models", Scope.GENERATE, call -> {
            var cards = call.calls().models().cards().stream().map(OpenAi::card).toList();
            // What Anthropic's clients look for stands beside what OpenAI's do: both ask here.
            call.json(
                    200,
                    Json.object(
                            "object",
                            "list",
                            "data",
                            cards,
                            "has_more",
                            false,
                            "first_id",
                            cards.getFirst().get("id"),
                            "last_id",
                            cards.getLast().get("id")));
        });
        routes.get("/v1/models/{id}", Scope.GENERATE, call -> {
            call.json(200, card(call.calls().card(call.path("id"))));
        });
        routes.post("/v1/completions", Scope.GENERATE, call -> answer(call, CompletionRequest::read));
        routes.post("/v1/chat/completions", Scope.GENERATE, call -> answer(call, ChatRequest::read));
    }

    /** A model, or an adapter of one, which names its parent as other servers do. */
    private static Map<String, Object> card(ModelCard card) {
        return Json.object(
                "id",
                card.id(),
                "object",
                "model",
                "created",
                card.created(),
                "owned_by",
                "prairie",
                "root",
                card.base() == null ? card.id() : card.base(),
                "parent",
                card.base(),
                "context_length",
                card.context(),
                "type",
                "model",
                "display_name",
                card.id(),
                "created_at",
                Instant.ofEpochSecond(card.created()).toString());
    }

    /** Reads a request for a model. */
    private interface Reader {
        Wanted read(Fields fields, Lease lease, String tenant);
    }

    private static void answer(Call call, Reader reader) throws IOException {
        Fields fields = call.fields();
        Lease lease = call.lease(fields.string("model"));
        Wanted request;
        try {
            request = reader.read(fields, lease, call.caller().tenant());
        } catch (RuntimeException refused) {
            lease.close();
            throw refused;
        }
        try (Answer answer = call.answer(request.generation())) {
            Reply reply = new Reply(lease.card().id(), request, answer);
            if (request.streaming().wanted()) {
                reply.stream(call);
            } else {
                reply.whole(call);
            }
        }
    }
}
