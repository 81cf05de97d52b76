package dev.prairie.serve.vectors;

import dev.prairie.model.transformer.HeadForm.Pooling;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.Caller;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Usage;
import dev.prairie.serve.resident.Encoder;
import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.vectors.Inputs.Input;
import dev.prairie.text.tokenizer.Encoding;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * {@code POST /v1/embeddings}, as <a href="https://platform.openai.com/docs/api-reference/embeddings">OpenAI's reference</a>
 * describes it. {@code pooling} is ours: how the hidden states of a text's tokens become one vector, or {@code tokens} for a
 * vector of each.
 */
public final class Embeddings {
    private static final List<String> POOLINGS = List.of("mean", "first", "last", "tokens");

    private Embeddings() {}

    static void answer(Call call) {
        Fields fields = call.fields();
        try (Lease lease = call.lease(fields.string("model"))) {
            Encoder encoder = lease.encoder();
            List<Input> inputs = new Inputs(lease).read(fields, "input");
            boolean base64 = word(fields, "encoding_format", "float", List.of("float", "base64"))
                    .equals("base64");
            int dimensions = dimensions(fields, encoder.width());
            String pooling = word(fields, "pooling", "", POOLINGS);
            fields.accept("user");
            fields.end();
            long tokens = inputs.stream()
                    .mapToLong(input -> input.encoding().tokens().size())
                    .sum();
            List<?> data = spending(call, tokens, () -> {
                List<int[]> ids = inputs.stream().map(Input::ids).toList();
                return pooling.equals("tokens")
                        ? ofTokens(inputs, encoder.embedTokens(ids), dimensions, base64)
                        : ofTexts(encoder.embed(ids, pooling(pooling, encoder)), dimensions, base64);
            });
            call.json(
                    200,
                    Json.object(
                            "object",
                            "list",
                            "data",
                            data,
                            "model",
                            lease.card().id(),
                            "usage",
                            Json.object("prompt_tokens", tokens, "total_tokens", tokens)));
        }
    }

    /**
     * Vectors of texts.
     *
     * @param vectors one for each text, of length 1
     * @param tokens  in all texts
     */
    public record Embedded(List<float[]> vectors, long tokens) {}

    /** The vectors of the texts in {@code field}, and what {@code dimensions} leaves of them: for other dialects. */
    public static Embedded of(Call call, Lease lease, Fields fields, String field) {
        Encoder encoder = lease.encoder();
        List<Input> inputs = new Inputs(lease).read(fields, field);
        int dimensions = dimensions(fields, encoder.width());
        fields.end();
        long tokens = inputs.stream()
                .mapToLong(input -> input.encoding().tokens().size())
                .sum();
        List<float[]> vectors = spending(
                call,
                tokens,
                () -> encoder.embed(inputs.stream().map(Input::ids).toList(), encoder.pooling()));
        return new Embedded(
                vectors.stream().map(vector -> cut(vector, dimensions)).toList(), tokens);
    }

    /** What is done with tokens set aside; nothing is used if it fails. */
    static <T> T spending(Call call, long tokens, java.util.function.Supplier<T> work) {
        Caller.Reserved reserved = call.caller().reserve(tokens);
        long used = 0;
        try {
            T result = work.get();
            used = tokens;
            return result;
        } finally {
            reserved.settle(new Usage(used, 0, 0, 0));
        }
    }

    private static String word(Fields fields, String field, String otherwise, List<String> words) {
        if (!fields.has(field)) {
            return otherwise;
        }
        String word = fields.string(field);
        if (!words.contains(word)) {
            throw ApiException.invalid(fields.name(field), "\"" + word + "\", give one of " + words);
        }
        return word;
    }

    private static Pooling pooling(String name, Encoder encoder) {
        return switch (name) {
            case "mean" -> Pooling.MEAN;
            case "first" -> Pooling.FIRST;
            case "last" -> Pooling.LAST;
            default -> encoder.pooling();
        };
    }

    private static int dimensions(Fields fields, int width) {
        long wanted = fields.integer("dimensions", 1, Integer.MAX_VALUE).orElse(width);
        if (wanted > width) {
            throw ApiException.invalid(
                    fields.name("dimensions"),
                    wanted + ", but this model's vectors have " + width + "; give at most that");
        }
        return (int) wanted;
    }

    private static List<Map<String, Object>> ofTexts(List<float[]> vectors, int dimensions, boolean base64) {
        List<Map<String, Object>> data = new ArrayList<>();
        for (float[] vector : vectors) {
            data.add(Json.object(
                    "object",
                    "embedding",
                    "index",
                    data.size(),
                    "embedding",
                    written(cut(vector, dimensions), base64)));
        }
        return data;
    }

    private static List<Map<String, Object>> ofTokens(
            List<Input> inputs, List<List<float[]>> vectors, int dimensions, boolean base64) {
        List<Map<String, Object>> data = new ArrayList<>();
        for (Input input : inputs) {
            List<float[]> ofText = vectors.get(data.size());
            List<Map<String, Object>> tokens = new ArrayList<>();
            for (Encoding.Token token : input.encoding().tokens()) {
                Map<String, Object> told = Json.object("token", token.piece(), "id", token.id());
                if (input.written()) {
                    told.put("start", token.from());
                    told.put("end", token.to());
                }
                told.put("embedding", written(cut(ofText.get(tokens.size()), dimensions), base64));
                tokens.add(told);
            }
            data.add(Json.object("object", "token_embeddings", "index", data.size(), "tokens", tokens));
        }
        return data;
    }

    /** The first numbers of a vector, brought to length 1 again. */
    private static float[] cut(float[] vector, int dimensions) {
        if (dimensions == vector.length) {
            return vector;
        }
        double squares = 0;
        for (int i = 0; i < dimensions; i++) {
            squares += (double) vector[i] * vector[i];
        }
        double length = Math.max(Math.sqrt(squares), Double.MIN_NORMAL);
        float[] cut = new float[dimensions];
        for (int i = 0; i < dimensions; i++) {
            cut[i] = (float) (vector[i] / length);
        }
        return cut;
    }

    /** Numbers, or the base64 of their four bytes each, the lowest first. */
    private static Object written(float[] vector, boolean base64) {
        if (!base64) {
            return vector;
        }
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Float.BYTES, vector.length))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
