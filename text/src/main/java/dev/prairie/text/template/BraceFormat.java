package dev.prairie.text.template;

import java.util.List;
import java.util.Map;

/** {@code str.format}: {@code {}}, {@code {0}}, {@code {name}}, {@code {x[key]}}, {@code {!r}} and format specifications. */
final class BraceFormat {
    private final Environment environment;
    private final List<Value> positional;
    private final Map<String, Value> named;
    private int next;

    BraceFormat(Environment environment, List<Value> positional, Map<String, Value> named) {
        this.environment = environment;
        this.positional = positional;
        this.named = named;
    }

    String format(String format) {
        return format(format, 0);
    }

    private String format(String format, int level) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); ) {
            char c = format.charAt(i);
            boolean doubled = i + 1 < format.length() && format.charAt(i + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(c);
                i += 2;
            } else if (c == '{') {
                int end = close(format, i);
                String made = field(format.substring(i + 1, end), level);
                environment.text(made.length());
                out.append(made);
                i = end + 1;
            } else if (c == '}') {
                throw environment.error("a single '}' in a format; write }} for a brace");
            } else {
                out.append(c);
                i++;
            }
        }
        return out.toString();
    }

    private int close(String format, int open) {
        int depth = 0;
        for (int i = open; i < format.length(); i++) {
            depth += format.charAt(i) == '{' ? 1 : format.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw environment.error("a '{' in a format is never closed; write {{ for a brace");
    }

    private String field(String field, int level) {
        if (level > 1) {
            throw environment.error("a format inside a format inside a format; use fewer");
        }
        int colon = field.indexOf(':');
        String head = colon < 0 ? field : field.substring(0, colon);
        char conversion = 0;
        int mark = head.indexOf('!');
        if (mark >= 0 && mark == head.length() - 2) {
            conversion = head.charAt(mark + 1);
            head = head.substring(0, mark);
        }
        Value value = lookup(head);
        String spec = colon < 0 ? "" : format(field.substring(colon + 1), level + 1);
        Printer printer = new Printer(environment);
        if (conversion != 0) {
            value = Value.of(conversion == 's' ? printer.print(value) : printer.repr(value));
        }
        return spec.isEmpty() ? printer.print(value) : FormatSpec.parse(environment, spec).apply(environment, value);
    }

    private Value lookup(String path) {
        int end = 0;
        while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
            end++;
        }
        Value value = argument(path.substring(0, end));
        Access access = new Access(environment);
        while (end < path.length()) {
            boolean attribute = path.charAt(end) == '.';
            int from = end + 1;
            end = from;
            while (end < path.length() && (attribute ? path.charAt(end) != '.' && path.charAt(end) != '[' : path.charAt(end) != ']')) {
                end++;
            }
            String name = path.substring(from, end);
            value = attribute
                    ? access.attribute(value, name)
                    : access.item(value, isIndex(name) ? Value.of(Long.parseLong(name)) : Value.of(name));
            end += attribute ? 0 : 1;
        }
        return value;
    }

    private Value argument(String name) {
        if (name.isEmpty() || isIndex(name)) {
            int index = name.isEmpty() ? next++ : Integer.parseInt(name);
            return index < positional.size()
                    ? positional.get(index)
                    : environment.fail("the format asks for value " + index + " of " + positional.size()
                            + "; give as many as it has places");
        }
        Value value = named.get(name);
        return value != null ? value : environment.fail("the format names '" + name + "'; give it a value");
    }

    private static boolean isIndex(String name) {
        return !name.isEmpty() && name.length() < 9 && name.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
