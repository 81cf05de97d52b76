package dev.prairie.app;

import dev.prairie.model.checkpoint.Gguf;
import dev.prairie.model.checkpoint.GgufMetadata;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.text.template.ChatTemplate;
import dev.prairie.text.template.ChatTemplateFiles;
import dev.prairie.text.template.TemplateException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The chat template of a model on disk: in the file itself (GGUF), or in the files beside it. A model without one, or with
 * one that cannot be read, is a base model, and its chats are plain text.
 */
final class ModelChat {
    private static final String TEMPLATE = "tokenizer.chat_template", TOOLS = TEMPLATE + ".tool_use";

    /** What templates call the special tokens whose ids a GGUF file names. */
    private static final Map<String, String> TOKENS = Map.of(
            "bos_token", "bos_token_id",
            "eos_token", "eos_token_id",
            "unk_token", "unknown_token_id",
            "sep_token", "seperator_token_id",
            "pad_token", "padding_token_id");

    private ModelChat() {}

    /** Of the model at {@code model}, whose open file is {@code inside} if it is GGUF. */
    static ChatFormat of(Path model, Optional<Gguf> inside) {
        try {
            return (inside.isPresent() ? template(inside.get()) : ChatTemplateFiles.load(Paths.beside(model)))
                    .map(ChatFormat::of)
                    .orElseGet(ChatFormat::plain);
        } catch (TemplateException unreadable) {
            new Terminal()
                    .note("the chat template of " + model + " is not used, chats are plain text: "
                            + unreadable.getMessage());
            return ChatFormat.plain();
        }
    }

    /** The template; a {@link TemplateException} where it cannot be read. */
    static Optional<ChatTemplate> template(Path model) throws IOException {
        if (!Gguf.is(model)) return ChatTemplateFiles.load(Paths.beside(model));
        try (Arena arena = Arena.ofConfined()) {
            return template(Gguf.open(model, arena));
        }
    }

    private static Optional<ChatTemplate> template(Gguf file) {
        GgufMetadata metadata = file.metadata();
        String source = metadata.text(TEMPLATE, "");
        if (source.isBlank()) return Optional.empty();
        var tokens = new LinkedHashMap<String, String>();
        List<String> pieces = metadata.texts("tokenizer.ggml.tokens");
        TOKENS.forEach((name, key) -> metadata.token("tokenizer.ggml." + key).ifPresent(id -> {
            if (id < pieces.size()) tokens.put(name, pieces.get(id));
        }));
        String toolUse = metadata.text(TOOLS, "");
        return Optional.of(
                toolUse.isBlank() ? ChatTemplate.of(source, tokens) : ChatTemplate.of(source, toolUse, tokens));
    }
}
