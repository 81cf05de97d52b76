package dev.prairie.serve.anthropic;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Turns;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Reads {@code system} and {@code messages}: content is a string or a list of blocks, and what tools answered stands in
 * the user's turns. Turns of the same role that follow each other are one.
 */
final class Conversations {
    private static final int MOST = 100_000;

    private final Turns turns;

    Conversations(boolean tools) {
        turns = new Turns(tools);
    }

    List<Message> read(Fields fields) {
        JsonNode system = fields.node("system");
        if (system != null) {
            String text = text(system, "system");
            if (!text.isEmpty()) {
                turns.add(Message.system(text));
            }
        }
        if (!fields.has("messages")) {
            throw new ApiException(
                    400,
                    "invalid_request_error",
                    "messages: missing, give an array of messages",
                    "messages",
                    "missing");
        }
        List<JsonNode> messages = fields.array("messages", MOST);
        if (messages.isEmpty()) {
            throw ApiException.invalid("messages", "empty, give at least one message");
        }
        for (int i = 0; i < messages.size(); i++) {
            message(Fields.fieldsOf(messages.get(i), "messages[" + i + "]"));
        }
        return turns.messages("messages");
    }

    private void message(Fields message) {
        String role = message.string("role");
        JsonNode content = message.node("content");
        String name = message.name("content");
        if (content == null) {
            throw ApiException.invalid(name, "missing, give a string or an array of blocks");
        }
        message.end();
        switch (role) {
            case "system" -> turns.add(Message.system(text(content, name)));
            case "user" -> user(content, name);
            case "assistant" -> assistant(content, name);
            default -> throw ApiException.invalid(message.name("role"), "\"" + role + "\", give user or assistant");
        }
    }

    private void user(JsonNode content, String name) {
        if (!content.isArray()) {
            turns.user(text(content, name));
            return;
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < content.size(); i++) {
            Fields block = Fields.fieldsOf(content.get(i), name + "[" + i + "]");
            switch (block.string("type")) {
                case "tool_result" -> {
                    said(text);
                    result(block);
                }
                case "document" -> text.append(document(block));
                default -> text.append(text(block));
            }
        }
        said(text);
    }

    private void said(StringBuilder text) {
        if (!text.isEmpty()) {
            turns.user(text.toString());
            text.setLength(0);
        }
    }

    private void result(Fields block) {
        String id = block.string("tool_use_id");
        String text = text(block.node("content"), block.name("content"));
        boolean error = block.bool("is_error", false); // templates have no word for it
        turns.answered(id, error ? "Error: " + text : text, block.name("tool_use_id"));
        block.accept("cache_control");
        block.unsupported("toolset_name");
        block.end();
    }

    private static String document(Fields block) {
        Fields source = block.fields("source");
        if (source == null || !source.string("type").equals("text")) {
            throw ApiException.unsupported(block.name("source"), "only documents of plain text are supported yet");
        }
        String head = block.has("title") ? block.string("title") + "\n" : "";
        String context = block.has("context") ? block.string("context") + "\n" : "";
        String data = source.string("data");
        source.accept("media_type");
        source.end();
        Fields citations = block.fields("citations");
        if (citations != null) {
            citations.unsupported("enabled");
            citations.end();
        }
        block.accept("cache_control");
        block.end();
        return head + context + data + "\n";
    }

    private void assistant(JsonNode content, String name) {
        if (!content.isArray()) {
            turns.said(text(content, name));
            return;
        }
        turns.said("");
        for (int i = 0; i < content.size(); i++) {
            Fields block = Fields.fieldsOf(content.get(i), name + "[" + i + "]");
            switch (block.string("type")) {
                case "thinking" -> {
                    turns.thought(block.string("thinking"));
                    block.accept("signature");
                    block.end();
                }
                case "redacted_thinking" -> {} // nobody but its writer could read it
                case "tool_use" -> {
                    JsonNode input = block.node("input");
                    if (input == null || !input.isObject()) {
                        throw ApiException.invalid(block.name("input"), "give the arguments as an object");
                    }
                    ToolCall call = new ToolCall(block.string("id"), block.string("name"), input.toString());
                    block.accept("cache_control", "caller");
                    block.unsupported("toolset_name");
                    block.end();
                    turns.called(call, block.name("type"));
                }
                default -> turns.said(text(block));
            }
        }
    }

    /** A string, or an array of text blocks. */
    private static String text(@Nullable JsonNode content, String name) {
        if (content == null) {
            return "";
        }
        if (content.isString()) {
            return content.stringValue();
        }
        if (!content.isArray()) {
            throw Fields.wrongType(name, "a string or an array of blocks", content);
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < content.size(); i++) {
            text.append(text(Fields.fieldsOf(content.get(i), name + "[" + i + "]")));
        }
        return text.toString();
    }

    private static String text(Fields block) {
        String type = block.string("type");
        if (!type.equals("text")) {
            throw ApiException.unsupported(block.name("type"), "\"" + type + "\" is not supported here yet");
        }
        String text = block.string("text");
        block.accept("cache_control", "citations");
        block.end();
        return text;
    }
}
