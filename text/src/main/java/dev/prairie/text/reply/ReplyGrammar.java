package dev.prairie.text.reply;

import static dev.prairie.text.grammar.Grammar.either;
import static dev.prairie.text.grammar.Grammar.literal;
import static dev.prairie.text.grammar.Grammar.marker;
import static dev.prairie.text.grammar.Grammar.regex;
import static dev.prairie.text.grammar.Grammar.repeat;
import static dev.prairie.text.grammar.Grammar.sequence;
import static dev.prairie.text.grammar.Grammar.textWithout;

import dev.prairie.text.grammar.Grammar;
import dev.prairie.text.grammar.GrammarException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a reply may be, where that is not left to the model: calls as the model's template writes them, or a content of a
 * given form; each after the reasoning that the model may begin with. What a grammar of this lets through, the
 * {@link ReplyParser} of the same template reads.
 */
public final class ReplyGrammar {
    private final String template;
    private final List<Section> sections;
    private final boolean bareJson;
    private final boolean harmony;
    private final Grammar before;
    private final String reasoning;

    private ReplyGrammar(String template, String prompt) {
        this.template = template;
        this.harmony = ReplyParser.isHarmony(template);
        this.sections = harmony ? List.of() : Section.of(template);
        this.bareJson = !harmony
                && Section.callsAreBareJson(template)
                && sections.stream().allMatch(s -> s.isReasoning() || s.open().equals("<|python_tag|>"));
        this.reasoning = state(prompt.stripTrailing());
        this.before = harmony ? analysis() : reasoning();
    }

    /**
     * For the replies to one prompt.
     *
     * @param template the text of the model's template; empty for a model without one
     * @param prompt   the prompt that is answered: where it ends inside of reasoning, the reply begins there
     */
    public static ReplyGrammar of(String template, String prompt) {
        return new ReplyGrammar(template, prompt);
    }

    /** Whether calls can be asked for: how the model writes them is known from its template. */
    public boolean knowsCalls() {
        return harmony || bareJson || section().isPresent();
    }

    /** What two prompts of one template must have in common for the same grammars: where reasoning stands. */
    public String key() {
        return reasoning;
    }

    /** Content of this form, and nothing else but reasoning before it. */
    public Grammar content(Grammar form) {
        return sequence(before, harmony ? sequence(marker("<|channel|>"), literal("final"), message(form)) : form);
    }

    /**
     * Calls and nothing else but reasoning before them.
     *
     * @param tools   that may be called, at least one
     * @param several whether one reply may call more than once
     */
    public Grammar calls(List<ToolSchema> tools, boolean several) {
        return sequence(before, written(tools, several));
    }

    /** Calls, or content of this form. */
    public Grammar callsOr(Grammar form, List<ToolSchema> tools, boolean several) {
        Grammar content = harmony ? sequence(marker("<|channel|>"), literal("final"), message(form)) : form;
        return sequence(before, either(List.of(written(tools, several), content)));
    }

    /** Whatever the model says; but once it begins a call, that is held to its form. */
    public Grammar freely(List<ToolSchema> tools, boolean several) {
        if (harmony) {
            return callsOr(textWithout("<|"), tools, several);
        }
        Grammar calls = written(tools, several);
        if (bareJson) { // what begins as an object is a call
            return sequence(before, either(List.of(calls, regex("(?:[^{\\s][\\s\\S]*)?"))));
        }
        Grammar text = textWithout(sections.stream()
                .filter(s -> !s.isReasoning())
                .map(Section::open)
                .toArray(String[]::new));
        return sequence(before, text, repeat(calls, 0, 1));
    }

    private Grammar written(List<ToolSchema> tools, boolean several) {
        if (harmony) {
            return either(tools.stream().map(ReplyGrammar::harmonyCall).toList());
        }
        CallGrammar calls = new CallGrammar(template, tools, several && !bareJson);
        if (bareJson) {
            return calls.of(Section.BARE_JSON);
        }
        return calls.of(section()
                .orElseThrow(() ->
                        new GrammarException("how this model writes calls is not known; ask knowsCalls() first")));
    }

    private Optional<Section> section() {
        return sections.stream()
                .filter(section -> !section.isReasoning())
                .filter(section -> template.contains(section.name()))
                .findFirst();
    }

    /** The marker of reasoning that the prompt ends with. */
    private String state(String prompt) {
        return sections.stream()
                .filter(Section::isReasoning)
                .flatMap(section -> Stream.of(section.open(), section.close()))
                .filter(prompt::endsWith)
                .findFirst()
                .orElse("");
    }

    /** What the model thinks first, if it does: to the end, where the prompt has begun it. */
    private Grammar reasoning() {
        List<Grammar> options = new ArrayList<>();
        for (Section section : sections) {
            if (!section.isReasoning() || reasoning.equals(section.close())) {
                continue;
            }
            Grammar rest = sequence(textWithout(section.close()), marker(section.close()), regex("\\n{0,2}"));
            if (reasoning.equals(section.open())) {
                return rest;
            }
            options.add(sequence(marker(section.open()), rest));
        }
        return options.isEmpty() ? literal("") : repeat(either(options), 0, 1);
    }

    // ---- harmony -----------------------------------------------------------------------------------------------

    private static Grammar analysis() {
        Grammar thought = sequence(
                marker("<|channel|>"),
                literal("analysis"),
                marker("<|message|>"),
                textWithout("<|"),
                marker("<|end|>"),
                marker("<|start|>"),
                literal("assistant"));
        return repeat(thought, 0, 1);
    }

    private static Grammar message(Grammar form) {
        return sequence(marker("<|message|>"), form);
    }

    private static Grammar harmonyCall(ToolSchema tool) {
        return sequence(
                marker("<|channel|>"),
                literal("commentary to=functions." + tool.name() + " "),
                marker("<|constrain|>"),
                literal("json"),
                message(tool.arguments()));
    }
}
