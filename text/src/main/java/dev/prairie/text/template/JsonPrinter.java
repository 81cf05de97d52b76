package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Values as the JSON that Python's {@code json.dumps} writes: a space after commas and colons unless told otherwise. The
 * filter's defaults are those of Hugging Face's {@code apply_chat_template}: other scripts than ASCII stay as they are.
 */
final class JsonPrinter {
    private final Environment environment;
    private final boolean ascii;
    private final Optional<String> indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sortKeys;
    private final StringBuilder out = new StringBuilder();

    private JsonPrinter(
            Environment environment,
            boolean ascii,
            Optional<String> indent,
            String itemSeparator,
            String keySeparator,
            boolean sortKeys) {
        this.environment = environment;
        this.ascii = ascii;
        this.indent = indent;
        this.itemSeparator = itemSeparator;
        this.keySeparator = keySeparator;
        this.sortKeys = sortKeys;
    }

    /** The filter {@code tojson}: ensure_ascii, indent, separators, sort_keys. */
    static Value filter(Environment environment, Value value, Arguments arguments) {
        boolean ascii = arguments.bool("ensure_ascii", false);
        Optional<String> indent = arguments.next("indent").flatMap(given -> indent(environment, given));
        Value separators = arguments.next("separators").orElse(Value.NONE);
        boolean sortKeys = arguments.bool("sort_keys", false);
        arguments.end();
        String item = indent.isPresent() ? "," : ", ";
        String key = ": ";
        if (!(separators instanceof Value.None)) {
            if (!(separators instanceof Sequence pair
                    && pair.items().size() == 2
                    && pair.items().get(0) instanceof Value.Str first
                    && pair.items().get(1) instanceof Value.Str second)) {
                throw environment.error("tojson: 'separators' is " + Types.name(separators) + "; give two strings");
            }
            item = first.text();
            key = second.text();
        }
        JsonPrinter printer = new JsonPrinter(environment, ascii, indent, item, key, sortKeys);
        printer.write(value, 0);
        return environment.made(printer.out.toString());
    }

    private static Optional<String> indent(Environment environment, Value given) {
        return switch (given) {
            case Value.None none -> Optional.empty();
            case Value.Str str -> Optional.of(str.text());
            default ->
                Optional.of(" ".repeat(Math.clamp(Types.index(environment, given, "tojson: 'indent'"), 0, 64)));
        };
    }

    private void write(Value value, int level) {
        environment.step();
        switch (value) {
            case Value.None none -> out.append("null");
            case Value.Bool bool -> out.append(bool.value());
            case Value.Int integer -> out.append(integer.value());
            case Value.Float number -> out.append(number(number.value()));
            case Value.Str str -> string(str.text());
            case Sequence sequence -> array(List.copyOf(sequence.items()), level);
            case Value.Dict dict -> object(dict, level);
            default ->
                throw environment.error(Types.name(value) + " is not JSON; give tojson dicts, lists, strings or numbers");
        }
    }

    private static String number(double value) {
        return Double.isNaN(value)
                ? "NaN"
                : Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : Numbers.print(value);
    }

    private void array(List<Value> items, int level) {
        if (items.isEmpty()) {
            out.append("[]");
            return;
        }
        environment.enter();
        out.append('[');
        for (int i = 0; i < items.size(); i++) {
            out.append(i == 0 ? "" : itemSeparator);
            line(level + 1);
            write(items.get(i), level + 1);
        }
        line(level);
        out.append(']');
        environment.leave();
    }

    private void object(Value.Dict dict, int level) {
        if (dict.entries().isEmpty()) {
            out.append("{}");
            return;
        }
        environment.enter();
        List<Value.Dict.Entry> entries = new ArrayList<>(dict.entries().values());
        if (sortKeys) {
            Comparison comparison = new Comparison(environment);
            entries.sort((a, b) -> comparison.compare(a.key(), b.key()));
        }
        out.append('{');
        for (int i = 0; i < entries.size(); i++) {
            out.append(i == 0 ? "" : itemSeparator);
            line(level + 1);
            string(key(entries.get(i).key()));
            out.append(keySeparator);
            write(entries.get(i).value(), level + 1);
        }
        line(level);
        out.append('}');
        environment.leave();
    }

    private String key(Value key) {
        return switch (key) {
            case Value.Str str -> str.text();
            case Value.None none -> "null";
            case Value.Bool bool -> Boolean.toString(bool.value());
            case Value.Int integer -> integer.value().toString();
            case Value.Float number -> number(number.value());
            default -> environment.fail(Types.name(key) + " cannot be a key in JSON; use a string");
        };
    }

    private void line(int level) {
        indent.ifPresent(unit -> {
            environment.text((long) unit.length() * level + 1);
            out.append('\n').repeat(unit, level);
        });
    }

    private void string(String text) {
        environment.text(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < 0x20 || (ascii && c > 0x7e)) {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
