package dev.prairie.text.template;

import dev.prairie.text.tokenizer.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The chat template of a Hugging Face folder: {@code chat_template.jinja}, else {@code chat_template} in
 * {@code tokenizer_config.json} (a text, or a list of named ones), else in {@code chat_template.json}; the special tokens
 * are those that {@code tokenizer_config.json} names.
 */
public final class ChatTemplateFiles {
    private static final long LARGEST = 16L << 20;
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> TOKENS =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private ChatTemplateFiles() {}

    /**
     * The template of the model in {@code folder}; empty if it has none.
     *
     * @throws TokenizerException if a file is no JSON, or too large to be what its name says
     * @throws TemplateException if the template cannot be read
     */
    public static Optional<ChatTemplate> load(Path folder) {
        Path configFile = folder.resolve("tokenizer_config.json");
        Optional<JsonNode> config = read(configFile).map(text -> json(configFile, text));
        Map<String, Object> tokens = config.map(ChatTemplateFiles::specialTokens).orElse(Map.of());
        Map<String, String> named = new LinkedHashMap<>();
        Path older = folder.resolve("chat_template.json");
        read(older).ifPresent(text -> collect(json(older, text).path("chat_template"), named));
        config.ifPresent(node -> collect(node.path("chat_template"), named));
        read(folder.resolve("chat_template.jinja")).ifPresent(text -> named.put("default", text));
        read(folder.resolve("additional_chat_templates").resolve("tool_use.jinja"))
                .ifPresent(text -> named.put("tool_use", text));
        String source = named.getOrDefault("default", named.values().stream().findFirst().orElse(""));
        String toolUse = named.get("tool_use");
        if (source.isBlank()) {
            return Optional.empty();
        }
        return Optional.of(
                toolUse == null || toolUse.equals(source)
                        ? ChatTemplate.of(source, tokens)
                        : ChatTemplate.of(source, toolUse, tokens));
    }

    private static void collect(JsonNode template, Map<String, String> named) {
        if (template.isString()) {
            named.put("default", template.stringValue());
        } else if (template.isArray()) {
            for (JsonNode each : template) {
                String name = each.path("name").stringValue("");
                String text = each.path("template").stringValue("");
                if (!name.isEmpty() && !text.isEmpty()) {
                    named.put(name, text);
                }
            }
        }
    }

    /** A token is written as its text, or as an object with the text as {@code content}. */
    private static Map<String, Object> specialTokens(JsonNode config) {
        Map<String, Object> tokens = new LinkedHashMap<>();
        for (String name : TOKENS) {
            text(config.path(name)).ifPresent(text -> tokens.put(name, text));
        }
        List<String> more = new ArrayList<>();
        config.path("additional_special_tokens").forEach(token -> text(token).ifPresent(more::add));
        if (!more.isEmpty()) {
            tokens.put("additional_special_tokens", List.copyOf(more));
        }
        return tokens;
    }

    private static Optional<String> text(JsonNode token) {
        JsonNode text = token.isObject() ? token.path("content") : token;
        return text.isString() ? Optional.of(text.stringValue()) : Optional.empty();
    }

    private static JsonNode json(Path file, String text) {
        try {
            return JSON.readTree(text);
        } catch (JacksonException fault) {
            throw new TokenizerException(file, "is not valid JSON: " + fault.getOriginalMessage() + "; fetch it again", fault);
        }
    }

    private static Optional<String> read(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            if (Files.size(file) > LARGEST) {
                throw new TokenizerException(
                        file, Files.size(file) + " bytes are more than a template has, " + LARGEST + "; fetch it again");
            }
            return Optional.of(Files.readString(file));
        } catch (IOException failure) {
            throw new TokenizerException(file, "could not be read: " + failure.getMessage() + "; fetch it again", failure);
        }
    }
}
