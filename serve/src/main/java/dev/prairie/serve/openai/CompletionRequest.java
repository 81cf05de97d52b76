package dev.prairie.serve.openai;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Constraints;
import dev.prairie.serve.api.Decoding;
import dev.prairie.serve.api.DecodingFields;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Generation;
import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.serve.engine.Request;
import dev.prairie.serve.openai.CompletionForm.Prompt;
import dev.prairie.serve.openai.CompletionForm.Shown;
import dev.prairie.serve.resident.Lease;
import dev.prairie.text.grammar.TokenMasks;
import dev.prairie.text.reply.ReplyParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Reads {@code POST /v1/completions}. A prompt of token ids is used as it is: no beginning token is put before it, and one
 * that is too long is refused, never cut, as measuring programs such as lm-evaluation-harness need it.
 */
final class CompletionRequest {
    /** More prompts than this in one request are a mistake. */
    private static final int MOST_PROMPTS = 1_024;

    private final Fields fields;
    private final Lease lease;
    private final LanguageModel model;

    private CompletionRequest(Fields fields, Lease lease) {
        this.fields = fields;
        this.lease = lease;
        this.model = lease.model();
    }

    static Wanted read(Fields fields, Lease lease, String tenant) {
        return new CompletionRequest(fields, lease).read(tenant);
    }

    private Wanted read(String tenant) {
        Streaming streaming = Streaming.read(fields);
        Decoding decoding =
                DecodingFields.read(fields, model).withMaxTokens(fields.integer("max_tokens", 0, Integer.MAX_VALUE));
        Shown shown = shown(decoding.choices(), streaming);
        int alternatives = (int) fields.integer("logprobs", 0, 20).orElse(shown.bestOf() > shown.n() ? 0 : -1);
        boolean promptOnly = decoding.maxTokens().orElse(1) == 0;
        Decoding wanted = decoding.withChoices(shown.bestOf())
                .withScores(alternatives, promptOnly || (shown.echoed() && shown.scored()));
        List<Prompt> prompts = prompts(wanted);
        Optional<TokenMasks> masks = Constraints.of(FormatFields.read(fields), "response_format", lease);
        fields.unsupported("suffix");
        Wanted.acceptHarmless(fields);
        fields.end();
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            Request.Builder request = wanted.request(prompts.get(i).ids(), name(i), false, lease, tenant);
            masks.ifPresent(request::masks);
            requests.add(request.build());
        }
        return new Wanted(
                new Generation(lease, requests, ReplyParser::plain),
                new CompletionForm(model, prompts, shown),
                streaming);
    }

    private Shown shown(int n, Streaming streaming) {
        int bestOf = (int) fields.integer("best_of", 1, 128).orElse(n);
        if (bestOf < n) {
            throw ApiException.invalid("best_of", bestOf + ", but n is " + n + "; give at least as many");
        }
        if (bestOf > n && streaming.wanted()) {
            throw ApiException.invalid(
                    "best_of", bestOf + ", but n is " + n + ": the best are known at the end only, do not stream");
        }
        return new Shown(n, bestOf, fields.bool("echo", false), fields.has("logprobs"));
    }

    /** The field that holds prompt number {@code i}. */
    private String name(int i) {
        JsonNode prompt = fields.node("prompt");
        return prompt != null && isListOfPrompts(prompt) ? "prompt[" + i + "]" : "prompt";
    }

    private List<Prompt> prompts(Decoding decoding) {
        JsonNode prompt = fields.node("prompt");
        if (prompt == null) {
            throw new ApiException(
                    400, "invalid_request_error", "prompt: missing, give a string or token ids", "prompt", "missing");
        }
        if (!isListOfPrompts(prompt)) {
            return List.of(prompt(prompt, "prompt", decoding));
        }
        if (prompt.isEmpty() || prompt.size() > MOST_PROMPTS) {
            throw ApiException.invalid("prompt", prompt.size() + " prompts in an array, give 1 to " + MOST_PROMPTS);
        }
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < prompt.size(); i++) {
            prompts.add(prompt(prompt.get(i), "prompt[" + i + "]", decoding));
        }
        return prompts;
    }

    private static boolean isListOfPrompts(JsonNode prompt) {
        return prompt.isArray() && (prompt.isEmpty() || !prompt.get(0).isNumber());
    }

    private Prompt prompt(JsonNode value, String name, Decoding decoding) {
        if (value.isString()) {
            try {
                return new Prompt(model.encode(value.stringValue()), value.stringValue());
            } catch (IllegalArgumentException e) { // a vocabulary of characters does not have every character
                throw ApiException.invalid(name, String.valueOf(e.getMessage()));
            }
        }
        if (!value.isArray()) {
            throw Fields.wrongType(name, "a string or token ids", value);
        }
        if (value.size() > model.contextLength()) {
            throw decoding.tooLong(value.size(), name, lease);
        }
        int[] ids = new int[value.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) Fields.integer(value.get(i), name + "[" + i + "]", 0, model.vocabularySize() - 1L);
        }
        return new Prompt(ids, model.decode(ids));
    }
}
