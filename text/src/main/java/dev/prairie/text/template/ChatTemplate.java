package dev.prairie.text.template;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How one model wants a conversation written: the template that its maker ships, and the special tokens that the template
 * names. The variables are those of Hugging Face's {@code apply_chat_template}: {@code messages, tools, documents,
 * add_generation_prompt}, the special tokens, and what the caller adds.
 *
 * <p>Templates differ in what they take. A few conversations are rendered once, when the template is read, to see it: one
 * that refuses or drops the system's message gets it put before the first user's, with a newline; one that only takes
 * content in parts gets parts; one that prints a call's arguments as they are gets them as JSON text.
 *
 * <p>The prompt holds special tokens spelled out: encode it with {@code Tokenizer.encodeWithSpecials}, and add no
 * beginning token, since the template writes it. Immutable.
 */
public final class ChatTemplate {
    private final Template template;
    private final Optional<Template> toolUse;
    private final String source;
    private final Map<String, Object> specialTokens;
    private final TemplateTraits traits;

    private ChatTemplate(String source, Optional<String> toolUse, Map<String, ?> specialTokens) {
        this.source = source + toolUse.map(text -> "\n" + text).orElse("");
        this.template = Template.parse(source);
        this.toolUse = toolUse.map(Template::parse);
        this.specialTokens = new LinkedHashMap<>(specialTokens);
        this.traits = TemplateTraits.of(this.source, this::render);
    }

    /**
     * Reads a template.
     *
     * @param source        its text, as in {@code tokenizer_config.json} or a GGUF's {@code tokenizer.chat_template}
     * @param specialTokens texts by name: {@code bos_token}, {@code eos_token}, and others that the template asks for;
     *                      a value is a string or a list of strings
     * @throws TemplateException if it is no template; the message says where and why
     */
    public static ChatTemplate of(String source, Map<String, ?> specialTokens) {
        return new ChatTemplate(source, Optional.empty(), specialTokens);
    }

    /** The same with a second template for conversations that have tools. */
    public static ChatTemplate of(String source, String toolUse, Map<String, ?> specialTokens) {
        return new ChatTemplate(source, Optional.of(toolUse), specialTokens);
    }

    /** The text of the template, or of both. */
    public String source() {
        return source;
    }

    /** Whether it writes tools into the prompt; if not, they cannot be offered to the model. */
    public boolean takesTools() {
        return traits.tools();
    }

    /** The prompt of a conversation, told the time by the system's clock. */
    public String render(Conversation conversation) {
        return render(conversation, Clock.systemDefaultZone());
    }

    /**
     * The prompt of a conversation.
     *
     * @throws TemplateException if the template refuses the conversation; the message says why
     */
    public String render(Conversation conversation, Clock clock) {
        return render(conversation, traits, clock);
    }

    private String render(Conversation conversation, TemplateTraits assumed, Clock clock) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>(specialTokens);
        variables.put("messages", assumed.messages(conversation.messages()));
        variables.put("tools", conversation.tools().isEmpty() ? null : conversation.tools());
        variables.put("documents", null);
        variables.put("add_generation_prompt", conversation.addGenerationPrompt());
        variables.putAll(conversation.variables());
        Template chosen = conversation.tools().isEmpty() ? template : toolUse.orElse(template);
        return chosen.render(variables, clock);
    }

    /** Renders a conversation as if the template took what is assumed. */
    @FunctionalInterface
    interface Trial {
        String render(Conversation conversation, TemplateTraits assumed, Clock clock);
    }

    /** The special tokens that the template is given, by name. */
    public Map<String, Object> specialTokens() {
        return Map.copyOf(specialTokens);
    }

    /** A conversation of one user's turn, to be continued. */
    public String render(String user) {
        return render(Conversation.of(List.of(Message.user(user))));
    }
}
