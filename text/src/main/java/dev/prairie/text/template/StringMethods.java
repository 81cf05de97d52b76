package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;

/** The methods of Python's strings. */
final class StringMethods {
    static final Set<String> NAMES = Set.of(
            "strip", "lstrip", "rstrip", "upper", "lower", "casefold", "swapcase", "title", "capitalize", "split",
            "rsplit", "splitlines", "partition", "rpartition", "replace", "removeprefix", "removesuffix", "startswith",
            "endswith", "find", "rfind", "index", "rindex", "count", "join", "format", "zfill", "center", "ljust",
            "rjust", "isdigit", "isnumeric", "isdecimal", "isalpha", "isalnum", "isspace", "isupper", "islower",
            "isascii", "isidentifier", "istitle");

    private final Environment environment;
    private final String text;
    private final Arguments arguments;

    private StringMethods(Environment environment, String text, Arguments arguments) {
        this.environment = environment;
        this.text = text;
        this.arguments = arguments;
    }

    static Value call(Environment environment, String text, String name, Arguments arguments) {
        environment.text(text.length());
        Value result = new StringMethods(environment, text, arguments).call(name);
        arguments.end();
        return result;
    }

    private Value call(String name) {
        return switch (name) {
            case "strip" -> Value.of(strip(true, true));
            case "lstrip" -> Value.of(strip(true, false));
            case "rstrip" -> Value.of(strip(false, true));
            case "upper" -> Value.of(text.toUpperCase(Locale.ROOT));
            case "lower" -> Value.of(text.toLowerCase(Locale.ROOT));
            case "casefold" -> Value.of(text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT));
            case "swapcase" -> Value.of(swapcase());
            case "title" -> Value.of(Text.title(text));
            case "capitalize" -> Value.of(Text.capitalize(text));
            case "split" -> split(false);
            case "rsplit" -> split(true);
            case "splitlines" -> splitlines();
            case "partition", "rpartition" -> partition(name.equals("rpartition"));
            case "replace" -> {
                String old = arguments.requiredString("old");
                String fresh = arguments.requiredString("new");
                yield Value.of(Text.replace(environment, text, old, fresh, arguments.integer("count", -1)));
            }
            case "removeprefix" -> {
                String prefix = arguments.requiredString("prefix");
                yield Value.of(text.startsWith(prefix) ? text.substring(prefix.length()) : text);
            }
            case "removesuffix" -> {
                String suffix = arguments.requiredString("suffix");
                yield Value.of(text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text);
            }
            case "startswith" -> affix(true);
            case "endswith" -> affix(false);
            case "find", "index" -> find(name, false);
            case "rfind", "rindex" -> find(name, true);
            case "count" -> count();
            case "join" -> join();
            case "format" ->
                Value.of(new BraceFormat(environment, arguments.rest(), arguments.restNamed()).format(text));
            case "zfill" -> zfill();
            case "center", "ljust", "rjust" -> pad(name);
            default -> Value.of(is(name));
        };
    }

    private String strip(boolean start, boolean end) {
        Value chars = arguments.next("chars").orElse(Value.NONE);
        String result = text;
        if (chars instanceof Value.Str set) {
            result = start ? Text.stripStart(result, set.text()) : result;
            return end ? Text.stripEnd(result, set.text()) : result;
        }
        result = start ? Text.stripStart(result) : result;
        return end ? Text.stripEnd(result) : result;
    }

    private String swapcase() {
        StringBuilder swapped = new StringBuilder();
        text.codePoints()
                .forEach(c -> swapped.appendCodePoint(
                        Character.isUpperCase(c) ? Character.toLowerCase(c) : Character.toUpperCase(c)));
        return swapped.toString();
    }

    private Value split(boolean fromEnd) {
        Value separator = arguments.next("sep").orElse(Value.NONE);
        int most = arguments.integer("maxsplit", -1);
        List<Value> parts = new ArrayList<>();
        if (separator instanceof Value.None) {
            if (fromEnd) {
                splitBlanksFromEnd(most, parts);
            } else {
                splitBlanks(most, parts);
            }
        } else if (!(separator instanceof Value.Str mark) || mark.text().isEmpty()) {
            throw environment.error("split: the separator is empty or no string; give one");
        } else if (fromEnd) {
            int end = text.length();
            for (int at; parts.size() != most && (at = text.lastIndexOf(mark.text(), end - mark.text().length())) >= 0
                    && end >= mark.text().length(); ) {
                add(parts, text.substring(at + mark.text().length(), end));
                end = at;
            }
            add(parts, text.substring(0, end));
            Collections.reverse(parts);
        } else {
            int from = 0;
            for (int at; parts.size() != most && (at = text.indexOf(mark.text(), from)) >= 0; ) {
                add(parts, text.substring(from, at));
                from = at + mark.text().length();
            }
            add(parts, text.substring(from));
        }
        return Value.list(parts);
    }

    private void splitBlanks(int most, List<Value> parts) {
        String rest = Text.stripStart(text);
        while (!rest.isEmpty()) {
            if (parts.size() == most) {
                add(parts, rest);
                return;
            }
            int end = 0;
            while (end < rest.length() && !Text.isSpace(rest.charAt(end))) {
                end++;
            }
            add(parts, rest.substring(0, end));
            int next = end;
            while (next < rest.length() && Text.isSpace(rest.charAt(next))) {
                next++;
            }
            environment.step(rest.length() >> 6); // the rest is copied
            rest = rest.substring(next);
        }
    }

    private void splitBlanksFromEnd(int most, List<Value> parts) {
        String rest = Text.stripEnd(text);
        while (!rest.isEmpty()) {
            if (parts.size() == most) {
                add(parts, rest);
                break;
            }
            int from = rest.length();
            while (from > 0 && !Text.isSpace(rest.charAt(from - 1))) {
                from--;
            }
            add(parts, rest.substring(from));
            environment.step(rest.length() >> 6);
            rest = Text.stripEnd(rest.substring(0, from));
        }
        Collections.reverse(parts);
    }

    private void add(List<Value> parts, String part) {
        environment.step();
        parts.add(Value.of(part));
    }

    private Value splitlines() {
        boolean keep = arguments.bool("keepends", false);
        List<Value> lines = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            int end = from;
            while (end < text.length() && !isLineEnd(text.charAt(end))) {
                end++;
            }
            int next = text.startsWith("\r\n", end) ? end + 2 : Math.min(end + 1, text.length());
            add(lines, text.substring(from, keep ? next : end));
            from = next;
        }
        return Value.list(lines);
    }

    private static boolean isLineEnd(char c) {
        return (c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    private Value partition(boolean last) {
        String separator = arguments.requiredString("sep");
        if (separator.isEmpty()) {
            throw environment.error("partition: the separator is empty; give one");
        }
        int at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
        Value whole = Value.of(text);
        Value none = Value.of("");
        if (at < 0) {
            return last ? Value.tuple(none, none, whole) : Value.tuple(whole, none, none);
        }
        return Value.tuple(
                Value.of(text.substring(0, at)),
                Value.of(separator),
                Value.of(text.substring(at + separator.length())));
    }

    private Value affix(boolean start) {
        Value affix = arguments.required("prefix");
        String searched = region();
        List<Value> affixes = affix instanceof Sequence sequence && sequence.kind() == Sequence.Kind.TUPLE
                ? sequence.items()
                : List.of(affix);
        for (Value each : affixes) {
            if (!(each instanceof Value.Str part)) {
                throw environment.error("startswith and endswith take a string or a tuple of strings, not "
                        + Types.name(each) + "; give one");
            }
            if (start ? searched.startsWith(part.text()) : searched.endsWith(part.text())) {
                return Value.TRUE;
            }
        }
        return Value.FALSE;
    }

    /** The part of the text that the arguments start and end choose. */
    private String region() {
        Optional<Value> start = arguments.next("start");
        Optional<Value> end = arguments.next("end");
        if (start.isEmpty() && end.isEmpty()) {
            return text;
        }
        Value part = new Access(environment)
                .slice(Value.of(text), start.orElse(Value.NONE), end.orElse(Value.NONE), Value.NONE);
        return new Printer(environment).print(part);
    }

    private Value find(String name, boolean last) {
        String part = arguments.requiredString("sub");
        int start = arguments.count() > 0 ? Math.max(0, arguments.integer("start", 0)) : 0;
        int from = start >= Text.length(text) ? text.length() : text.offsetByCodePoints(0, start);
        int at = last ? text.lastIndexOf(part) : text.indexOf(part, from);
        if (at < from) {
            at = -1;
        }
        if (at < 0 && name.endsWith("index")) {
            throw environment.error(name + ": '" + part + "' is not in the string; test with 'in' before");
        }
        return Value.of(at < 0 ? -1 : text.codePointCount(0, at));
    }

    private Value count() {
        String part = arguments.requiredString("sub");
        if (part.isEmpty()) {
            return Value.of(Text.length(text) + 1);
        }
        int count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return Value.of(count);
    }

    private Value join() {
        StringBuilder joined = new StringBuilder();
        String separator = "";
        for (Value each : Types.elements(environment, arguments.required("iterable"))) {
            if (!(each instanceof Value.Str part)) {
                throw environment.error("join takes strings, not " + Types.name(each) + "; use the filter join");
            }
            environment.text((long) separator.length() + part.text().length());
            joined.append(separator).append(part.text());
            separator = text;
        }
        return Value.of(joined.toString());
    }

    private Value zfill() {
        int width = Math.min(arguments.integer("width", 0), 10_000);
        boolean signed = text.startsWith("-") || text.startsWith("+");
        String zeros = "0".repeat(Math.max(0, width - Text.length(text)));
        return Value.of(signed ? text.charAt(0) + zeros + text.substring(1) : zeros + text);
    }

    private Value pad(String name) {
        int width = arguments.integer("width", 0);
        int missing = width - Text.length(text);
        String fill = arguments.string("fillchar", " ");
        if (missing <= 0) {
            return Value.of(text);
        }
        environment.text((long) missing * fill.length());
        int before = name.equals("ljust") ? 0 : name.equals("rjust") ? missing : Text.centred(missing, width);
        return Value.of(fill.repeat(before) + text + fill.repeat(missing - before));
    }

    private boolean is(String name) {
        return switch (name) {
            case "isdigit", "isdecimal", "isnumeric" -> all(Character::isDigit);
            case "isalpha" -> all(Character::isLetter);
            case "isalnum" -> all(Character::isLetterOrDigit);
            case "isspace" -> all(Text::isSpace);
            case "istitle" -> isUpper(text.toUpperCase(Locale.ROOT)) && text.equals(Text.title(text));
            case "isascii" -> text.chars().allMatch(c -> c < 128);
            case "isupper" -> isUpper(text);
            case "islower" -> isLower(text);
            case "isidentifier" ->
                all(c -> c == '_' || Character.isUnicodeIdentifierPart(c)) && !Character.isDigit(text.codePointAt(0));
            default -> throw new IllegalStateException(name);
        };
    }

    private boolean all(IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    static boolean isUpper(String text) {
        return text.codePoints().noneMatch(Character::isLowerCase)
                && text.codePoints().anyMatch(Character::isUpperCase);
    }

    static boolean isLower(String text) {
        return text.codePoints().noneMatch(Character::isUpperCase)
                && text.codePoints().anyMatch(Character::isLowerCase);
    }
}
