package dev.prairie.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a chat template is asked to write down.
 *
 * @param messages            the turns so far, at least one
 * @param tools               that may be called, in OpenAI's form: {@code {"type": "function", "function": {"name",
 *                            "description", "parameters"}}}; empty for none
 * @param addGenerationPrompt whether the prompt ends with the opening of the assistant's next turn
 * @param variables           further ones that the template asks for, such as {@code enable_thinking}
 */
public record Conversation(
        List<Message> messages,
        List<JsonNode> tools,
        boolean addGenerationPrompt,
        Map<String, ? extends @Nullable Object> variables) {
    /** Copies its lists, and refuses a conversation without messages. */
    public Conversation {
        if (messages.isEmpty()) {
            throw new IllegalArgumentException("conversation: no messages; give at least one");
        }
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
    }

    /** A conversation without tools that the assistant is to continue. */
    public static Conversation of(List<Message> messages) {
        return new Conversation(messages, List.of(), true, Map.of());
    }

    public Conversation withTools(List<JsonNode> tools) {
        return new Conversation(messages, tools, addGenerationPrompt, variables);
    }

    public Conversation withGenerationPrompt(boolean add) {
        return new Conversation(messages, tools, add, variables);
    }

    public Conversation withVariables(Map<String, ? extends @Nullable Object> variables) {
        return new Conversation(messages, tools, addGenerationPrompt, variables);
    }
}
