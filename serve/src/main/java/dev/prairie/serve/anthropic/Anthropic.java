package dev.prairie.serve.anthropic;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.StreamWriter;
import dev.prairie.serve.api.Surface;
import dev.prairie.serve.api.Whole;
import dev.prairie.serve.resident.Lease;
import java.io.IOException;

/**
 * Anthropic's messages API. Any {@code anthropic-version} is spoken to in the same way, and what {@code anthropic-beta}
 * asks for shows itself in fields, which are read as strictly as all others.
 */
public final class Anthropic implements Surface {
    @Override
    public void addTo(Routes routes) {
        Routes own = routes.withErrors(new AnthropicError());
        own.post("/v1/messages", Scope.GENERATE, Anthropic::answer);
        own.post("/v1/messages/count_tokens", Scope.GENERATE, Anthropic::count);
    }

    private static void answer(Call call) throws IOException {
        Fields fields = call.fields();
        Lease lease = call.lease(fields.string("model"));
        MessagesRequest request;
        try {
            request = MessagesRequest.read(fields, lease, call.caller().tenant());
        } catch (RuntimeException refused) {
            lease.close();
            throw refused;
        }
        try (Answer answer = call.answer(request.generation())) {
            MessageForm form = new MessageForm(lease.card().id(), request, answer);
            if (request.stream()) {
                StreamWriter.tell(answer, call.patience(), () -> new MessageStream(form, call));
            } else {
                call.json(200, form.whole(Whole.of(answer, call.patience())));
            }
        }
    }

    private static void count(Call call) {
        Fields fields = call.fields();
        try (Lease lease = call.lease(fields.string("model"))) {
            int tokens = MessagesRequest.order(fields, lease).promptIds(lease).length;
            fields.end();
            call.json(200, Json.object("input_tokens", tokens));
        }
    }
}
