package dev.prairie.serve.responses;

import dev.prairie.serve.api.AnswerFormat;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.ChatOrder;
import dev.prairie.serve.api.Decoding;
import dev.prairie.serve.api.DecodingFields;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Turns;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Lease;
import dev.prairie.text.template.Message;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a request for a response asks for, checked. Fields:
 * <a href="https://platform.openai.com/docs/api-reference/responses">OpenAI's reference</a>.
 *
 * @param order   what is generated
 * @param turns   the conversation so far, instructions left out
 * @param echoed  fields that the response repeats
 * @param stream  whether the answer comes in events
 * @param store   whether it is remembered
 */
record ResponseRequest(
        ChatOrder order, List<Message> turns, Map<String, Object> echoed, boolean stream, boolean store) {
    private static final List<String> INCLUDABLE = List.of("reasoning.encrypted_content");

    static ResponseRequest read(Fields fields, Lease lease, StoredResponses stored, String tenant) {
        List<Message> turns = turns(fields, lease.chat(), stored, tenant);
        ChatOrder order = order(fields, lease, turns);
        Decoding decoding = Decoding.DEFAULT
                .withSampling(DecodingFields.sampling(fields, lease.model()))
                .withMaxTokens(fields.integer("max_output_tokens", 1, Integer.MAX_VALUE));
        boolean stream = fields.bool("stream", false);
        boolean store = fields.bool("store", true);
        Fields options = fields.fields("stream_options");
        if (options != null) {
            options.accept("include_obfuscation");
            options.end();
        }
        for (String include : fields.strings("include", 10)) {
            if (!INCLUDABLE.contains(include)) {
                throw ApiException.unsupported(
                        "include", "\"" + include + "\", only " + INCLUDABLE + " is supported yet");
            }
        }
        fields.unsupported(
                "background", "conversation", "prompt", "context_management", "moderation", "top_logprobs", "image");
        fields.accept(
                "max_tool_calls",
                "service_tier",
                "safety_identifier",
                "prompt_cache_key",
                "prompt_cache_retention",
                "prompt_cache_options",
                "access_programs");
        Map<String, Object> echoed = echoed(fields);
        fields.end();
        return new ResponseRequest(order.withDecoding(decoding), turns, echoed, stream, store);
    }

    /** The tokens of the prompt that a response would have. */
    static int count(Fields fields, Lease lease, StoredResponses stored, String tenant) {
        ChatOrder order = order(fields, lease, turns(fields, lease.chat(), stored, tenant));
        fields.accept("truncation", "conversation");
        fields.end();
        return order.promptIds(lease).length;
    }

    private static List<Message> turns(Fields fields, ChatFormat chat, StoredResponses stored, String tenant) {
        Turns turns = new Turns(chat.takesTools());
        if (fields.has("previous_response_id")) {
            String id = fields.string("previous_response_id");
            turns.add(stored.find(tenant, id)
                    .orElseThrow(() -> new ApiException(
                            400,
                            "invalid_request_error",
                            "previous_response_id: \"" + id + "\" is not remembered, give its items as input",
                            "previous_response_id",
                            "previous_response_not_found"))
                    .turns());
        }
        new Items(turns, id -> stored.item(tenant, id).orElse(null)).read(fields);
        return turns.messages("input");
    }

    private static ChatOrder order(Fields fields, Lease lease, List<Message> turns) {
        List<Message> all = new ArrayList<>();
        String instructions = fields.text("instructions");
        if (!instructions.isEmpty()) {
            all.add(Message.system(instructions));
        }
        all.addAll(turns);
        return FunctionTools.read(
                fields,
                ChatOrder.of(all, "input")
                        .withFormat(format(fields), "text.format")
                        .withVariables(variables(fields, lease.chat())));
    }

    private static AnswerFormat format(Fields fields) {
        Fields text = fields.fields("text");
        if (text == null) {
            return AnswerFormat.TEXT;
        }
        text.accept("verbosity");
        Fields format = text.fields("format");
        text.end();
        if (format == null) {
            return AnswerFormat.TEXT;
        }
        String type = format.string("type");
        JsonNode schema = format.node("schema");
        format.accept("name", "description", "strict");
        format.end();
        return switch (type) {
            case "text" -> AnswerFormat.TEXT;
            case "json_object" -> AnswerFormat.JSON_OBJECT;
            case "json_schema" -> {
                if (schema == null) {
                    throw ApiException.invalid("text.format.schema", "missing, give a JSON Schema");
                }
                yield new AnswerFormat.JsonSchema(schema);
            }
            default ->
                throw ApiException.unsupported(
                        "text.format.type", "\"" + type + "\", give text, json_object or json_schema");
        };
    }

    /** How much to think, for a template that can be told. */
    private static Map<String, Object> variables(Fields fields, ChatFormat chat) {
        Map<String, Object> variables = new HashMap<>();
        Fields reasoning = fields.fields("reasoning");
        if (reasoning != null) {
            String effort = reasoning.text("effort");
            reasoning.accept("summary", "generate_summary", "context", "mode");
            reasoning.end();
            if (effort.equals("none") && chat.takes("enable_thinking")) {
                variables.put("enable_thinking", false);
            } else if (!effort.isEmpty() && chat.takes("reasoning_effort")) {
                variables.put("reasoning_effort", level(effort));
            }
        }
        return variables;
    }

    /** Templates know three levels. */
    private static String level(String effort) {
        return switch (effort) {
            case "none", "minimal" -> "low";
            case "xhigh", "max" -> "high";
            default -> effort;
        };
    }

    private static Map<String, Object> echoed(Fields fields) {
        Map<String, Object> reasoning = Json.object("effort", null, "summary", null);
        Fields given = fields.fields("reasoning");
        if (given != null) {
            reasoning.putAll(given.all());
        }
        Map<String, Object> text = Json.object("format", Json.object("type", "text"));
        Fields wanted = fields.fields("text");
        if (wanted != null) {
            text.putAll(wanted.all());
        }
        return Json.object(
                "instructions",
                fields.node("instructions"),
                "max_output_tokens",
                fields.node("max_output_tokens"),
                "metadata",
                otherwise(fields.node("metadata"), Map.of()),
                "parallel_tool_calls",
                otherwise(fields.node("parallel_tool_calls"), true),
                "previous_response_id",
                fields.node("previous_response_id"),
                "reasoning",
                reasoning,
                "store",
                otherwise(fields.node("store"), true),
                "temperature",
                otherwise(fields.node("temperature"), 1),
                "text",
                text,
                "tool_choice",
                otherwise(fields.node("tool_choice"), "auto"),
                "tools",
                fields.array("tools", Integer.MAX_VALUE).stream()
                        .map(tool -> tool(Fields.fieldsOf(tool, "tools")))
                        .toList(),
                "top_p",
                otherwise(fields.node("top_p"), 1),
                "truncation",
                otherwise(fields.node("truncation"), "disabled"), // nothing is ever cut: what is too long is an error
                "user",
                fields.node("user"));
    }

    private static Map<String, Object> tool(Fields given) {
        Map<String, Object> tool = Json.object("parameters", null, "strict", false);
        tool.putAll(given.all());
        return tool;
    }

    private static Object otherwise(@Nullable Object value, Object otherwise) {
        return value == null ? otherwise : value;
    }
}
