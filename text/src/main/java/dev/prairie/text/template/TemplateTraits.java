package dev.prairie.text.template;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * In which form a template takes messages.
 *
 * @param system    it writes a system's message; else that goes before the first user's
 * @param parts     content is a list of parts, {@code [{"type": "text", "text": …}]}; else a string
 * @param noneIsNil a call without text has the content none; else an empty string
 * @param object    a call's arguments are a dict; else their JSON text
 * @param tools     it writes down the tools
 * @param developer it knows the role developer; else that becomes system
 * @param thinking  reasoning is also called {@code thinking}
 */
record TemplateTraits(
        boolean system,
        boolean parts,
        boolean noneIsNil,
        boolean object,
        boolean tools,
        boolean developer,
        boolean thinking) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String NEEDLE = "Qx7needle";
    private static final Clock SOME_DAY = Clock.fixed(Instant.parse("2025-01-01T12:00:00Z"), ZoneOffset.UTC);

    /** The form that lets words given to the template appear in the prompt. */
    static TemplateTraits of(String source, ChatTemplate.Trial trial) {
        boolean developer = source.contains("developer");
        boolean thinking = source.contains(".thinking") || source.contains("'thinking'") || source.contains("\"thinking\"");
        TemplateTraits plain = new TemplateTraits(true, false, true, true, false, developer, thinking);
        Conversation user = Conversation.of(List.of(Message.user(NEEDLE)));
        boolean takesText = shows(trial, user, plain);
        boolean parts = !takesText && shows(trial, user, plain.with(true, true, true, true));
        TemplateTraits now = plain.with(true, parts, true, true);
        if (takesText || parts) {
            Conversation system = Conversation.of(List.of(Message.system(NEEDLE), Message.user("Hi")));
            now = now.with(shows(trial, system, now), parts, true, true);
        }
        Conversation offered = Conversation.of(List.of(Message.user("Hi"))).withTools(List.of(tool()));
        boolean tools = shows(trial, offered, now);
        return called(trial, now).withTools(tools);
    }

    /** The form in which a call and its arguments arrive. */
    private static TemplateTraits called(ChatTemplate.Trial trial, TemplateTraits now) {
        Message call = Message.assistant(
                "", "", List.of(new ToolCall("abcdef123", NEEDLE, "{\"place\":\"" + NEEDLE + "2\"}")));
        Conversation conversation =
                Conversation.of(List.of(Message.user("Hi"), call, Message.tool("abcdef123", NEEDLE, "mild"), Message.assistant("It is mild."), Message.user("Ok")))
                        .withTools(List.of(tool()));
        for (boolean object : new boolean[] {true, false}) {
            for (boolean none : new boolean[] {true, false}) {
                TemplateTraits assumed = now.with(now.system(), now.parts(), none, object);
                Optional<String> prompt = attempt(trial, conversation, assumed);
                if (prompt.isPresent()
                        && prompt.get().contains(NEEDLE + "2")
                        && !prompt.get().contains("None")
                        && !prompt.get().contains("{'place'")
                        && !prompt.get().contains("\\\"place\\\"")) {
                    return assumed;
                }
            }
        }
        return now.with(now.system(), now.parts(), false, true);
    }

    private static boolean shows(ChatTemplate.Trial trial, Conversation conversation, TemplateTraits assumed) {
        return attempt(trial, conversation, assumed).filter(prompt -> prompt.contains(NEEDLE)).isPresent();
    }

    private static Optional<String> attempt(
            ChatTemplate.Trial trial, Conversation conversation, TemplateTraits assumed) {
        try {
            return Optional.of(trial.render(conversation, assumed, SOME_DAY));
        } catch (TemplateException refused) {
            return Optional.empty();
        }
    }

    private static JsonNode tool() {
        return JSON.readTree("""
                {"type": "function", "function": {"name": "%s", "description": "Tells the weather.",
                 "parameters": {"type": "object", "required": ["place"],
                  "properties": {"place": {"type": "string", "description": "A town."}}}}}""".formatted(NEEDLE));
    }

    private TemplateTraits with(boolean system, boolean parts, boolean noneIsNil, boolean object) {
        return new TemplateTraits(system, parts, noneIsNil, object, tools, developer, thinking);
    }

    private TemplateTraits withTools(boolean tools) {
        return new TemplateTraits(system, parts, noneIsNil, object, tools, developer, thinking);
    }

    /** The messages as the template's variable of that name. */
    List<Map<String, @Nullable Object>> messages(List<Message> given) {
        List<Map<String, @Nullable Object>> messages = new ArrayList<>();
        Map<String, String> tools = new HashMap<>();
        for (Message message : system ? given : folded(given)) {
            message.toolCalls().forEach(call -> tools.put(call.id(), call.name()));
            messages.add(message(message, tools));
        }
        return messages;
    }

    /** Without system messages: their text stands before the first user's. */
    private List<Message> folded(List<Message> given) {
        StringBuilder system = new StringBuilder();
        List<Message> rest = new ArrayList<>();
        for (Message message : given) {
            if (message.role().equals("system") || (message.role().equals("developer") && !developer)) {
                system.append(message.content()).append('\n');
            } else {
                rest.add(message);
            }
        }
        for (int i = 0; i < rest.size() && !system.isEmpty(); i++) {
            Message message = rest.get(i);
            if (message.role().equals("user")) {
                rest.set(i, new Message("user", system + message.content()));
                return rest;
            }
        }
        if (!system.isEmpty()) {
            rest.addFirst(Message.user(system.substring(0, system.length() - 1)));
        }
        return rest;
    }

    private Map<String, @Nullable Object> message(Message message, Map<String, String> tools) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        String role = message.role().equals("developer") && !developer ? "system" : message.role();
        variables.put("role", role);
        boolean calls = !message.toolCalls().isEmpty();
        if (calls && message.content().isEmpty() && noneIsNil) {
            variables.put("content", null);
        } else {
            variables.put(
                    "content", parts ? List.of(Map.of("type", "text", "text", message.content())) : message.content());
        }
        if (!message.reasoning().isEmpty()) {
            variables.put("reasoning_content", message.reasoning());
            if (thinking && (!calls || message.content().isEmpty())) {
                variables.put("thinking", message.reasoning());
            }
        }
        if (calls) {
            variables.put("tool_calls", message.toolCalls().stream().map(this::call).toList());
        }
        if (!message.toolCallId().isEmpty()) {
            variables.put("tool_call_id", message.toolCallId());
        }
        String name = message.name().isEmpty() ? tools.getOrDefault(message.toolCallId(), "") : message.name();
        if (!name.isEmpty()) {
            variables.put("name", name);
        }
        return variables;
    }

    private Map<String, Object> call(ToolCall call) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", call.name());
        function.put("arguments", object ? parsed(call.arguments()) : call.arguments());
        Map<String, Object> variables = new LinkedHashMap<>();
        variables.put("id", call.id());
        variables.put("type", "function");
        variables.put("function", function);
        return variables;
    }

    private static Object parsed(String arguments) {
        try {
            JsonNode node = JSON.readTree(arguments);
            return node.isObject() ? node : arguments;
        } catch (JacksonException broken) {
            return arguments; // as the model wrote it
        }
    }
}
