package dev.prairie.serve.anthropic;

import dev.prairie.serve.api.AnswerFormat;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.ChatOrder;
import dev.prairie.serve.api.Decoding;
import dev.prairie.serve.api.DecodingFields;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Generation;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Lease;
import dev.prairie.text.template.Message;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import tools.jackson.databind.JsonNode;

/**
 * What a request for a message asks for, checked. Fields:
 * <a href="https://docs.anthropic.com/en/api/messages">Anthropic's reference</a>. An answer that reaches the end of the
 * context before {@code maxTokens} ends there and says so.
 *
 * @param maxTokens      that were asked for; what fits may be less
 * @param omitsThinking  whether thoughts are shown as empty blocks
 */
record MessagesRequest(Generation generation, long maxTokens, boolean stream, boolean omitsThinking) {
    static MessagesRequest read(Fields fields, Lease lease, String tenant) {
        ChatOrder order = order(fields, lease);
        OptionalLong maxTokens = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
        if (maxTokens.isEmpty()) {
            throw new ApiException(
                    400, "invalid_request_error", "max_tokens: missing, give a number", "max_tokens", "missing");
        }
        Decoding decoding = Decoding.DEFAULT
                .withSampling(DecodingFields.sampling(fields, lease.model()))
                .withStop(DecodingFields.stop(fields, "stop_sequences"))
                .withMaxTokensThatFit(maxTokens);
        boolean stream = fields.bool("stream", false);
        Fields thinking = fields.fields("thinking");
        boolean omits = thinking != null && thinking.text("display").equals("omitted");
        fields.accept("metadata", "service_tier", "diagnostics");
        fields.unsupported("container", "mcp_servers", "context_management");
        fields.end();
        return new MessagesRequest(
                order.withDecoding(decoding).generation(lease, tenant), maxTokens.getAsLong(), stream, omits);
    }

    /** What messages and counted messages share: all that becomes the prompt. */
    static ChatOrder order(Fields fields, Lease lease) {
        List<Message> turns = new Conversations(lease.chat().takesTools()).read(fields);
        boolean prefilled = turns.getLast().role().equals("assistant")
                && turns.getLast().toolCalls().isEmpty();
        ChatOrder order = ToolFields.read(
                fields,
                ChatOrder.of(turns, "messages")
                        .withPrefilled(prefilled)
                        .withVariables(variables(fields, lease.chat()))
                        .withFormat(format(fields), "output_config.format"));
        fields.accept("cache_control", "speed", "inference_geo", "user_profile_id", "workspace_id");
        return order;
    }

    /** How much to think, for a template that can be told. A budget is taken as the wish to think at all. */
    private static Map<String, Object> variables(Fields fields, ChatFormat chat) {
        Map<String, Object> variables = new HashMap<>();
        Fields thinking = fields.fields("thinking");
        if (thinking != null) {
            String type = thinking.string("type");
            if (!List.of("enabled", "disabled", "adaptive", "between_tools").contains(type)) {
                throw ApiException.invalid(
                        thinking.name("type"), "\"" + type + "\", give enabled, disabled or adaptive");
            }
            thinking.integer("budget_tokens", 1, Integer.MAX_VALUE);
            thinking.accept("display");
            thinking.end();
            if (!type.equals("adaptive") && chat.takes("enable_thinking")) {
                variables.put("enable_thinking", !type.equals("disabled"));
            }
        }
        Fields config = fields.fields("output_config");
        if (config != null && config.has("effort") && chat.takes("reasoning_effort")) {
            String effort = config.string("effort");
            variables.put("reasoning_effort", effort.equals("xhigh") || effort.equals("max") ? "high" : effort);
        }
        return variables;
    }

    private static AnswerFormat format(Fields fields) {
        Fields config = fields.fields("output_config");
        if (config == null) {
            return AnswerFormat.TEXT;
        }
        config.accept("effort");
        config.unsupported("task_budget");
        Fields format = config.fields("format");
        config.end();
        if (format == null) {
            return AnswerFormat.TEXT;
        }
        String type = format.string("type");
        JsonNode schema = format.node("schema");
        if (!type.equals("json_schema") || schema == null) {
            throw ApiException.invalid(
                    format.name("type"), "\"" + type + "\", give {\"type\": \"json_schema\", \"schema\": {…}}");
        }
        format.end();
        return new AnswerFormat.JsonSchema(schema);
    }
}
