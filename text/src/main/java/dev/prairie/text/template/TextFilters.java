package dev.prairie.text.template;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The filters that take and give text. */
final class TextFilters {
    private final Environment environment;
    private final Arguments arguments;
    private final Printer printer;

    TextFilters(Environment environment, Arguments arguments) {
        this.environment = environment;
        this.arguments = arguments;
        this.printer = new Printer(environment);
    }

    Value apply(String name, Value value) {
        if (value instanceof Value.Str str && str.safe() && !name.equals("forceescape") && keeps(name)) {
            return value;
        }
        String text = printer.print(value);
        environment.text(text.length());
        return switch (name) {
            case "string" -> Value.of(text);
            case "safe" -> new Value.Str(text, true);
            case "e", "escape", "forceescape" -> new Value.Str(Text.escape(text), true);
            case "lower" -> Value.of(text.toLowerCase(Locale.ROOT));
            case "upper" -> Value.of(text.toUpperCase(Locale.ROOT));
            case "capitalize" -> Value.of(Text.capitalize(text));
            case "title" -> Value.of(title(text));
            case "trim" -> trim(text);
            case "replace" -> {
                String old = printer.print(arguments.required("old"));
                String fresh = printer.print(arguments.required("new"));
                yield Value.of(Text.replace(environment, text, old, fresh, arguments.integer("count", -1)));
            }
            case "indent" -> indent(text);
            case "center" -> {
                int width = arguments.integer("width", 80);
                int missing = width - Text.length(text);
                environment.text(missing);
                yield missing <= 0
                        ? Value.of(text)
                        : Value.of(" ".repeat(Text.centred(missing, width))
                                + text
                                + " ".repeat(missing - Text.centred(missing, width)));
            }
            case "truncate" -> truncate(text);
            case "format" -> {
                Value named = Dicts.of(arguments.restNamed());
                Value values = Types.truth(named)
                        ? named
                        : Value.tuple(arguments.rest().toArray(Value[]::new));
                yield Value.of(PercentFormat.format(environment, text, values));
            }
            case "striptags" -> Value.of(striptags(text));
            case "urlencode" -> Value.of(urlencode(text));
            default -> Value.of(wordcount(text));
        };
    }

    private static boolean keeps(String name) {
        return name.equals("string") || name.equals("safe") || name.equals("e") || name.equals("escape");
    }

    /** A capital after blanks, hyphens and opening brackets, small letters elsewhere. */
    private static String title(String text) {
        StringBuilder title = new StringBuilder();
        boolean first = true;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            title.appendCodePoint(first ? Character.toUpperCase(c) : Character.toLowerCase(c));
            first = Text.isSpace(c) || "-({[<".indexOf(c) >= 0;
            i += Character.charCount(c);
        }
        return title.toString();
    }

    private Value trim(String text) {
        Value chars = arguments.next("chars").orElse(Value.NONE);
        return Value.of(
                chars instanceof Value.Str set
                        ? Text.stripEnd(Text.stripStart(text, set.text()), set.text())
                        : Text.strip(text));
    }

    private Value indent(String text) {
        Value width = arguments.next("width").orElse(Value.of(4));
        boolean first = arguments.bool("first", false);
        boolean blank = arguments.bool("blank", false);
        String unit = width instanceof Value.Str str
                ? str.text()
                : " ".repeat(Math.clamp(Types.index(environment, width, "indent: 'width'"), 0, 10_000));
        StringBuilder indented = new StringBuilder();
        String[] lines = text.split("\r\n|\r|\n", -1);
        for (int i = 0; i < lines.length; i++) {
            environment.text(unit.length());
            indented.append(i == 0 ? "" : "\n");
            if (i == 0 ? first : blank || !lines[i].isEmpty()) {
                indented.append(unit);
            }
            indented.append(lines[i]);
        }
        return Value.of(indented.toString());
    }

    private Value truncate(String text) {
        int length = arguments.integer("length", 255);
        boolean killWords = arguments.bool("killwords", false);
        String end = arguments.string("end", "...");
        int leeway = arguments.integer("leeway", 5);
        if (length < Text.length(end)) {
            throw environment.error("truncate: 'length' is " + length + ", shorter than '" + end + "'; give more");
        }
        if (Text.length(text) <= (long) length + leeway) {
            return Value.of(text);
        }
        String cut = Text.slice(text, 0, length - Text.length(end));
        int space = cut.lastIndexOf(' ');
        return Value.of((killWords || space < 0 ? cut : cut.substring(0, space)) + end);
    }

    private static String striptags(String text) {
        StringBuilder plain = new StringBuilder();
        int lastClose = text.lastIndexOf('>');
        boolean inTag = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '<' && i < lastClose) {
                inTag = true;
            } else if (c == '>' && inTag) {
                inTag = false;
            } else if (!inTag) {
                plain.append(c);
            }
        }
        return String.join(" ", Text.strip(plain.toString()).split("\\s+"));
    }

    private String urlencode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            boolean plain = b > 0 && (Character.isLetterOrDigit(b) || "_.-~/".indexOf(b) >= 0);
            encoded.append(plain ? String.valueOf((char) b) : "%%%02X".formatted(b & 0xFF));
        }
        environment.text(encoded.length());
        return encoded.toString();
    }

    private static long wordcount(String text) {
        long words = 0;
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            boolean letter = Character.isLetterOrDigit(text.charAt(i)) || text.charAt(i) == '_';
            words += letter && !inWord ? 1 : 0;
            inWord = letter;
        }
        return words;
    }
}
