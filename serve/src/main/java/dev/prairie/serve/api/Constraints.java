package dev.prairie.serve.api;

import dev.prairie.serve.resident.Lease;
import dev.prairie.text.grammar.Grammar;
import dev.prairie.text.grammar.GrammarException;
import dev.prairie.text.grammar.TokenMasks;
import dev.prairie.text.grammar.UnsupportedSchemaException;
import dev.prairie.text.reply.ReplyGrammar;
import dev.prairie.text.reply.ToolSchema;
import dev.prairie.text.template.ChatTemplate;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * What answers are held to, token by token. A format holds the content; a tool that must be called, or whose schema is
 * strict, holds the calls; reasoning is free. Without any of these the model says what it wants.
 */
public final class Constraints {
    private Constraints() {}

    /**
     * What holds a bare continuation to a format; empty for plain text.
     *
     * @param field where the format came from, for errors
     * @throws ApiException 400 if it cannot be held
     */
    public static Optional<TokenMasks> of(AnswerFormat format, String field, Lease lease) {
        return format instanceof AnswerFormat.Text
                ? Optional.empty()
                : Optional.of(masks(key(format), () -> grammar(format), field, lease));
    }

    /** What holds the answer to {@code order}, whose prompt is {@code prompt}; empty if nothing does. */
    static Optional<TokenMasks> of(ChatOrder order, String prompt, Lease lease) {
        boolean formed = !(order.format() instanceof AnswerFormat.Text);
        List<ToolSchema> tools = tools(order);
        if (tools.isEmpty() && !formed) {
            return Optional.empty();
        }
        String template = lease.chat().template().map(ChatTemplate::source).orElse("");
        ReplyGrammar replies = ReplyGrammar.of(template, prompt);
        String key = String.join(
                "\n", replies.key(), order.choice() + " " + order.parallel(), tools.toString(), key(order.format()));
        boolean forced = !tools.isEmpty() && !(order.choice() instanceof ToolChoice.Auto);
        if (forced && !replies.knowsCalls()) {
            throw ApiException.unsupported(
                    "tool_choice", "how this model writes calls is not known, ask for \"auto\" or \"none\"");
        }
        boolean several = order.parallel() && !(order.choice() instanceof ToolChoice.Named);
        if (forced) {
            return Optional.of(masks(key, () -> replies.calls(tools, several), "tools", lease));
        }
        boolean callable = !tools.isEmpty() && replies.knowsCalls();
        if (formed) {
            Supplier<Grammar> form = callable
                    ? () -> replies.callsOr(grammar(order.format()), tools, several)
                    : () -> replies.content(grammar(order.format()));
            return Optional.of(masks(key, form, order.formatField(), lease));
        }
        boolean held = callable && (!several || tools.stream().anyMatch(ToolSchema::strict));
        return held ? Optional.of(masks(key, () -> replies.freely(tools, several), "tools", lease)) : Optional.empty();
    }

    /** Those that may be called. */
    private static List<ToolSchema> tools(ChatOrder order) {
        return order.tools().stream()
                .filter(tool -> switch (order.choice()) {
                    case ToolChoice.None none -> false;
                    case ToolChoice.Named named -> tool.name().equals(named.name());
                    case ToolChoice.Auto auto -> true;
                    case ToolChoice.Required required -> true;
                })
                .map(tool -> new ToolSchema(tool.name(), tool.parameters(), tool.strict()))
                .toList();
    }

    private static TokenMasks masks(String key, Supplier<Grammar> grammar, String field, Lease lease) {
        try {
            return lease.model().masks(key, grammar);
        } catch (UnsupportedSchemaException beyond) {
            throw new ApiException(
                    400, "invalid_request_error", field + ": " + beyond.getMessage(), field, "unsupported_schema");
        } catch (GrammarException wrong) {
            throw ApiException.invalid(field, String.valueOf(wrong.getMessage()));
        }
    }

    private static Grammar grammar(AnswerFormat format) {
        return switch (format) {
            case AnswerFormat.Text text -> throw new IllegalArgumentException("format: text is not held to anything");
            case AnswerFormat.JsonObject object -> Grammar.jsonObject();
            case AnswerFormat.JsonSchema(var schema) -> Grammar.jsonSchema(schema);
            case AnswerFormat.Regex(String pattern) -> Grammar.regex(pattern);
            case AnswerFormat.Gbnf(String source) -> Grammar.gbnf(source);
            case AnswerFormat.Choice(List<String> texts) -> Grammar.choice(texts);
        };
    }

    /** A text that no other format has: records print all that they hold, and texts do not run into each other. */
    private static String key(AnswerFormat format) {
        return switch (format) {
            case AnswerFormat.Choice(List<String> texts) ->
                texts.stream().map(text -> text.length() + ":" + text).collect(Collectors.joining(",", "choice ", ""));
            default -> format.toString();
        };
    }
}
