package dev.prairie.text.reply;

import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;

/** Joins the events of a reply to the message that they make. */
public final class ReplyBuilder {
    private final StringBuilder reasoning = new StringBuilder();
    private final StringBuilder content = new StringBuilder();
    private final List<ToolCall> calls = new ArrayList<>();

    /** Adds what came next. */
    public ReplyBuilder add(List<ReplyEvent> events) {
        events.forEach(this::add);
        return this;
    }

    /** Adds what came next. */
    public ReplyBuilder add(ReplyEvent event) {
        switch (event) {
            case ReplyEvent.Reasoning text -> reasoning.append(text.text());
            case ReplyEvent.Content text -> content.append(text.text());
            case ReplyEvent.CallBegin begin -> calls.add(new ToolCall(begin.id(), begin.name(), ""));
            case ReplyEvent.Arguments more -> {
                ToolCall call = calls.getLast();
                calls.set(calls.size() - 1, new ToolCall(call.id(), call.name(), call.arguments() + more.json()));
            }
            case ReplyEvent.CallEnd end -> {}
        }
        return this;
    }

    /** The assistant's message so far. */
    public Message message() {
        return Message.assistant(reasoning.toString(), content.toString(), calls);
    }
}
