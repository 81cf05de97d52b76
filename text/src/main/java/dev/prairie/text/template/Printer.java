package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.util.List;

/** Values as Python prints them: {@code str} of a value that stands alone, {@code repr} of what is inside another. */
final class Printer {
    private final Environment environment;

    Printer(Environment environment) {
        this.environment = environment;
    }

    String print(Value value) {
        return switch (value) {
            case Value.Str str -> str.text();
            case Value.Undefined undefined -> "";
            case Value.None none -> "None";
            case Value.Bool bool -> bool.value() ? "True" : "False";
            case Value.Int integer -> {
                environment.text(integer.value().bitLength() / 3);
                yield integer.value().toString();
            }
            case Value.Float number -> Numbers.print(number.value());
            default -> repr(value);
        };
    }

    String repr(Value value) {
        StringBuilder out = new StringBuilder();
        repr(value, out);
        return out.toString();
    }

    private void repr(Value value, StringBuilder out) {
        environment.step();
        int before = out.length();
        switch (value) {
            case Value.Str str -> quote(str.text(), out);
            case Value.Undefined undefined -> out.append("Undefined");
            case Sequence sequence -> sequence(sequence, out);
            case Value.Dict dict -> {
                environment.enter();
                out.append('{');
                String separator = "";
                for (Value.Dict.Entry entry : List.copyOf(dict.entries().values())) {
                    out.append(separator);
                    repr(entry.key(), out);
                    out.append(": ");
                    repr(entry.value(), out);
                    separator = ", ";
                }
                out.append('}');
                environment.leave();
            }
            case Value.Namespace namespace -> {
                out.append("<Namespace ");
                repr(Dicts.of(namespace.attributes()), out);
                out.append('>');
            }
            case Value.Function function -> out.append("<function ").append(function.name()).append('>');
            case Value.Native object -> out.append('<').append(object.name()).append('>');
            case Value.None none -> out.append(print(value));
            case Value.Bool bool -> out.append(print(value));
            case Value.Int integer -> out.append(print(value));
            case Value.Float number -> out.append(print(value));
        }
        if (!(value instanceof Sequence || value instanceof Value.Dict)) {
            environment.text(out.length() - before);
        }
    }

    private void sequence(Sequence sequence, StringBuilder out) {
        environment.enter();
        out.append(sequence.kind().opening());
        String separator = "";
        for (Value item : List.copyOf(sequence.items())) {
            out.append(separator);
            repr(item, out);
            separator = ", ";
        }
        if (sequence.kind() == Sequence.Kind.TUPLE && sequence.items().size() == 1) {
            out.append(',');
        }
        out.append(sequence.kind().closing());
        environment.leave();
    }

    private void quote(String text, StringBuilder out) {
        environment.text(text.length());
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (printable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(c < 0x100 ? "\\x%02x".formatted(c) : (c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c));
                    }
                }
            }
        });
        out.append(quote);
    }

    private static boolean printable(int c) {
        return c == ' '
                || switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR,
                            Character.SPACE_SEPARATOR -> false;
                    default -> true;
                };
    }
}
