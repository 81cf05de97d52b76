package dev.prairie.serve.api;

import dev.prairie.model.generate.Sampling;
import dev.prairie.serve.engine.LanguageModel;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import tools.jackson.databind.JsonNode;

/**
 * Reads how to decode from a request's fields. Names and ranges:
 * <a href="https://platform.openai.com/docs/api-reference">OpenAI's reference</a>; {@code top_k}, {@code min_p}, {@code
 * typical_p}, {@code repetition_penalty}, {@code stop_token_ids} and {@code ignore_eos} are extensions under the names that
 * other servers gave them.
 */
public final class DecodingFields {
    /** Far more than a client has reason for. */
    private static final int MOST_STOPS = 64;

    private static final int LONGEST_STOP = 1_000;
    private static final int MOST_CHOICES = 128;

    private DecodingFields() {}

    /** All but the number of tokens and their scores, which surfaces ask for in their own ways. */
    public static Decoding read(Fields fields, LanguageModel model) {
        return Decoding.DEFAULT
                .withSampling(sampling(fields, model))
                .withChoices((int) fields.integer("n", 1, MOST_CHOICES).orElse(1))
                .withStop(stop(fields, "stop"))
                .withEnds(ids(fields, "stop_token_ids", model), fields.bool("ignore_eos", false));
    }

    /** How tokens are picked; without a seed, another one each time. */
    public static Sampling sampling(Fields fields, LanguageModel model) {
        int topK = (int) fields.integer("top_k", -1, Integer.MAX_VALUE).orElse(0); // some say off by −1
        fields.unsupported("presence_penalty", "frequency_penalty", "logit_bias", "typical_p");
        return new Sampling(
                fields.number("temperature", 1, 0, 2),
                Math.max(0, topK),
                fields.positive("top_p", 1, 1),
                fields.number("min_p", 0, 0, 1),
                fields.positive("repetition_penalty", 1, 10),
                seed(fields));
    }

    /** The seed, or another one each time. */
    public static long seed(Fields fields) {
        return fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE)
                .orElseGet(() -> ThreadLocalRandom.current().nextLong());
    }

    /** The strings of a field that end an answer. */
    public static List<String> stop(Fields fields, String field) {
        List<String> stop = fields.strings(field, MOST_STOPS);
        for (String each : stop) {
            if (each.isEmpty() || each.length() > LONGEST_STOP) {
                throw ApiException.invalid(
                        fields.name(field), "a string of " + each.length() + " characters, give 1 to " + LONGEST_STOP);
            }
        }
        return stop;
    }

    private static Set<Integer> ids(Fields fields, String field, LanguageModel model) {
        JsonNode value = fields.node(field);
        if (value == null) {
            return Set.of();
        }
        if (!value.isArray()) {
            throw Fields.wrongType(fields.name(field), "an array of token ids", value);
        }
        Set<Integer> ids = new HashSet<>();
        for (int i = 0; i < value.size(); i++) {
            String name = fields.name(field) + "[" + i + "]";
            ids.add((int) Fields.integer(value.get(i), name, 0, model.vocabularySize() - 1L));
        }
        return ids;
    }
}
