package dev.prairie.text.template;

import java.util.List;

/**
 * One turn of a conversation. What is not there is empty.
 *
 * @param role       who speaks: system, user, assistant, tool, or what else the model's template knows
 * @param content    what is said, as text
 * @param reasoning  what the assistant thought before
 * @param toolCalls  the tools that the assistant calls
 * @param toolCallId of a tool's answer: the {@link ToolCall#id} that it answers
 * @param name       of a tool's answer: the tool; of other turns: the speaker, where a template shows it
 */
public record Message(
        String role, String content, String reasoning, List<ToolCall> toolCalls, String toolCallId, String name) {
    /** Refuses a turn of nobody. */
    public Message {
        if (role.isBlank()) {
            throw new IllegalArgumentException("message: its role is empty; give one such as user");
        }
        toolCalls = List.copyOf(toolCalls);
    }

    /** A turn of plain text. */
    public Message(String role, String content) {
        this(role, content, "", List.of(), "", "");
    }

    public static Message system(String content) {
        return new Message("system", content);
    }

    public static Message user(String content) {
        return new Message("user", content);
    }

    public static Message assistant(String content) {
        return new Message("assistant", content);
    }

    /** What the assistant thought, said and called. */
    public static Message assistant(String reasoning, String content, List<ToolCall> toolCalls) {
        return new Message("assistant", content, reasoning, toolCalls, "", "");
    }

    /** What a tool answered. */
    public static Message tool(String toolCallId, String name, String content) {
        return new Message("tool", content, "", List.of(), toolCallId, name);
    }
}
