package dev.prairie.serve.api;

import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.serve.engine.Request;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Lease;
import dev.prairie.text.template.Conversation;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.TemplateException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * A conversation to be continued, in nobody's dialect: every surface that chats reads its clients' words into one of
 * these, and what is generated is the same whichever it was.
 *
 * @param messages  the turns so far, at least one
 * @param tools     what may be called
 * @param choice    which of them may, or must
 * @param parallel  whether one answer may hold several calls
 * @param format    what the content must look like
 * @param decoding  what is wanted of its tokens
 * @param variables that the model's template takes, such as {@code enable_thinking}
 * @param prefilled whether the last turn is the beginning of the answer, to be continued as it stands
 * @param field     where the turns came from, for errors
 * @param formatField where the format came from, for errors
 */
public record ChatOrder(
        List<Message> messages,
        List<Tool> tools,
        ToolChoice choice,
        boolean parallel,
        AnswerFormat format,
        Decoding decoding,
        Map<String, Object> variables,
        boolean prefilled,
        String field,
        String formatField) {
    public ChatOrder {
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
    }

    /** A conversation without tools, continued by plain text. */
    public static ChatOrder of(List<Message> messages, String field) {
        return new ChatOrder(
                messages,
                List.of(),
                ToolChoice.AUTO,
                true,
                AnswerFormat.TEXT,
                Decoding.DEFAULT,
                Map.of(),
                false,
                field,
                "response_format");
    }

    public ChatOrder withTools(List<Tool> offered, ToolChoice which, boolean several) {
        return new ChatOrder(
                messages, offered, which, several, format, decoding, variables, prefilled, field, formatField);
    }

    public ChatOrder withFormat(AnswerFormat value) {
        return withFormat(value, formatField);
    }

    /** The same, where the field {@code from} asked for it. */
    public ChatOrder withFormat(AnswerFormat value, String from) {
        return new ChatOrder(messages, tools, choice, parallel, value, decoding, variables, prefilled, field, from);
    }

    public ChatOrder withDecoding(Decoding value) {
        return new ChatOrder(
                messages, tools, choice, parallel, format, value, variables, prefilled, field, formatField);
    }

    public ChatOrder withVariables(Map<String, Object> value) {
        return new ChatOrder(messages, tools, choice, parallel, format, decoding, value, prefilled, field, formatField);
    }

    public ChatOrder withPrefilled(boolean value) {
        return new ChatOrder(messages, tools, choice, parallel, format, decoding, variables, value, field, formatField);
    }

    /**
     * What the model is asked.
     *
     * @throws ApiException 400 if the model's template refuses it, it does not fit, or it contradicts itself
     */
    public Generation generation(Lease lease, String tenant) {
        List<JsonNode> offered = offered(lease.chat());
        String prompt = prompt(lease.chat(), offered);
        int[] ids = ids(prompt, lease);
        Request.Builder request = decoding.request(ids, field, lease.chat().templated(), lease, tenant);
        Constraints.of(this, prompt, lease).ifPresent(request::masks);
        return new Generation(
                lease, List.of(request.build()), () -> lease.chat().replies(prompt, offered));
    }

    /** The ids of the prompt alone: for those who only count. */
    public int[] promptIds(Lease lease) {
        return ids(prompt(lease.chat(), offered(lease.chat())), lease);
    }

    /** The tools as the template is given them. */
    private List<JsonNode> offered(ChatFormat chat) {
        if (choice instanceof ToolChoice.None || tools.isEmpty()) {
            return List.of();
        }
        if (!chat.takesTools()) {
            throw ApiException.unsupported("tools", "this model's template does not write tools, leave them out");
        }
        Set<String> names = new HashSet<>();
        for (Tool tool : tools) {
            if (!names.add(tool.name())) {
                throw ApiException.invalid("tools", "two are called \"" + tool.name() + "\", give each its own name");
            }
        }
        if (choice instanceof ToolChoice.Named named && !names.contains(named.name())) {
            throw ApiException.invalid(
                    "tool_choice", "\"" + named.name() + "\" is not among the tools, give one of " + names);
        }
        return tools.stream().map(Tool::definition).toList();
    }

    private String prompt(ChatFormat chat, List<JsonNode> offered) {
        boolean begun = prefilled && messages.size() > 1;
        List<Message> turns = begun ? messages.subList(0, messages.size() - 1) : messages;
        try {
            String prompt = chat.prompt(new Conversation(turns, offered, true, variables));
            return begun ? prompt + messages.getLast().content() : prompt;
        } catch (TemplateException refused) {
            throw ApiException.invalid(field, String.valueOf(refused.getMessage()));
        }
    }

    private int[] ids(String prompt, Lease lease) {
        LanguageModel model = lease.model();
        if (lease.chat().templated()) {
            return model.encodeTemplated(prompt);
        }
        try {
            return model.encode(prompt);
        } catch (IllegalArgumentException e) { // a vocabulary of characters does not have every character
            throw ApiException.invalid(field, String.valueOf(e.getMessage()));
        }
    }
}
