package dev.prairie.text.reply;

import dev.prairie.text.template.Message;
import java.security.SecureRandom;
import java.util.List;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * Takes a reply apart while it is written: text in, in pieces of any length and with special tokens spelled out, events
 * out. A marker is never shown, not even half of one, and the events are the same wherever the text was cut, up to where
 * one fragment of text ends and the next begins. A call that cannot be read is content as it stands: nothing is lost
 * but the blanks around markers. One parser serves one reply.
 */
public interface ReplyParser {
    /** Takes the next piece and gives what it settled. */
    List<ReplyEvent> add(String text);

    /** What was held back, when nothing follows. */
    List<ReplyEvent> end();

    /** A parser for a model without a template: everything is content. */
    static ReplyParser plain() {
        return new ReplyParser() {
            @Override
            public List<ReplyEvent> add(String text) {
                return text.isEmpty() ? List.of() : List.of(new ReplyEvent.Content(text));
            }

            @Override
            public List<ReplyEvent> end() {
                return List.of();
            }
        };
    }

    /**
     * The parser for the markers that a model's template holds.
     *
     * @param template the text of the template
     * @param prompt   the prompt that is answered: where it ends inside of reasoning, the reply begins there
     * @param tools    the tools offered, as in {@link dev.prairie.text.template.Conversation}; their schemas tell texts
     *                 from numbers where a model writes arguments without quotes
     */
    static ReplyParser of(String template, String prompt, List<JsonNode> tools) {
        return of(template, prompt, tools, randomIds());
    }

    /** The same, with the source of the calls' ids. */
    static ReplyParser of(String template, String prompt, List<JsonNode> tools, Supplier<String> ids) {
        ToolTypes types = new ToolTypes(tools);
        if (isHarmony(template)) {
            return new HarmonyParser(new Calls(types, ids));
        }
        List<Section> sections = Section.of(template);
        boolean bareJson = !tools.isEmpty() && Section.callsAreBareJson(template);
        if (sections.isEmpty() && !bareJson) {
            return plain();
        }
        return new SectionParser(sections, bareJson, prompt, new Calls(types, ids));
    }

    /** Whether replies are written in the harmony format. */
    static boolean isHarmony(String template) {
        return template.contains("<|channel|>") && template.contains("<|message|>");
    }

    /** A whole reply as the message that it makes. */
    default Message message(String reply) {
        return new ReplyBuilder().add(add(reply)).add(end()).message();
    }

    /** Ids of nine letters and digits, which Mistral's templates insist on and others take. */
    private static Supplier<String> randomIds() {
        SecureRandom random = new SecureRandom();
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        return () -> random.ints(9, 0, alphabet.length())
                .collect(StringBuilder::new, (id, i) -> id.append(alphabet.charAt(i)), StringBuilder::append)
                .toString();
    }
}
