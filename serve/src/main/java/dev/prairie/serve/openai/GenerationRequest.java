package dev.prairie.serve.openai;

import dev.prairie.model.generate.Sampling;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Generation;
import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.serve.engine.Request;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Lease;
import dev.prairie.text.reply.ReplyParser;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a completion or chat request asks for, checked. Fields and ranges:
 * <a href="https://platform.openai.com/docs/api-reference">OpenAI's reference</a>; {@code top_k}, {@code min_p} and
 * {@code repetition_penalty} are extensions under the names that other servers gave them.
 *
 * @param echoes the text to show before each prompt's answers
 * @param n      answers for each prompt
 */
record GenerationRequest(
        Wire wire, Generation generation, List<String> echoes, int n, boolean stream, boolean includeUsage) {
    /** More answers than this in one request are a mistake. */
    private static final int MOST_PROMPTS = 128;

    private static final int LONGEST_STOP = 1_000;

    /** One prompt, the number of tokens to add, and the text to show before them. */
    record Prompt(int[] ids, int maxTokens, String echo) {}

    /** Reads {@code POST /v1/completions}. */
    static GenerationRequest completion(Fields fields, Lease lease, String tenant) {
        LanguageModel model = lease.model();
        OptionalLong maxTokens = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
        boolean echo = fields.bool("echo", false);
        JsonNode prompt = fields.node("prompt");
        if (prompt == null) {
            throw new ApiException(
                    400, "invalid_request_error", "prompt: missing, give a string or token ids", "prompt", "missing");
        }
        List<Prompt> prompts = new ArrayList<>();
        if (isListOfPrompts(prompt)) {
            if (prompt.isEmpty() || prompt.size() > MOST_PROMPTS) {
                throw ApiException.invalid("prompt", prompt.size() + " prompts in an array, give 1 to " + MOST_PROMPTS);
            }
            for (int i = 0; i < prompt.size(); i++) {
                prompts.add(prompt(prompt.get(i), "prompt[" + i + "]", maxTokens, echo, model));
            }
        } else {
            prompts.add(prompt(prompt, "prompt", maxTokens, echo, model));
        }
        if (fields.has("logprobs")) { // here even 0 asks for something
            throw ApiException.unsupported("logprobs", "not supported yet, leave it out");
        }
        JsonNode bestOf = fields.node("best_of");
        if (bestOf != null && !(bestOf.isIntegralNumber() && bestOf.longValue() == 1)) {
            throw ApiException.unsupported("best_of", "not supported yet, leave it out");
        }
        fields.unsupported("suffix");
        return finish(Wire.COMPLETION, lease, tenant, prompts, fields, false, ReplyParser::plain);
    }

    /** Reads {@code POST /v1/chat/completions}. */
    static GenerationRequest chat(Fields fields, Lease lease, String tenant) {
        LanguageModel model = lease.model();
        ChatFormat format = lease.chat();
        OptionalLong maxTokens = fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        OptionalLong older = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
        if (maxTokens.isPresent() && older.isPresent() && !maxTokens.equals(older)) {
            throw ApiException.invalid(
                    "max_tokens",
                    older.getAsLong() + ", but max_completion_tokens is " + maxTokens.getAsLong()
                            + "; give one of them");
        }
        ChatRequest chat = ChatRequest.read(fields, format);
        refuseWhatChatCannot(fields);
        int[] ids =
                format.templated() ? model.encodeTemplated(chat.prompt()) : encode("messages", chat.prompt(), model);
        Prompt prompt = prompt("messages", ids, maxTokens.isPresent() ? maxTokens : older, "", model);
        Supplier<ReplyParser> replies = () -> format.replies(chat.prompt(), chat.tools());
        return finish(Wire.CHAT, lease, tenant, List.of(prompt), fields, format.templated(), replies);
    }

    private static void refuseWhatChatCannot(Fields fields) {
        fields.accept("parallel_tool_calls");
        fields.unsupported(
                "functions", "logprobs", "top_logprobs", "audio", "prediction", "web_search_options", "verbosity");
        JsonNode call = fields.node("function_call");
        if (call != null && !is(call, "none") && !is(call, "auto")) {
            throw ApiException.unsupported("function_call", "functions are not supported yet, leave it out");
        }
        JsonNode format = fields.node("response_format");
        if (format != null && !is(format.path("type"), "text")) {
            throw ApiException.unsupported("response_format", "only {\"type\": \"text\"} is supported yet");
        }
        JsonNode modalities = fields.node("modalities");
        if (modalities != null && !(modalities.size() == 1 && is(modalities.path(0), "text"))) {
            throw ApiException.unsupported("modalities", "only [\"text\"] is supported yet");
        }
    }

    /** The fields that both kinds share. */
    private static GenerationRequest finish(
            Wire wire,
            Lease lease,
            String tenant,
            List<Prompt> prompts,
            Fields fields,
            boolean marked,
            Supplier<ReplyParser> replies) {
        long seed = fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE)
                .orElseGet(() -> ThreadLocalRandom.current().nextLong());
        Sampling sampling = new Sampling(
                fields.number("temperature", 1, 0, 2),
                (int) fields.integer("top_k", 0, Integer.MAX_VALUE).orElse(0),
                fields.positive("top_p", 1, 1),
                fields.number("min_p", 0, 0, 1),
                fields.positive("repetition_penalty", 1, 10),
                seed);
        List<String> stop = fields.strings("stop", 4);
        for (String each : stop) {
            if (each.isEmpty() || each.length() > LONGEST_STOP) {
                throw ApiException.invalid(
                        "stop", "a string of " + each.length() + " characters, give 1 to " + LONGEST_STOP);
            }
        }
        int n = (int) fields.integer("n", 1, 8).orElse(1);
        boolean stream = fields.bool("stream", false);
        boolean includeUsage = streamOptions(fields, stream);
        fields.unsupported("frequency_penalty", "presence_penalty", "logit_bias");
        fields.accept(
                "user",
                "metadata",
                "store",
                "service_tier",
                "safety_identifier",
                "prompt_cache_key",
                "prompt_cache_retention");
        fields.end();
        List<Request> requests = prompts.stream()
                .map(prompt -> Request.builder(prompt.ids(), prompt.maxTokens())
                        .sampling(sampling)
                        .choices(n)
                        .stop(stop)
                        .marked(marked)
                        .adapter(lease.adapter())
                        .tenant(tenant)
                        .build())
                .toList();
        List<String> echoes = prompts.stream().map(Prompt::echo).toList();
        return new GenerationRequest(wire, new Generation(lease, requests, replies), echoes, n, stream, includeUsage);
    }

    private static boolean streamOptions(Fields fields, boolean stream) {
        Fields options = fields.fields("stream_options");
        if (options == null) {
            return false;
        }
        if (!stream) {
            throw ApiException.invalid("stream_options", "only with \"stream\": true");
        }
        boolean includeUsage = options.bool("include_usage", false);
        options.accept("include_obfuscation");
        options.end();
        return includeUsage;
    }

    private static boolean isListOfPrompts(JsonNode prompt) {
        return prompt.isArray() && (prompt.isEmpty() || !prompt.get(0).isNumber());
    }

    private static Prompt prompt(
            JsonNode value, String name, OptionalLong maxTokens, boolean echo, LanguageModel model) {
        if (value.isString()) {
            String text = value.stringValue();
            return prompt(name, encode(name, text, model), maxTokens, echo ? text : "", model);
        }
        if (!value.isArray()) {
            throw Fields.wrongType(name, "a string or token ids", value);
        }
        if (value.size() >= model.contextLength()) {
            throw tooLong(name, value.size(), maxTokens, model);
        }
        int[] ids = new int[value.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) Fields.integer(value.get(i), name + "[" + i + "]", 0, model.vocabularySize() - 1L);
        }
        return prompt(name, ids, maxTokens, echo ? model.decode(ids) : "", model);
    }

    private static Prompt prompt(String name, int[] ids, OptionalLong maxTokens, String echo, LanguageModel model) {
        if (ids.length == 0) {
            throw ApiException.invalid(name, "empty, give at least one token");
        }
        long room = (long) model.contextLength() - ids.length;
        if (room < maxTokens.orElse(1)) {
            throw tooLong(name, ids.length, maxTokens, model);
        }
        return new Prompt(ids, (int) maxTokens.orElse(room), echo);
    }

    private static int[] encode(String name, String text, LanguageModel model) {
        try {
            return model.encode(text);
        } catch (IllegalArgumentException e) { // a vocabulary of characters does not have every character
            throw ApiException.invalid(name, String.valueOf(e.getMessage()));
        }
    }

    private static ApiException tooLong(String name, int length, OptionalLong maxTokens, LanguageModel model) {
        String asked =
                maxTokens.isPresent() ? maxTokens.getAsLong() + " more are asked for" : "at least 1 more is needed";
        return new ApiException(
                400,
                "invalid_request_error",
                "This model's maximum context length is " + model.contextLength() + " tokens, but the prompt has "
                        + length + " and " + asked + "; shorten one of them.",
                name,
                "context_length_exceeded");
    }

    private static boolean is(@Nullable JsonNode value, String text) {
        return value != null && value.isString() && value.stringValue().equals(text);
    }
}
