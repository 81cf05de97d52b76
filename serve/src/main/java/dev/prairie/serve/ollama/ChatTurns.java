package dev.prairie.serve.ollama;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Turns;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Reads {@code messages}. Calls have no ids here, or may have: what a tool answered is matched by name, or in order. */
final class ChatTurns {
    private static final int MOST = 100_000;

    private final Turns turns;
    private final List<ToolCall> unanswered = new ArrayList<>();
    private int count;

    ChatTurns(boolean tools) {
        turns = new Turns(tools);
    }

    List<Message> read(List<JsonNode> messages) {
        for (int i = 0; i < messages.size(); i++) {
            message(Fields.fieldsOf(messages.get(i), "messages[" + i + "]"));
        }
        return turns.messages("messages");
    }

    /** The messages, none if there are none. */
    static List<JsonNode> messages(Fields fields) {
        return fields.array("messages", MOST);
    }

    private void message(Fields message) {
        String role = message.string("role");
        String content = message.text("content");
        switch (role) {
            case "system" -> turns.add(Message.system(content));
            case "user" -> turns.add(Message.user(content));
            case "assistant" -> {
                turns.thought(message.text("thinking"));
                turns.said(content);
                List<JsonNode> calls = message.array("tool_calls", MOST);
                for (int i = 0; i < calls.size(); i++) {
                    call(Fields.fieldsOf(calls.get(i), message.name("tool_calls") + "[" + i + "]"));
                }
            }
            case "tool" -> answer(message, content);
            default ->
                throw ApiException.invalid(
                        message.name("role"), "\"" + role + "\", give one of system, user, assistant, tool");
        }
        message.unsupported("images");
        if (!role.equals("assistant")) {
            message.unsupported("tool_calls", "thinking");
        }
        message.accept("name");
        message.end();
    }

    private void call(Fields call) {
        Fields function = call.fields("function");
        if (function == null) {
            throw ApiException.invalid(call.name("function"), "missing, give one with a name and arguments");
        }
        JsonNode arguments = function.node("arguments");
        if (arguments != null && !arguments.isObject()) {
            throw Fields.wrongType(function.name("arguments"), "an object", arguments);
        }
        String id = call.has("id") ? call.string("id") : "call%05d".formatted(count);
        count++;
        ToolCall made = new ToolCall(id, function.string("name"), arguments == null ? "{}" : arguments.toString());
        function.accept("index", "description");
        function.end();
        call.accept("type");
        call.end();
        turns.called(made, call.name("function"));
        unanswered.add(made);
    }

    private void answer(Fields message, String content) {
        String id = message.text("tool_call_id");
        String tool = message.text("tool_name");
        ToolCall call = unanswered.stream()
                .filter(each -> id.isEmpty() || each.id().equals(id))
                .filter(each -> tool.isEmpty() || each.name().equals(tool))
                .findFirst()
                .orElseThrow(() -> ApiException.invalid(
                        message.name("role"), "a tool answers, but no call of the turns before waits for it"));
        unanswered.remove(call);
        turns.answered(call.id(), content, message.name("tool_call_id"));
    }
}
