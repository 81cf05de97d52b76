package dev.prairie.text.template;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.testing.Demand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The shared cases: what the engines that people use made of these templates. */
final class TemplateCasesTest {
    private static final JsonMapper JSON = new JsonMapper();

    @ParameterizedTest
    @ValueSource(strings = {"jinja-e2e-cases.json", "jinja-unit-cases.json", "jinja-llamacpp-unit-cases.json"})
    void everyCaseIsRenderedAsJinjaDoes(String file) {
        assertThat(failures("templates/" + file, TemplateCasesTest::failure)).isEmpty();
    }

    @Test
    void everyChatIsRenderedWithItsSystemMessageInPlace() {
        assertThat(failures("templates/llamacpp-chat-cases.json", TemplateCasesTest::chatFailure))
                .isEmpty();
    }

    @Test
    void everyTemplateFileTellsWhatItTakes() throws IOException {
        List<String> withoutUser = new ArrayList<>();
        try (Stream<Path> files = Files.list(Demand.data("templates/jinja"))) {
            for (Path file : files.sorted().toList()) {
                ChatTemplate template =
                        ChatTemplate.of(Files.readString(file), Map.of("bos_token", "<s>", "eos_token", "</s>"));
                try {
                    assertThat(template.render("Find me")).as("%s", file).contains("Find me");
                } catch (TemplateException refused) {
                    withoutUser.add(file.getFileName().toString());
                }
            }
        }
        // The first two are for conversations with tools alone; the third asks for variables of its own.
        assertThat(withoutUser)
                .containsExactly(
                        "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja",
                        "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja",
                        "fireworks-ai-llama-3-firefunction-v2.jinja");
    }

    private static List<String> failures(String file, Function<JsonNode, String> check) {
        List<String> failures = new ArrayList<>();
        for (JsonNode each : JSON.readTree(Demand.data(file).toFile())) {
            String failure = check.apply(each);
            if (!failure.isEmpty()) {
                failures.add(each.get("name").stringValue() + ": " + failure);
            }
        }
        return failures;
    }

    private static String failure(JsonNode each) {
        boolean chat = each.has("chat_template");
        JsonNode options = each.path("options");
        TemplateOptions how = chat
                ? TemplateOptions.CHAT
                : new TemplateOptions(
                        options.path("trim_blocks").booleanValue(),
                        options.path("lstrip_blocks").booleanValue(),
                        false);
        Map<String, @Nullable Object> context = new LinkedHashMap<>();
        each.get(chat ? "data" : "context")
                .properties()
                .forEach(entry -> context.put(entry.getKey(), data(entry.getValue())));
        Clock now = Clock.fixed(Instant.parse(each.path("now").stringValue("2025-07-10T12:00:00Z")), ZoneOffset.UTC);
        String wanted =
                each.path("expected_jinja2").stringValue(each.path("expected").stringValue(""));
        try {
            String found = Template.parse(
                            each.get(chat ? "chat_template" : "template").stringValue(), how, TemplateLimits.DEFAULT)
                    .render(context, now);
            return !each.has("error") && found.equals(wanted) ? "" : "wanted <" + wanted + ">, found <" + found + ">";
        } catch (TemplateException e) {
            boolean wantedToFail = each.has("error")
                    ? each.get("error").stringValue().equals(e.stage().name().toLowerCase(Locale.ROOT))
                    : each.has("jinja2_error");
            return wantedToFail ? "" : e.stage() + " " + e.getMessage();
        }
    }

    private static Object data(JsonNode node) {
        if (node.has("$fn")) {
            return function(node.get("$fn").stringValue(), node.path("sep").stringValue(""));
        }
        if (node.isObject()) {
            Map<String, Object> map = new LinkedHashMap<>();
            node.properties().forEach(entry -> map.put(entry.getKey(), data(entry.getValue())));
            return map;
        }
        return node;
    }

    private static Value function(String name, String separator) {
        return Value.function(name, arguments -> switch (name) {
            case "add" ->
                new Numbers(arguments.environment()).binary("+", arguments.required("a"), arguments.required("b"));
            case "count" -> Value.of(arguments.rest().size());
            case "join" ->
                Value.of(String.join(
                        separator,
                        arguments.rest().stream()
                                .map(new Printer(arguments.environment())::print)
                                .toList()));
            default -> Value.NONE;
        });
    }

    private static String chatFailure(JsonNode each) {
        Map<String, Object> tokens = new LinkedHashMap<>();
        tokens.put("bos_token", each.get("bos").stringValue());
        tokens.put("eos_token", each.get("eos").stringValue());
        if (each.path("builtin_only").booleanValue(false)) { // this one takes its markers from the tokenizer
            tokens.put("bos_token", "<s>");
            tokens.put("additional_special_tokens", List.of("<|role_sep|>", "<|message_sep|>", "[", "]"));
        }
        List<Message> messages = new ArrayList<>();
        each.get("messages")
                .forEach(message -> messages.add(new Message(
                        message.get("role").stringValue(),
                        message.get("content").stringValue())));
        String found = ChatTemplate.of(each.get("template").stringValue(), tokens)
                .render(Conversation.of(messages)
                        .withGenerationPrompt(each.get("add_generation_prompt").booleanValue()));
        String wanted = each.get("expected").stringValue();
        return found.equals(wanted) ? "" : "wanted <" + wanted + ">, found <" + found + ">";
    }
}
