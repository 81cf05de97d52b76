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
import java.util.Map;

/** Models, completions and chat. */
public final class OpenAi implements Surface {
    @Override
    public void addTo(Routes routes) {
        routes.get("/v1/models", Scope.GENERATE, call -> {
            var cards = call.calls().models().cards().stream().map(OpenAi::card).toList();
            call.json(200, Json.object("object", "list", "data", cards));
        });
        routes.get("/v1/models/{id}", Scope.GENERATE, call -> {
            try (Lease lease = call.lease(call.path("id"))) {
                call.json(200, card(lease.card()));
            }
        });
        routes.post("/v1/completions", Scope.GENERATE, call -> answer(call, Wire.COMPLETION));
        routes.post("/v1/chat/completions", Scope.GENERATE, call -> answer(call, Wire.CHAT));
    }

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
                "context_length",
                card.context());
    }

    private static void answer(Call call, Wire wire) throws IOException {
        Fields fields = call.fields();
        Lease lease = call.lease(fields.string("model"));
        GenerationRequest request;
        try {
            request = wire == Wire.CHAT
                    ? GenerationRequest.chat(fields, lease, call.caller().tenant())
                    : GenerationRequest.completion(fields, lease, call.caller().tenant());
        } catch (RuntimeException refused) {
            lease.close();
            throw refused;
        }
        try (Answer answer = call.answer(request.generation())) {
            Reply reply = new Reply(lease.card().id(), request, answer);
            if (request.stream()) {
                reply.stream(call);
            } else {
                reply.whole(call);
            }
        }
    }
}
