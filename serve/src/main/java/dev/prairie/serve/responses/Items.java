package dev.prairie.serve.responses;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Block;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Turns;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Reads {@code input}: a string, or items one after the other. Thoughts, texts and calls of the assistant are items of
 * their own here and one turn in a conversation.
 */
final class Items {
    private static final int MOST = 100_000;

    private final Turns turns;
    private final Function<String, @Nullable Block> remembered;

    /**
     * @param turns      what they are added to
     * @param remembered finds an item of an earlier answer by its id; null if it is not known
     */
    Items(Turns turns, Function<String, @Nullable Block> remembered) {
        this.turns = turns;
        this.remembered = remembered;
    }

    void read(Fields fields) {
        JsonNode input = fields.node("input");
        if (input == null) {
            throw new ApiException(
                    400,
                    "invalid_request_error",
                    "input: missing, give a string or an array of items",
                    "input",
                    "missing");
        }
        if (input.isString()) {
            turns.add(Message.user(input.stringValue()));
            return;
        }
        List<JsonNode> items = fields.array("input", MOST);
        for (int i = 0; i < items.size(); i++) {
            item(Fields.fieldsOf(items.get(i), "input[" + i + "]"));
        }
    }

    private void item(Fields item) {
        String type = item.has("type") ? item.string("type") : "message";
        switch (type) {
            case "message" -> message(item);
            case "reasoning" -> {
                String thought = text(item.node("content"), item.name("content"), "reasoning_text");
                turns.thought(
                        thought.isEmpty() ? text(item.node("summary"), item.name("summary"), "summary_text") : thought);
                item.accept("content", "summary", "encrypted_content");
            }
            case "function_call" -> {
                var call = new ToolCall(item.string("call_id"), item.string("name"), item.string("arguments"));
                turns.called(call, item.name("type"));
                item.unsupported("namespace", "async");
                item.accept("caller");
            }
            case "function_call_output" -> {
                String output = text(item.node("output"), item.name("output"), "input_text");
                turns.answered(item.string("call_id"), output, item.name("call_id"));
                item.unsupported("namespace");
                item.accept("caller", "name");
            }
            case "item_reference" -> reference(item);
            default -> throw ApiException.unsupported(item.name("type"), "\"" + type + "\" is not supported here yet");
        }
        item.accept("id", "status", "type");
        item.end();
    }

    private void message(Fields item) {
        String role = item.string("role");
        if (!item.has("content")) {
            throw ApiException.invalid(item.name("content"), "missing, give a string or an array of parts");
        }
        String content = text(
                item.node("content"), item.name("content"), role.equals("assistant") ? "output_text" : "input_text");
        switch (role) {
            case "user" -> turns.add(Message.user(content));
            // What developers say is what templates know as the system's.
            case "system", "developer" -> turns.add(Message.system(content));
            case "assistant" -> turns.said(content);
            default ->
                throw ApiException.invalid(
                        item.name("role"), "\"" + role + "\", give one of user, assistant, system, developer");
        }
        item.accept("phase");
    }

    private void reference(Fields item) {
        String id = item.string("id");
        switch (remembered.apply(id)) {
            case null -> throw ApiException.invalid(item.name("id"), "\"" + id + "\" is not remembered, give the item");
            case Block.Thinking thinking -> turns.thought(thinking.text());
            case Block.Text text -> turns.said(text.text());
            case Block.Called call -> turns.called(new ToolCall(call.id(), call.name(), call.text()), item.name("id"));
        }
    }

    /** A string, or an array of parts of that type. */
    private static String text(@Nullable JsonNode content, String name, String wanted) {
        if (content == null) {
            return "";
        }
        if (content.isString()) {
            return content.stringValue();
        }
        if (!content.isArray()) {
            throw Fields.wrongType(name, "a string or an array of parts", content);
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < content.size(); i++) {
            Fields part = Fields.fieldsOf(content.get(i), name + "[" + i + "]");
            String type = part.string("type");
            if (!type.equals(wanted) && !type.equals("text") && !type.equals("input_text")) {
                throw ApiException.unsupported(
                        part.name("type"), "\"" + type + "\", only \"" + wanted + "\" is supported here yet");
            }
            text.append(part.string("text"));
            part.accept("annotations", "logprobs", "prompt_cache_breakpoint");
            part.end();
        }
        return text.toString();
    }
}
