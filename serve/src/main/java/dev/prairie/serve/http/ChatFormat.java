package dev.prairie.serve.http;

import java.util.List;
import java.util.stream.Collectors;

/** How the messages of a chat become the one text that a model continues. */
@FunctionalInterface
public interface ChatFormat {
    /** One message: who says what. */
    record Message(String role, String text) {}

    String prompt(List<Message> messages);

    /**
     * For a base model, which knows no roles and continues whatever it is given: the texts, a blank line between them.
     */
    static ChatFormat plain() {
        return messages -> messages.stream().map(Message::text).collect(Collectors.joining("\n\n"));
    }
}
