package dev.prairie.serve.resident;

import dev.prairie.text.reply.ReplyParser;
import dev.prairie.text.template.ChatTemplate;
import dev.prairie.text.template.Conversation;
import dev.prairie.text.template.Message;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * How a conversation becomes the one text that a model continues, and how its reply is read.
 *
 * @param template the model's own; empty for a base model, which knows no roles and continues whatever it is given
 */
public record ChatFormat(Optional<ChatTemplate> template) {
    /** For a base model: the texts, a blank line between them. */
    public static ChatFormat plain() {
        return new ChatFormat(Optional.empty());
    }

    /** For a model with a template. */
    public static ChatFormat of(ChatTemplate template) {
        return new ChatFormat(Optional.of(template));
    }

    /** Whether prompts hold special tokens, to be encoded as such. */
    public boolean templated() {
        return template.isPresent();
    }

    /** Whether tools can be offered to the model. */
    public boolean takesTools() {
        return template.map(ChatTemplate::takesTools).orElse(false);
    }

    /** Whether the model's template names this variable. */
    public boolean takes(String variable) {
        return template.map(chat -> chat.source().contains(variable)).orElse(false);
    }

    /**
     * The prompt of a conversation.
     *
     * @throws dev.prairie.text.template.TemplateException if the template refuses the conversation
     */
    public String prompt(Conversation conversation) {
        return template.map(chat -> chat.render(conversation))
                .orElseGet(() ->
                        conversation.messages().stream().map(Message::content).collect(Collectors.joining("\n\n")));
    }

    /** A reader for the reply to {@code prompt}, in which {@code tools} were offered. */
    public ReplyParser replies(String prompt, List<JsonNode> tools) {
        return template.map(chat -> ReplyParser.of(chat.source(), prompt, tools))
                .orElseGet(ReplyParser::plain);
    }
}
