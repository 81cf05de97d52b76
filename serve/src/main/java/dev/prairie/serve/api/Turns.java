package dev.prairie.serve.api;

import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects the turns of a conversation from a dialect that tells them in smaller parts than templates know: what the
 * assistant thought, said and called one after the other becomes one turn, and what a tool answered gets its tool's name.
 */
public final class Turns {
    private final boolean tools;
    private final List<Message> messages = new ArrayList<>();
    private final Map<String, String> names = new HashMap<>(); // by the id of a call
    private final StringBuilder thought = new StringBuilder();
    private final StringBuilder said = new StringBuilder();
    private final List<ToolCall> calls = new ArrayList<>();
    private boolean answering;

    /** @param tools whether the model's template writes calls and what tools answered */
    public Turns(boolean tools) {
        this.tools = tools;
    }

    /** Turns that are complete. */
    public void add(List<Message> turns) {
        for (Message turn : turns) {
            if (turn.role().equals("assistant")) {
                thought(turn.reasoning());
                said(turn.content());
                turn.toolCalls().forEach(this::remember);
            } else {
                add(turn);
            }
        }
    }

    /** A turn of someone else than the assistant. */
    public void add(Message turn) {
        endAnswer();
        messages.add(turn);
    }

    /** More from the user, in the same turn if the last one was the user's. */
    public void user(String text) {
        endAnswer();
        if (!messages.isEmpty() && messages.getLast().role().equals("user")) {
            messages.add(Message.user(messages.removeLast().content() + "\n\n" + text));
        } else {
            messages.add(Message.user(text));
        }
    }

    public void thought(String text) {
        answering = true;
        thought.append(text);
    }

    public void said(String text) {
        answering = true;
        said.append(text);
    }

    /** The assistant called a tool; {@code field} is where that stands, for errors. */
    public void called(ToolCall call, String field) {
        if (!tools) {
            throw noTools(field);
        }
        remember(call);
    }

    /** What a tool answered to the call of that id. */
    public void answered(String id, String content, String field) {
        if (!tools) {
            throw noTools(field);
        }
        String name = names.get(id);
        if (name == null) {
            throw ApiException.invalid(
                    field, "\"" + id + "\" is no call of the turns before, give the id of one: " + names.keySet());
        }
        add(Message.tool(id, name, content));
    }

    /** All turns; {@code field} is where they come from. */
    public List<Message> messages(String field) {
        endAnswer();
        if (messages.isEmpty()) {
            throw ApiException.invalid(field, "empty, give at least one message");
        }
        return List.copyOf(messages);
    }

    private void remember(ToolCall call) {
        answering = true;
        calls.add(call);
        names.put(call.id(), call.name());
    }

    private void endAnswer() {
        if (answering) {
            messages.add(Message.assistant(thought.toString(), said.toString(), calls));
            thought.setLength(0);
            said.setLength(0);
            calls.clear();
            answering = false;
        }
    }

    private static ApiException noTools(String field) {
        return ApiException.unsupported(field, "this model's template does not write calls of tools");
    }
}
