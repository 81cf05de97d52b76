package dev.prairie.serve.openai;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.Surface;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Lease;
import dev.prairie.text.template.ChatTemplate;
import dev.prairie.text.template.Conversation;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.TemplateException;
import dev.prairie.text.tokenizer.Encoding;
import dev.prairie.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a model's tokenizer does, in the form that <a href="https://docs.vllm.ai/en/latest/serving/openai_compatible_server/">vLLM's
 * server</a> gave it: the tokens of a prompt or of a chat, the text of tokens, and facts. Ours is {@code return_offsets}:
 * which characters (Unicode code points) each token stands for.
 */
public final class Tokenization implements Surface {
    /** A text as tokens, and where it is to be read if it was not sent. */
    private record Prompt(Encoding encoding, @Nullable String rendered) {}

    @Override
    public void addTo(Routes routes) {
        routes.post("/tokenize", Scope.GENERATE, Tokenization::tokenize);
        routes.post("/detokenize", Scope.GENERATE, Tokenization::detokenize);
        routes.get("/tokenizer_info", Scope.GENERATE, Tokenization::info);
    }

    private static void tokenize(Call call) {
        Fields fields = call.fields();
        try (Lease lease = call.lease(model(fields, call))) {
            Prompt prompt = fields.has("messages") ? chat(fields, lease) : text(fields, lease.tokenizer());
            boolean spelled = fields.bool("return_token_strs", false);
            boolean placed = fields.bool("return_offsets", false);
            fields.end();
            List<Encoding.Token> tokens = prompt.encoding().tokens();
            Map<String, Object> told = Json.object(
                    "count",
                    tokens.size(),
                    "max_model_len",
                    lease.card().context(),
                    "tokens",
                    prompt.encoding().ids(),
                    "token_strs",
                    spelled ? tokens.stream().map(Encoding.Token::piece).toList() : null);
            if (placed) {
                told.put(
                        "offsets",
                        tokens.stream().map(t -> List.of(t.from(), t.to())).toList());
                if (prompt.rendered() != null) {
                    told.put("prompt", prompt.rendered());
                }
            }
            call.json(200, told);
        }
    }

    private static String model(Fields fields, Call call) {
        return fields.has("model")
                ? fields.string("model")
                : call.calls().models().first().id();
    }

    /** A prompt as {@code /v1/completions} encodes it: special tokens are put around it and not found in it. */
    private static Prompt text(Fields fields, Tokenizer tokenizer) {
        Encoding encoding = encoding(tokenizer, fields.string("prompt"), "prompt");
        boolean framed = fields.bool("add_special_tokens", true);
        return new Prompt(framed ? tokenizer.frame(encoding) : encoding, null);
    }

    private static Encoding encoding(Tokenizer tokenizer, String text, String field) {
        try {
            return tokenizer.encoding(text, false);
        } catch (IllegalArgumentException e) { // a vocabulary of characters does not have every character
            throw ApiException.invalid(field, String.valueOf(e.getMessage()));
        }
    }

    /** A chat as {@code /v1/chat/completions} writes it. */
    private static Prompt chat(Fields fields, Lease lease) {
        ChatFormat format = lease.chat();
        List<Message> messages = Messages.read(fields, format.takesTools());
        List<JsonNode> tools = new ArrayList<>();
        JsonNode offered = format.takesTools() ? fields.node("tools") : null;
        if (offered != null) {
            offered.forEach(tools::add);
        }
        fields.unsupported("tools", "chat_template", "continue_final_message", "add_special_tokens");
        boolean asks = fields.bool("add_generation_prompt", true);
        Fields variables = format.templated() ? fields.fields("chat_template_kwargs") : null;
        String prompt;
        try {
            prompt = format.prompt(
                    new Conversation(messages, tools, asks, variables == null ? Map.of() : variables.all()));
        } catch (TemplateException refused) {
            throw ApiException.invalid("messages", String.valueOf(refused.getMessage()));
        }
        Tokenizer tokenizer = lease.tokenizer();
        Encoding encoding = format.templated()
                ? tokenizer.encoding(prompt, true)
                : tokenizer.frame(encoding(tokenizer, prompt, "messages"));
        return new Prompt(encoding, prompt);
    }

    private static void detokenize(Call call) {
        Fields fields = call.fields();
        try (Lease lease = call.lease(model(fields, call))) {
            Tokenizer tokenizer = lease.tokenizer();
            JsonNode tokens = fields.node("tokens");
            fields.end();
            if (tokens == null || !tokens.isArray()) {
                throw ApiException.invalid("tokens", "give an array of token ids");
            }
            int[] ids = new int[tokens.size()];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = (int) Fields.integer(tokens.get(i), "tokens[" + i + "]", 0, tokenizer.vocabularySize() - 1L);
            }
            call.json(200, Json.object("prompt", tokenizer.decodeWithSpecials(ids)));
        }
    }

    private static void info(Call call) {
        String id = Objects.requireNonNullElse(
                call.context().queryParam("model"),
                call.calls().models().first().id());
        try (Lease lease = call.lease(id)) {
            Tokenizer tokenizer = lease.tokenizer();
            var specials = tokenizer.specials().tokens().stream()
                    .map(token -> Json.object("id", token.id(), "content", token.content(), "special", token.special()))
                    .toList();
            call.json(
                    200,
                    Json.object(
                            "model",
                            lease.card().id(),
                            "vocab_size",
                            tokenizer.vocabularySize(),
                            "max_model_len",
                            lease.card().context(),
                            "add_bos_token",
                            tokenizer.addsBos(),
                            "bos_token",
                            spelling(tokenizer, tokenizer.bos()),
                            "bos_token_id",
                            id(tokenizer.bos()),
                            "eos_token",
                            spelling(tokenizer, tokenizer.eos()),
                            "eos_token_id",
                            id(tokenizer.eos()),
                            "added_tokens",
                            specials,
                            "chat_template",
                            lease.chat().template().map(ChatTemplate::source).orElse(null)));
        }
    }

    private static @Nullable Integer id(OptionalInt token) {
        return token.isPresent() ? token.getAsInt() : null;
    }

    private static @Nullable String spelling(Tokenizer tokenizer, OptionalInt token) {
        return token.isPresent() ? tokenizer.spelling(token.getAsInt()) : null;
    }
}
