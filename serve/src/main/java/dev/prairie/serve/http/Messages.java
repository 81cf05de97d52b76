package dev.prairie.serve.http;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the {@code messages} of a chat: roles, and content as a string or as text parts. */
final class Messages {
    private static final List<String> ROLES = List.of("system", "developer", "user", "assistant");

    private Messages() {}

    static List<ChatFormat.Message> read(Fields request) {
        JsonNode messages = request.node("messages");
        if (messages == null) {
            throw new ApiException(
                    400,
                    "invalid_request_error",
                    "messages: missing, give an array of messages",
                    "messages",
                    "missing");
        }
        if (!messages.isArray()) {
            throw Fields.wrongType("messages", "an array of messages", messages);
        }
        if (messages.isEmpty()) {
            throw ApiException.invalid("messages", "empty, give at least one message");
        }
        List<ChatFormat.Message> list = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            list.add(message(Fields.fieldsOf(messages.get(i), "messages[" + i + "]")));
        }
        return list;
    }

    private static ChatFormat.Message message(Fields message) {
        String role = message.string("role");
        if (!ROLES.contains(role)) {
            throw ApiException.invalid(message.name("role"), "\"" + role + "\", give one of " + ROLES);
        }
        String text = content(message.node("content"), message.name("content"));
        message.unsupported("tool_calls", "function_call", "audio", "refusal");
        message.accept("name", "annotations");
        message.end();
        return new ChatFormat.Message(role, text);
    }

    private static String content(@Nullable JsonNode content, String name) {
        if (content == null) {
            throw new ApiException(400, "invalid_request_error", name + ": missing, give a text", name, "missing");
        }
        if (content.isString()) {
            return content.stringValue();
        }
        if (!content.isArray()) {
            throw Fields.wrongType(name, "a string or an array of text parts", content);
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < content.size(); i++) {
            Fields part = Fields.fieldsOf(content.get(i), name + "[" + i + "]");
            String type = part.string("type");
            if (!type.equals("text")) {
                throw ApiException.unsupported(part.name("type"), "\"" + type + "\", only \"text\" is supported yet");
            }
            text.append(part.string("text"));
            part.end();
        }
        return text.toString();
    }
}
