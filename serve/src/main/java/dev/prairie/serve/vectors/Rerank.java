package dev.prairie.serve.vectors;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.resident.Encoder;
import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.vectors.Inputs.Input;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/**
 * {@code POST /v1/rerank}: which documents answer a query, best first, in the form of
 * <a href="https://docs.cohere.com/reference/rerank">Cohere's reference</a> and of Jina's, which differ in what they leave
 * out. The score is the cosine of the vectors of query and document, −1 to 1: models that look at both at once
 * (cross-encoders) are not known here.
 */
final class Rerank {
    private static final int MOST_DOCUMENTS = 1000;

    private record Ranked(int index, float score) {}

    private Rerank() {}

    static void answer(Call call) {
        Fields fields = call.fields();
        try (Lease lease = call.lease(fields.string("model"))) {
            Encoder encoder = lease.encoder();
            Inputs reader = new Inputs(lease);
            List<Input> inputs = new ArrayList<>();
            inputs.add(reader.text(fields.string("query"), "query"));
            List<String> documents = documents(fields);
            for (int i = 0; i < documents.size(); i++) {
                inputs.add(reader.text(documents.get(i), "documents[" + i + "]"));
            }
            long most = fields.integer("top_n", 1, Integer.MAX_VALUE).orElse(documents.size());
            boolean shown = fields.bool("return_documents", false);
            fields.accept("user", "priority");
            fields.unsupported(
                    "rank_fields", "max_chunks_per_doc", "max_tokens_per_doc", "truncation", "truncate_prompt_tokens");
            fields.end();
            long tokens = inputs.stream()
                    .mapToLong(input -> input.encoding().tokens().size())
                    .sum();
            List<float[]> vectors = Embeddings.spending(
                    call,
                    tokens,
                    () -> encoder.embed(inputs.stream().map(Input::ids).toList(), encoder.pooling()));
            List<Map<String, Object>> results = new ArrayList<>();
            for (Ranked ranked : ranked(vectors).stream().limit(most).toList()) {
                Map<String, Object> result = Json.object("index", ranked.index(), "relevance_score", ranked.score());
                if (shown) {
                    result.put("document", Json.object("text", documents.get(ranked.index())));
                }
                results.add(result);
            }
            call.json(
                    200,
                    Json.object(
                            "id",
                            "rerank-" + UUID.randomUUID(),
                            "model",
                            lease.card().id(),
                            "results",
                            results,
                            "usage",
                            Json.object("prompt_tokens", tokens, "total_tokens", tokens)));
        }
    }

    private static List<String> documents(Fields fields) {
        JsonNode given = fields.node("documents");
        if (given == null) {
            throw new ApiException(
                    400, "invalid_request_error", "documents: missing, give an array of texts", "documents", "missing");
        }
        if (!given.isArray()) {
            throw Fields.wrongType("documents", "an array of texts", given);
        }
        if (given.isEmpty() || given.size() > MOST_DOCUMENTS) {
            throw ApiException.invalid("documents", given.size() + " documents, give 1 to " + MOST_DOCUMENTS);
        }
        List<String> documents = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            documents.add(document(given.get(i), "documents[" + i + "]"));
        }
        return documents;
    }

    private static String document(JsonNode given, String name) {
        if (given.isString()) {
            return given.stringValue();
        }
        if (!given.isObject()) {
            throw Fields.wrongType(name, "a string or {\"text\": …}", given);
        }
        Fields document = Fields.fieldsOf(given, name);
        String text = document.string("text");
        document.end();
        return text;
    }

    /** The documents' indices by their nearness to the query, whose vector is the first; of equals the first comes first. */
    private static List<Ranked> ranked(List<float[]> vectors) {
        List<Ranked> ranked = new ArrayList<>();
        for (int i = 1; i < vectors.size(); i++) {
            ranked.add(new Ranked(i - 1, cosine(vectors.getFirst(), vectors.get(i))));
        }
        ranked.sort(Comparator.comparingDouble(Ranked::score).reversed());
        return ranked;
    }

    /** Of vectors of length 1. */
    private static float cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return (float) Math.clamp(sum, -1, 1);
    }
}
