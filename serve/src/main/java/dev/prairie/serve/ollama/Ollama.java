package dev.prairie.serve.ollama;

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

/** Ollama's API, but for what changes the models that are here. */
public final class Ollama implements Surface {
    /** The version of Ollama whose API this is; clients ask for it to know what they may use. */
    private static final String VERSION = "0.12.0";

    @Override
    public void addTo(Routes routes) {
        Routes own = routes.withErrors(new OllamaError());
        own.post("/api/chat", Scope.GENERATE, call -> answer(call, OllamaForm.Shape.CHAT));
        own.post("/api/generate", Scope.GENERATE, call -> answer(call, OllamaForm.Shape.GENERATE));
        own.post("/api/show", Scope.GENERATE, Ollama::show);
        own.get(
                "/api/tags",
                Scope.GENERATE,
                call -> call.json(200, Listing.tags(call.calls().models())));
        own.get(
                "/api/ps",
                Scope.GENERATE,
                call -> call.json(200, Listing.running(call.calls().models())));
        own.get("/api/version", Scope.GENERATE, call -> call.json(200, Json.object("version", VERSION)));
    }

    private static Lease lease(Call call, String name) {
        return call.lease(Listing.resolve(name, call.calls().models()));
    }

    private static void answer(Call call, OllamaForm.Shape shape) throws IOException {
        long began = System.nanoTime();
        Fields fields = call.fields();
        String tenant = call.caller().tenant();
        String name = fields.string("model");
        Lease lease = lease(call, name);
        OllamaRequest request;
        try {
            request = shape == OllamaForm.Shape.CHAT
                    ? OllamaRequest.chat(fields, lease, tenant)
                    : OllamaRequest.generate(fields, lease, tenant);
        } catch (RuntimeException refused) {
            lease.close();
            throw refused;
        }
        OllamaForm form = new OllamaForm(shape, name, began);
        if (request.generation().isEmpty()) {
            lease.close();
            call.json(200, form.loaded());
            return;
        }
        try (Answer answer = call.answer(request.generation().get())) {
            if (request.stream()) {
                StreamWriter.tell(
                        answer, call.patience(), () -> new OllamaStream(form, answer, new Lines(call.context())));
            } else {
                Whole whole = Whole.of(answer, call.patience(), form::answering);
                call.json(200, form.last(whole.blocks(), whole.ended(), answer.usage()));
            }
        }
    }

    private static void show(Call call) {
        Fields fields = call.fields();
        String name = fields.has("model") ? fields.string("model") : fields.string("name");
        fields.accept("name", "verbose", "system", "template", "options");
        fields.end();
        try (Lease lease = lease(call, name)) {
            call.json(200, Listing.show(lease));
        }
    }
}
