package dev.prairie.text.reply;

import static dev.prairie.text.grammar.Grammar.either;
import static dev.prairie.text.grammar.Grammar.literal;
import static dev.prairie.text.grammar.Grammar.marker;
import static dev.prairie.text.grammar.Grammar.repeat;
import static dev.prairie.text.grammar.Grammar.sequence;
import static dev.prairie.text.grammar.Grammar.textWithout;

import dev.prairie.text.grammar.Grammar;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * Calls as a model's template writes them: what {@link CallForm} reads, the other way round. One call or several, the
 * markers around them included.
 */
final class CallGrammar {
    private final String template;
    private final List<ToolSchema> tools;
    private final boolean several;

    CallGrammar(String template, List<ToolSchema> tools, boolean several) {
        this.template = template;
        this.tools = tools;
        this.several = several;
    }

    /** The calls of a section. */
    Grammar of(Section section) {
        return switch (section.form().orElseThrow()) {
            case TAGGED -> tagged(section);
            case FUNCTION ->
                many(
                        "",
                        each(tool -> sequence(
                                literal("<function=" + tool.name() + ">"), tool.arguments(), literal("</function>"))),
                        "\n");
            case LLAMA ->
                sequence(
                        section.open().isEmpty() ? literal("") : marker(section.open()),
                        many("", object("parameters"), "; "));
            case MISTRAL -> mistral(section);
            case DEEPSEEK -> deepSeek(section);
            case KIMI -> kimi(section);
            case INVOKE -> invoke(section);
        };
    }

    /** Several of them with something between, or one. */
    private Grammar many(String before, Grammar call, String between) {
        Grammar first = sequence(literal(before), call);
        return several ? sequence(first, repeat(sequence(literal(between), call), 0, -1)) : first;
    }

    private interface Writer {
        Grammar write(ToolSchema tool);
    }

    private Grammar each(Writer writer) {
        return either(tools.stream().map(writer::write).toList());
    }

    private Grammar object(String arguments) {
        return each(tool -> object(tool, arguments));
    }

    private static Grammar object(ToolSchema tool, String arguments) {
        return sequence(
                literal("{\"name\": \"" + tool.name() + "\", \"" + arguments + "\": "), tool.arguments(), literal("}"));
    }

    /** The arguments one by one, in the schema's order: texts as they are, everything else as JSON. */
    private static Grammar arguments(ToolSchema tool, String before, String after, String close) {
        List<Grammar> all = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property :
                tool.parameters().path("properties").properties()) {
            Grammar one = sequence(
                    literal(before.formatted(property.getKey())),
                    value(property.getValue(), after.strip(), close),
                    literal(after));
            all.add(tool.requires(property.getKey()) ? one : repeat(one, 0, 1));
        }
        return sequence(all);
    }

    private static Grammar value(JsonNode schema, String after, String close) {
        if (!ToolSchema.isText(schema)) {
            return Grammar.jsonSchema(schema);
        }
        if (!schema.has("enum")) {
            return textWithout(after, close, "<parameter=", "</function>");
        }
        List<String> texts = new ArrayList<>();
        schema.get("enum").forEach(text -> texts.add(text.stringValue("")));
        return Grammar.choice(texts);
    }

    private Grammar tagged(Section section) {
        Grammar open = marker(section.open());
        String close = section.close();
        if (section.open().equals("<TOOLCALL>")) { // one pair of tags around a list
            return sequence(open, list(), marker(close));
        }
        Grammar call;
        if (template.contains("<arg_key>")) {
            call = each(tool -> tool.hasPlainProperties()
                    ? keyed(tool, close)
                    : sequence(literal("\n"), object(tool, "arguments"), literal("\n")));
        } else if (template.contains("<function=")) {
            String line = section.open().equals("<tool_call>") ? "\n" : "";
            call = each(tool -> sequence(
                    literal("\n<function=" + tool.name() + ">\n"),
                    tool.hasPlainProperties()
                            ? arguments(tool, "<parameter=%s>" + line, line + "</parameter>\n", close)
                            : tool.arguments(),
                    literal("</function>\n")));
        } else {
            call = sequence(literal("\n"), object("arguments"), literal("\n"));
        }
        return many("", sequence(open, call, marker(close)), "\n");
    }

    private Grammar keyed(ToolSchema tool, String close) {
        String line = template.contains("</arg_key>\n") || template.contains("</arg_key>\\n") ? "\n" : "";
        String key = "<arg_key>%s</arg_key>" + line + "<arg_value>";
        return sequence(literal(tool.name() + line), arguments(tool, key, "</arg_value>" + line, close));
    }

    private Grammar list() {
        return sequence(literal("["), many("", object("arguments"), ", "), literal("]"));
    }

    private Grammar mistral(Section section) {
        if (!template.contains("[ARGS]")) {
            return sequence(marker(section.open()), list());
        }
        Grammar id = template.contains("[CALL_ID]")
                ? repeat(sequence(marker("[CALL_ID]"), Grammar.regex("[A-Za-z0-9]{9}")), 0, 1)
                : literal("");
        Grammar call = sequence(
                marker(section.open()),
                each(tool -> sequence(literal(tool.name()), id, marker("[ARGS]"), tool.arguments())));
        return many("", call, "");
    }

    private Grammar deepSeek(Section section) {
        boolean block = template.contains("```json");
        Grammar call = sequence(
                marker("<｜tool▁call▁begin｜>"),
                each(tool -> block
                        ? sequence(
                                literal("function"),
                                marker("<｜tool▁sep｜>"),
                                literal(tool.name() + "\n```json\n"),
                                tool.arguments(),
                                literal("\n```"))
                        : sequence(literal(tool.name()), marker("<｜tool▁sep｜>"), tool.arguments())),
                marker("<｜tool▁call▁end｜>"));
        return sequence(marker(section.open()), many("", call, block ? "\n" : ""), marker(section.close()));
    }

    private Grammar kimi(Section section) {
        Grammar first = kimi(literal("0"));
        Grammar more = several ? repeat(kimi(Grammar.regex("[1-9][0-9]?")), 0, -1) : literal("");
        return sequence(marker(section.open()), first, more, marker(section.close()));
    }

    private Grammar kimi(Grammar number) {
        return sequence(
                marker("<|tool_call_begin|>"),
                each(tool -> sequence(
                        literal("functions." + tool.name() + ":"),
                        number,
                        marker("<|tool_call_argument_begin|>"),
                        tool.arguments())),
                marker("<|tool_call_end|>"));
    }

    private Grammar invoke(Section section) {
        String dsml = section.open().contains("｜DSML｜") ? "｜DSML｜" : "";
        Grammar call = each(tool -> {
            String begin = "<" + dsml + "invoke name=\"" + tool.name() + "\">\n";
            List<Grammar> parts = new ArrayList<>();
            parts.add(literal(begin));
            for (Map.Entry<String, JsonNode> property :
                    tool.parameters().path("properties").properties()) {
                Grammar one = parameter(dsml, property.getKey(), property.getValue(), section.close());
                parts.add(tool.requires(property.getKey()) ? one : repeat(one, 0, 1));
            }
            parts.add(literal("</" + dsml + "invoke>\n"));
            return sequence(parts);
        });
        return sequence(marker(section.open()), literal("\n"), many("", call, ""), marker(section.close()));
    }

    private static Grammar parameter(String dsml, String name, JsonNode schema, String close) {
        String kind = dsml.isEmpty() ? "" : " string=\"" + ToolSchema.isText(schema) + "\"";
        String end = "</" + dsml + "parameter>";
        return sequence(
                literal("<" + dsml + "parameter name=\"" + name + "\"" + kind + ">"),
                value(schema, end, close),
                literal(end + "\n"));
    }
}
