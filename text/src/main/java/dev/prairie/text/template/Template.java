package dev.prairie.text.template;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Jinja template, read once and rendered any number of times, by any number of threads.
 *
 * <p>It means what Jinja2 3.1 makes of it with loop controls, in the sandbox that Hugging Face's
 * {@code apply_chat_template} uses: Python's values, printing, slices and string methods. Beyond it, lists and dicts may
 * be changed by their methods, which changes a copy of what was given. Not offered: files (include, import, extends),
 * random choice, translation. A template comes with a model and is not trusted: it reaches nothing but what it is given,
 * and its steps, depth, strings and output are bounded by {@link TemplateLimits}.
 */
public final class Template {
    private final List<Statement> statements;
    private final TemplateLimits limits;

    private Template(List<Statement> statements, TemplateLimits limits) {
        this.statements = statements;
        this.limits = limits;
    }

    /**
     * Reads a template as chat templates are meant, with {@link TemplateOptions#CHAT}.
     *
     * @throws TemplateException if it is no template; the message says where and why
     */
    public static Template parse(String source) {
        return parse(source, TemplateOptions.CHAT, TemplateLimits.DEFAULT);
    }

    /**
     * Reads a template.
     *
     * @throws TemplateException if it is no template; the message says where and why
     */
    public static Template parse(String source, TemplateOptions options, TemplateLimits limits) {
        return new Template(Parser.parse(source, options), limits);
    }

    /**
     * Renders with the given variables: null, strings, booleans, numbers, lists, maps with string keys, JSON trees.
     *
     * @param clock what {@code strftime_now} asks, for the time and its zone
     * @throws TemplateException if the template fails, refuses what it is given, or exceeds a limit
     * @throws IllegalArgumentException if a variable is of another type, or nested deeper than 200 levels
     */
    public String render(Map<String, ? extends @Nullable Object> variables, Clock clock) {
        Environment environment = new Environment(limits, clock);
        Map<String, Value> values = new LinkedHashMap<>(Globals.all());
        variables.forEach((name, value) -> values.put(name, Data.of(value)));
        // The globals lie outside of what the template itself sets and reads as its own.
        return new Interpreter(environment).render(statements, Scope.outermost(values).inner());
    }
}
