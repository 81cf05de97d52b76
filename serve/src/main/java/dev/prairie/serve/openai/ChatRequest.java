package dev.prairie.serve.openai;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.ChatOrder;
import dev.prairie.serve.api.Decoding;
import dev.prairie.serve.api.DecodingFields;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Tool;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Lease;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads {@code POST /v1/chat/completions}. */
final class ChatRequest {
    private ChatRequest() {}

    static Wanted read(Fields fields, Lease lease, String tenant) {
        Streaming streaming = Streaming.read(fields);
        int alternatives = alternatives(fields);
        Decoding decoding = DecodingFields.read(fields, lease.model())
                .withMaxTokens(maxTokens(fields))
                .withScores(alternatives, false);
        List<Tool> tools = ToolFields.tools(fields);
        ChatOrder order = ChatOrder.of(Messages.read(fields, lease.chat().takesTools()), "messages")
                .withTools(tools, ToolFields.choice(fields, tools), fields.bool("parallel_tool_calls", true))
                .withFormat(FormatFields.read(fields))
                .withDecoding(decoding)
                .withVariables(variables(fields, lease.chat()))
                .withPrefilled(prefilled(fields));
        refuseWhatChatCannot(fields);
        Wanted.acceptHarmless(fields);
        fields.end();
        return new Wanted(
                order.generation(lease, tenant),
                new ChatForm(lease.model(), decoding.choices(), alternatives >= 0),
                streaming);
    }

    private static OptionalLong maxTokens(Fields fields) {
        OptionalLong maxTokens = fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        OptionalLong older = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
        if (maxTokens.isPresent() && older.isPresent() && !maxTokens.equals(older)) {
            throw ApiException.invalid(
                    "max_tokens",
                    older.getAsLong() + ", but max_completion_tokens is " + maxTokens.getAsLong()
                            + "; give one of them");
        }
        return maxTokens.isPresent() ? maxTokens : older;
    }

    /** How many alternatives are told with each token's log-probability; −1 tells none of it. */
    private static int alternatives(Fields fields) {
        boolean wanted = fields.bool("logprobs", false);
        OptionalLong top = fields.integer("top_logprobs", 0, 20);
        if (!wanted && top.orElse(0) > 0) {
            throw ApiException.invalid("top_logprobs", top.getAsLong() + ", only with \"logprobs\": true");
        }
        return wanted ? (int) top.orElse(0) : -1;
    }

    private static Map<String, Object> variables(Fields fields, ChatFormat format) {
        Map<String, Object> variables = new LinkedHashMap<>();
        if (fields.has("reasoning_effort") && format.takes("reasoning_effort")) {
            variables.put("reasoning_effort", fields.string("reasoning_effort"));
        } else if (fields.has("reasoning_effort") && format.takes("enable_thinking")) {
            variables.put("enable_thinking", !fields.string("reasoning_effort").equals("none"));
        } else {
            fields.unsupported("reasoning_effort");
        }
        if (format.templated()) { // as other servers call it
            Fields more = fields.fields("chat_template_kwargs");
            if (more != null) {
                variables.putAll(more.all());
            }
        }
        return variables;
    }

    /** Whether the last message is continued, as other servers offer it: then nothing asks for another turn. */
    private static boolean prefilled(Fields fields) {
        boolean prefilled = fields.bool("continue_final_message", false);
        boolean another = fields.bool("add_generation_prompt", !prefilled);
        if (prefilled == another) {
            throw ApiException.invalid(
                    "add_generation_prompt", another + ", but so is continue_final_message; give one of them");
        }
        return prefilled;
    }

    private static void refuseWhatChatCannot(Fields fields) {
        fields.unsupported("functions", "audio", "prediction", "web_search_options", "verbosity");
        JsonNode call = fields.node("function_call");
        if (call != null && !is(call, "none") && !is(call, "auto")) {
            throw ApiException.unsupported("function_call", "functions are called tools now, use tool_choice");
        }
        JsonNode modalities = fields.node("modalities");
        if (modalities != null && !(modalities.size() == 1 && is(modalities.path(0), "text"))) {
            throw ApiException.unsupported("modalities", "only [\"text\"] is supported yet");
        }
    }

    private static boolean is(@Nullable JsonNode value, String text) {
        return value != null && value.isString() && value.stringValue().equals(text);
    }
}
