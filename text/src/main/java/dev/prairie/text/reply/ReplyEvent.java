package dev.prairie.text.reply;

/** What a piece of a reply turned out to be. Texts come in fragments, to be joined. */
public sealed interface ReplyEvent {
    /** More of what the model thinks before it answers. */
    record Reasoning(String text) implements ReplyEvent {}

    /** More of the answer. */
    record Content(String text) implements ReplyEvent {}

    /** A tool call begins; {@code index} counts the calls of the reply from 0. */
    record CallBegin(int index, String id, String name) implements ReplyEvent {}

    /** More of the JSON text of the call's arguments. */
    record Arguments(int index, String json) implements ReplyEvent {}

    /** The call is complete. */
    record CallEnd(int index) implements ReplyEvent {}
}
