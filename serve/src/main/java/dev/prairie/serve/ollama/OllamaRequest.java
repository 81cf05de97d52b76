package dev.prairie.serve.ollama;

import dev.prairie.serve.api.AnswerFormat;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.ChatOrder;
import dev.prairie.serve.api.Constraints;
import dev.prairie.serve.api.Decoding;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Generation;
import dev.prairie.serve.api.Tool;
import dev.prairie.serve.api.ToolChoice;
import dev.prairie.serve.engine.Request;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Lease;
import dev.prairie.text.reply.ReplyParser;
import dev.prairie.text.template.Message;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What a chat or a generation asks for, checked. Fields: <a href="https://docs.ollama.com/api">Ollama's reference</a>. An
 * answer that reaches the end of the context ends there.
 *
 * @param generation empty where the model is only to be loaded
 */
record OllamaRequest(Optional<Generation> generation, boolean stream) {
    private static final int MOST_TOOLS = 128;

    /** Reads {@code POST /api/chat}. */
    static OllamaRequest chat(Fields fields, Lease lease, String tenant) {
        List<JsonNode> messages = ChatTurns.messages(fields);
        Decoding decoding = Options.read(fields);
        List<Tool> tools = tools(fields);
        AnswerFormat format = format(fields);
        Map<String, Object> variables = variables(fields, lease.chat());
        boolean stream = finish(fields, messages.isEmpty());
        if (messages.isEmpty()) {
            return new OllamaRequest(Optional.empty(), stream);
        }
        List<Message> turns = new ChatTurns(lease.chat().takesTools()).read(messages);
        Message last = turns.getLast();
        boolean prefilled = last.role().equals("assistant") && last.toolCalls().isEmpty();
        ChatOrder order = ChatOrder.of(turns, "messages")
                .withTools(tools, ToolChoice.AUTO, true)
                .withFormat(format, "format")
                .withDecoding(decoding)
                .withVariables(variables)
                .withPrefilled(prefilled);
        return new OllamaRequest(Optional.of(order.generation(lease, tenant)), stream);
    }

    /** Reads {@code POST /api/generate}. */
    static OllamaRequest generate(Fields fields, Lease lease, String tenant) {
        String prompt = fields.text("prompt");
        String system = fields.text("system");
        boolean raw = fields.bool("raw", false);
        Decoding decoding = Options.read(fields);
        AnswerFormat format = format(fields);
        Map<String, Object> variables = variables(fields, lease.chat());
        fields.unsupported("suffix", "images", "template", "context");
        boolean stream = finish(fields, prompt.isEmpty());
        if (prompt.isEmpty()) {
            return new OllamaRequest(Optional.empty(), stream);
        }
        if (raw) {
            return new OllamaRequest(Optional.of(raw(prompt, format, decoding, lease, tenant)), stream);
        }
        List<Message> turns = new ArrayList<>();
        if (!system.isEmpty()) {
            turns.add(Message.system(system));
        }
        turns.add(Message.user(prompt));
        ChatOrder order = ChatOrder.of(turns, "prompt")
                .withFormat(format, "format")
                .withDecoding(decoding)
                .withVariables(variables);
        return new OllamaRequest(Optional.of(order.generation(lease, tenant)), stream);
    }

    /** The prompt as it stands: whoever writes it writes the model's special tokens too. */
    private static Generation raw(String prompt, AnswerFormat format, Decoding decoding, Lease lease, String tenant) {
        boolean marked = lease.chat().templated();
        int[] ids;
        try {
            ids = marked ? lease.model().encodeTemplated(prompt) : lease.model().encode(prompt);
        } catch (IllegalArgumentException e) { // a vocabulary of characters does not have every character
            throw ApiException.invalid("prompt", String.valueOf(e.getMessage()));
        }
        Request.Builder request = decoding.request(ids, "prompt", marked, lease, tenant);
        Constraints.of(format, "format", lease).ifPresent(request::masks);
        return new Generation(lease, List.of(request.build()), ReplyParser::plain);
    }

    /** What both share; the fields end here. */
    private static boolean finish(Fields fields, boolean loadOnly) {
        JsonNode keep = fields.node("keep_alive");
        if (loadOnly && keep != null && keep.isNumber() && keep.doubleValue() == 0) {
            throw ApiException.unsupported(
                    "keep_alive", "a model leaves memory by the server's own idle limit, not by request");
        }
        boolean stream = fields.bool("stream", true);
        fields.unsupported("logprobs", "top_logprobs");
        fields.accept("truncate", "shift"); // nothing is ever cut: what is too long is an error
        fields.end();
        return stream;
    }

    private static List<Tool> tools(Fields fields) {
        List<Tool> tools = new ArrayList<>();
        List<JsonNode> given = fields.array("tools", MOST_TOOLS);
        for (int i = 0; i < given.size(); i++) {
            Fields tool = Fields.fieldsOf(given.get(i), "tools[" + i + "]");
            Fields function = tool.fields("function");
            if (function == null) {
                throw ApiException.invalid(tool.name("function"), "missing, give one with a name and parameters");
            }
            String name = Tool.name(function.string("name"), function.name("name"));
            String description = function.has("description") ? function.string("description") : null;
            tools.add(Tool.of(name, description, function.node("parameters"), function.bool("strict", false)));
            function.end();
            tool.accept("type", "items");
            tool.end();
        }
        return tools;
    }

    private static AnswerFormat format(Fields fields) {
        JsonNode format = fields.node("format");
        if (format == null || (format.isString() && format.stringValue().isEmpty())) {
            return AnswerFormat.TEXT;
        }
        if (format.isObject()) {
            return new AnswerFormat.JsonSchema(format);
        }
        if (format.isString() && format.stringValue().equals("json")) {
            return AnswerFormat.JSON_OBJECT;
        }
        throw ApiException.invalid("format", format + ", give \"json\" or a JSON Schema");
    }

    /** Whether, or how much, to think. */
    private static Map<String, Object> variables(Fields fields, ChatFormat chat) {
        Map<String, Object> variables = new HashMap<>();
        JsonNode think = fields.node("think");
        if (think == null) {
            return variables;
        }
        if (!think.isBoolean()
                && !(think.isString() && List.of("low", "medium", "high").contains(think.stringValue()))) {
            throw ApiException.invalid("think", think + ", give true, false, \"low\", \"medium\" or \"high\"");
        }
        boolean wanted = !think.isBoolean() || think.booleanValue();
        if (wanted && !thinks(chat)) {
            throw ApiException.unsupported("think", "this model's template knows of no thinking, leave it out");
        }
        if (chat.takes("enable_thinking")) {
            variables.put("enable_thinking", wanted);
        }
        if (think.isString() && chat.takes("reasoning_effort")) {
            variables.put("reasoning_effort", think.stringValue());
        }
        return variables;
    }

    /** Whether a model of this template thinks before it answers. */
    static boolean thinks(ChatFormat chat) {
        return chat.takes("enable_thinking")
                || chat.takes("reasoning_effort")
                || chat.takes("<think>")
                || chat.takes("reasoning_content");
    }
}
