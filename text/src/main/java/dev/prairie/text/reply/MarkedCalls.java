package dev.prairie.text.reply;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** Calls whose arguments stand one by one between tags. */
final class MarkedCalls {
    private MarkedCalls() {}

    /** Reads one piece after the other. */
    private static final class Reader {
        private final String text;
        private int at;

        Reader(String text) {
            this.text = text;
        }

        /** Takes {@code mark} if it comes next, blanks before it not counted. */
        boolean skip(String mark) {
            int start = at;
            while (start < text.length() && Character.isWhitespace(text.charAt(start))) {
                start++;
            }
            if (!text.startsWith(mark, start)) {
                return false;
            }
            at = start + mark.length();
            return true;
        }

        void expect(String mark) {
            if (!skip(mark)) {
                throw new UnreadableCall();
            }
        }

        /** What stands before {@code mark}, which is taken too. */
        String until(String mark) {
            int end = text.indexOf(mark, at);
            if (end < 0) {
                throw new UnreadableCall();
            }
            String part = text.substring(at, end);
            at = end + mark.length();
            return part;
        }

        /** As {@link #until}; without {@code mark}, what stands before {@code other}, which is not taken. */
        String until(String mark, String other, String last) {
            int end = text.indexOf(mark, at);
            int next = first(other, last);
            if (next >= 0 && (end < 0 || next < end)) {
                String part = text.substring(at, next);
                at = next;
                return part;
            }
            return until(mark);
        }

        private int first(String a, String b) {
            int x = text.indexOf(a, at);
            int y = text.indexOf(b, at);
            return x < 0 ? y : y < 0 ? x : Math.min(x, y);
        }

        boolean atEnd() {
            return text.substring(at).isBlank();
        }

        String rest() {
            return text.substring(at);
        }
    }

    /** {@code <function=name><parameter=key>value</parameter>…</function>}; the arguments may also be an object. */
    static List<Called> functions(String text, ToolTypes types) {
        Reader reader = new Reader(text);
        List<Called> calls = new ArrayList<>();
        while (!reader.atEnd()) {
            reader.expect("<function=");
            String name = name(reader.until(">"));
            if (reader.rest().stripLeading().startsWith("{")) {
                calls.add(JsonCalls.call(name, reader.until("</function>")));
                continue;
            }
            ObjectNode arguments = ToolTypes.JSON.createObjectNode();
            while (!reader.skip("</function>") && !reader.atEnd()) {
                reader.expect("<parameter=");
                String key = name(reader.until(">"));
                String value = reader.until("</parameter>", "<parameter=", "</function>");
                arguments.set(key, types.value(name, key, line(value)));
            }
            calls.add(new Called(name, arguments));
        }
        return found(calls);
    }

    /** {@code name}, then {@code <arg_key>key</arg_key><arg_value>value</arg_value>} for each argument. */
    static List<Called> keyed(String text, ToolTypes types) {
        int tag = text.indexOf("<arg_key>");
        String name = name(tag < 0 ? text : text.substring(0, tag));
        Reader reader = new Reader(tag < 0 ? "" : text.substring(tag));
        ObjectNode arguments = ToolTypes.JSON.createObjectNode();
        while (!reader.atEnd()) {
            reader.expect("<arg_key>");
            String key = reader.until("</arg_key>").strip();
            reader.expect("<arg_value>");
            arguments.set(key, types.value(name, key, reader.until("</arg_value>")));
        }
        return List.of(new Called(name, arguments));
    }

    /** {@code <invoke name="…"><parameter name="…" string="true">…</parameter></invoke>}, one or more. */
    static List<Called> invocations(String text, ToolTypes types) {
        Reader reader = new Reader(text);
        List<Called> calls = new ArrayList<>();
        while (!reader.atEnd()) {
            reader.expect("<invoke name=\"");
            String name = name(reader.until("\""));
            reader.expect(">");
            ObjectNode arguments = ToolTypes.JSON.createObjectNode();
            while (!reader.skip("</invoke>")) {
                reader.expect("<parameter name=\"");
                String key = reader.until("\"");
                String more = reader.until(">");
                String value = reader.until("</parameter>");
                if (more.contains("string=\"true\"")) {
                    arguments.put(key, value);
                } else {
                    arguments.set(key, types.value(name, key, value));
                }
            }
            calls.add(new Called(name, arguments));
        }
        return found(calls);
    }

    /** Llama's own tools: {@code brave_search.call(query="…")}. */
    static List<Called> builtin(String text, ToolTypes types) {
        int call = text.indexOf(".call(");
        if (call <= 0 || !text.endsWith(")")) {
            throw new UnreadableCall();
        }
        String name = name(text.substring(0, call));
        Reader reader = new Reader(text.substring(call + ".call(".length(), text.length() - 1));
        ObjectNode arguments = ToolTypes.JSON.createObjectNode();
        while (!reader.atEnd()) {
            String key = name(reader.until("="));
            boolean quoted = reader.skip("\"");
            String value = quoted ? reader.until("\"") : reader.rest().split(",", 2)[0];
            if (quoted) {
                arguments.put(key, value);
            } else {
                reader.expect(value.strip());
                arguments.set(key, types.value(name, key, value));
            }
            if (!reader.skip(",") && !reader.atEnd()) {
                throw new UnreadableCall();
            }
        }
        return List.of(new Called(name, arguments));
    }

    /** The texts between pairs of markers; nothing but blanks may stand outside. The last end may be missing. */
    static List<String> between(String text, String open, String close) {
        Reader reader = new Reader(text);
        List<String> parts = new ArrayList<>();
        while (!reader.atEnd()) {
            reader.expect(open);
            boolean closed = reader.rest().contains(close);
            parts.add(closed ? reader.until(close) : reader.rest());
            if (!closed) {
                break;
            }
        }
        if (parts.isEmpty()) {
            throw new UnreadableCall();
        }
        return parts;
    }

    private static List<Called> found(List<Called> calls) {
        if (calls.isEmpty()) {
            throw new UnreadableCall();
        }
        return calls;
    }

    private static String name(String text) {
        return Optional.of(text.strip())
                .filter(name -> !name.isEmpty() && name.chars().noneMatch(c -> Character.isWhitespace(c) || c == '<'))
                .orElseThrow(UnreadableCall::new);
    }

    /** Without the newlines that only set the value apart from its tags. */
    private static String line(String value) {
        String text = value.startsWith("\n") ? value.substring(1) : value;
        return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }
}
