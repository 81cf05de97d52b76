package dev.prairie.serve.openai;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Fields;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the {@code messages} of a chat: roles, content as a string or as text parts, calls and what tools answered. */
final class Messages {
    private static final List<String> ROLES = List.of("system", "developer", "user", "assistant");
    private static final List<String> ROLES_WITH_TOOLS = List.of("system", "developer", "user", "assistant", "tool");

    private Messages() {}

    /** The messages; calls and tools' answers only where {@code tools} can be used. */
    static List<Message> read(Fields request, boolean tools) {
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
        List<Message> list = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            list.add(message(Fields.fieldsOf(messages.get(i), "messages[" + i + "]"), tools));
        }
        return list;
    }

    private static Message message(Fields message, boolean tools) {
        String role = message.string("role");
        List<String> roles = tools ? ROLES_WITH_TOOLS : ROLES;
        if (!roles.contains(role)) {
            throw ApiException.invalid(message.name("role"), "\"" + role + "\", give one of " + roles);
        }
        boolean answer = role.equals("tool");
        List<ToolCall> calls = tools && role.equals("assistant") ? calls(message) : List.of();
        String reasoning = role.equals("assistant") ? optional(message, "reasoning_content") : "";
        String content = calls.isEmpty() || message.has("content")
                ? content(message.node("content"), message.name("content"))
                : "";
        String id = answer ? message.string("tool_call_id") : "";
        String name = answer ? optional(message, "name") : "";
        if (!tools) {
            message.unsupported("tool_calls");
        }
        message.unsupported("function_call", "audio", "refusal");
        message.accept("name", "annotations", "tool_calls", "content", "reasoning_content");
        message.end();
        return new Message(role, content, reasoning, calls, id, name);
    }

    private static String optional(Fields message, String field) {
        return message.has(field) ? message.string(field) : "";
    }

    private static List<ToolCall> calls(Fields message) {
        JsonNode given = message.node("tool_calls");
        if (given == null) {
            return List.of();
        }
        if (!given.isArray()) {
            throw Fields.wrongType(message.name("tool_calls"), "an array of calls", given);
        }
        List<ToolCall> calls = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            String name = message.name("tool_calls") + "[" + i + "]";
            Fields call = Fields.fieldsOf(given.get(i), name);
            String id = call.string("id");
            JsonNode function = call.node("function");
            if (function == null) {
                throw ApiException.invalid(name, "no function, give one with a name and arguments");
            }
            Fields parts = Fields.fieldsOf(function, name + ".function");
            calls.add(new ToolCall(id, parts.string("name"), parts.string("arguments")));
            parts.end();
            call.accept("type", "index");
            call.end();
        }
        return calls;
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
