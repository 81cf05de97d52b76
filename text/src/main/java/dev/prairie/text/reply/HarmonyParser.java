package dev.prairie.text.reply;

import java.util.ArrayList;
import java.util.List;

/**
 * The harmony format of gpt-oss: a reply is one or more messages, each with a header that names its channel and, for a
 * call, the tool. {@code analysis} is reasoning; {@code final}, and {@code commentary} to nobody, is content
 * (<a href="https://cookbook.openai.com/articles/openai-harmony">OpenAI harmony response format</a>).
 */
final class HarmonyParser implements ReplyParser {
    private static final String MESSAGE = "<|message|>";
    private static final List<String> ENDS = List.of("<|end|>", "<|call|>", "<|return|>", "<|start|>", "<|channel|>");
    private static final List<String> HEADERS = List.of("<|start|>", "<|channel|>", MESSAGE, "to=");

    /** Where the reader stands: before the text of a message, or in a text of one kind. */
    private enum Place {
        HEADER,
        REASONING,
        CONTENT,
        CALL
    }

    private final Calls calls;
    private final StringBuilder pending = new StringBuilder();
    private Place place = Place.HEADER;

    /** The header of the message that is being read, and the tool that it names. */
    private String header = "";

    private String tool = "";

    HarmonyParser(Calls calls) {
        this.calls = calls;
    }

    @Override
    public List<ReplyEvent> add(String text) {
        pending.append(text);
        List<ReplyEvent> events = new ArrayList<>();
        while (advance(events, false)) {
            // each round settles a header or a text
        }
        return events;
    }

    @Override
    public List<ReplyEvent> end() {
        List<ReplyEvent> events = new ArrayList<>();
        while (advance(events, true)) {
            // as above
        }
        return events;
    }

    private boolean advance(List<ReplyEvent> events, boolean last) {
        return switch (place) {
            case HEADER -> header(events, last);
            case REASONING, CONTENT -> text(events, last);
            case CALL -> call(events, last);
        };
    }

    private boolean header(List<ReplyEvent> events, boolean last) {
        String begun = pending.toString().stripLeading();
        boolean mayBeHeader =
                begun.isEmpty() || HEADERS.stream().anyMatch(mark -> begun.startsWith(mark) || mark.startsWith(begun));
        if (!mayBeHeader) {
            place = Place.CONTENT; // a model that does not keep to the format
            return true;
        }
        int at = pending.indexOf(MESSAGE);
        if (at < 0) {
            if (last && !begun.isEmpty()) {
                events.add(new ReplyEvent.Content(begun));
                pending.setLength(0);
            }
            return false;
        }
        header = pending.substring(0, at);
        pending.delete(0, at + MESSAGE.length());
        tool = word(header, "to=");
        String channel = word(header, "<|channel|>");
        boolean call = !tool.isEmpty() && !tool.equals("assistant") && !tool.equals("all");
        place = call ? Place.CALL : channel.equals("analysis") ? Place.REASONING : Place.CONTENT;
        return true;
    }

    /** What follows {@code mark} up to a blank or the next marker. */
    private static String word(String header, String mark) {
        int at = header.indexOf(mark);
        if (at < 0) {
            return "";
        }
        String rest = header.substring(at + mark.length());
        int end = 0;
        while (end < rest.length() && !Character.isWhitespace(rest.charAt(end)) && rest.charAt(end) != '<') {
            end++;
        }
        return rest.substring(0, end);
    }

    private boolean text(List<ReplyEvent> events, boolean last) {
        int end = nearestEnd();
        int length = end >= 0 ? end : pending.length() - (last ? 0 : Markers.begun(pending, ENDS));
        if (length > 0) {
            String text = pending.substring(0, length);
            events.add(place == Place.REASONING ? new ReplyEvent.Reasoning(text) : new ReplyEvent.Content(text));
            pending.delete(0, length);
        }
        return end >= 0 && close();
    }

    private boolean call(List<ReplyEvent> events, boolean last) {
        int end = nearestEnd();
        if (end < 0 && !last) {
            return false;
        }
        String body = pending.substring(0, end < 0 ? pending.length() : end);
        pending.delete(0, body.length());
        String name = tool.startsWith("functions.") ? tool.substring("functions.".length()) : tool;
        try {
            calls.emit(List.of(JsonCalls.call(name, body)), events);
        } catch (UnreadableCall malformed) {
            events.add(new ReplyEvent.Content(header + MESSAGE + body));
        }
        place = Place.HEADER;
        return end >= 0 && close();
    }

    /** Leaves the marker that ends a text; one that begins the next header stays. */
    private boolean close() {
        for (String mark : List.of("<|end|>", "<|call|>", "<|return|>")) {
            if (pending.indexOf(mark) == 0) {
                pending.delete(0, mark.length());
            }
        }
        place = Place.HEADER;
        return !pending.isEmpty();
    }

    private int nearestEnd() {
        return ENDS.stream()
                .mapToInt(pending::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
    }
}
