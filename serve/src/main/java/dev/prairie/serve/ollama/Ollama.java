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
import dev.prairie.serve.vectors.Embeddings;
import dev.prairie.serve.vectors.Embeddings.Embedded;
import java.io.IOException;
import java.util.List;

/** Ollama's API, but for what changes the models that are here. */
public final class Ollama implements Surface {
    /** The version of Ollama whose API this is; clients ask for it to know what they may use. */
    private static final String VERSION = "0.12.0";

    @Override
    public void addTo(Routes routes) {
        Routes own = routes.withErrors(new OllamaError());
        own.post("/api/chat", Scope.GENERATE, call -> answer(call, OllamaForm.Shape.CHAT));
        own.post("/api/generate", Scope.GENERATE, call -> answer(call, OllamaForm.Shape.GENERATE));
        own.post("/api/embed", Scope.EMBED, Ollama::embed);
        own.post("/api/embeddings", Scope.EMBED, Ollama::embedOne);
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

    private static void embed(Call call) {
        long began = System.nanoTime();
        Fields fields = embedding(call);
        String name = fields.string("model");
        try (Lease lease = lease(call, name)) {
            long loaded = System.nanoTime();
            Embedded embedded = Embeddings.of(call, lease, fields, "input");
            call.json(
                    200,
                    Json.object(
                            "model",
                            name,
                            "embeddings",
                            embedded.vectors(),
                            "total_duration",
                            System.nanoTime() - began,
                            "load_duration",
                            loaded - began,
                            "prompt_eval_count",
                            embedded.tokens()));
        }
    }

    /** The older way, for one text. */
    private static void embedOne(Call call) {
        Fields fields = embedding(call);
        String prompt = fields.string("prompt"); // not an array
        try (Lease lease = lease(call, fields.string("model"))) {
            if (prompt.isEmpty()) {
                call.json(200, Json.object("embedding", List.of())); // the model is loaded, as was wanted
                return;
            }
            Embedded embedded = Embeddings.of(call, lease, fields, "prompt");
            call.json(200, Json.object("embedding", embedded.vectors().getFirst()));
        }
    }

    private static Fields embedding(Call call) {
        Fields fields = call.fields();
        fields.accept("keep_alive", "options", "truncate"); // nothing is ever cut: what is too long is an error
        return fields;
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
