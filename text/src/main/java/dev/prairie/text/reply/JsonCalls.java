package dev.prairie.text.reply;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Calls whose arguments are JSON. */
final class JsonCalls {
    private JsonCalls() {}

    /** One object, a list of them, or several with blanks, commas or semicolons between: name and arguments of each. */
    static List<Called> objects(String text) {
        List<Called> calls = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            int end = JsonScan.end(text, from);
            if (end < 0) {
                throw new UnreadableCall();
            }
            JsonNode node = parse(text.substring(from, end));
            if (node.isArray()) {
                node.forEach(each -> calls.add(object(each)));
            } else {
                calls.add(object(node));
            }
            from = end;
            while (from < text.length()
                    && (Character.isWhitespace(text.charAt(from)) || ",;".indexOf(text.charAt(from)) >= 0)) {
                from++;
            }
        }
        if (calls.isEmpty()) {
            throw new UnreadableCall();
        }
        return calls;
    }

    private static Called object(JsonNode node) {
        JsonNode call = node.path("function").isObject() ? node.get("function") : node;
        JsonNode name = call.path("name");
        JsonNode arguments = call.has("arguments") ? call.get("arguments") : call.path("parameters");
        if (!name.isString() || name.stringValue().isBlank()) {
            throw new UnreadableCall();
        }
        JsonNode id = node.path("id");
        return new Called(
                name.stringValue(),
                arguments(arguments),
                id.isString() && !id.stringValue().isBlank() ? Optional.of(id.stringValue()) : Optional.empty());
    }

    private static JsonNode arguments(JsonNode arguments) {
        JsonNode value = arguments.isString() ? parse(arguments.stringValue()) : arguments;
        if (value.isMissingNode() || value.isNull()) {
            return ToolTypes.JSON.createObjectNode();
        }
        if (!value.isObject()) {
            throw new UnreadableCall();
        }
        return value;
    }

    /** A name and the text of its arguments. */
    static Called call(String name, String json) {
        return call(name, json, Optional.empty());
    }

    private static Called call(String name, String json, Optional<String> id) {
        if (name.isBlank() || name.indexOf('\n') >= 0 || name.indexOf('<') >= 0) {
            throw new UnreadableCall();
        }
        JsonNode arguments = json.isBlank() ? ToolTypes.JSON.createObjectNode() : parse(json);
        return new Called(name, arguments(arguments), id);
    }

    /** {@code name[ARGS]{…}}, {@code name[CALL_ID]id[ARGS]{…}} or {@code name{…}}; several in a row. */
    static List<Called> named(String text) {
        int brace = text.indexOf('{');
        int end = brace < 0 ? -1 : JsonScan.end(text, brace);
        if (end < 0) {
            throw new UnreadableCall();
        }
        String head = text.substring(0, brace).strip();
        head = head.endsWith("[ARGS]") ? head.substring(0, head.length() - "[ARGS]".length()) : head;
        int mark = head.indexOf("[CALL_ID]");
        Optional<String> id = mark < 0
                ? Optional.empty()
                : Optional.of(head.substring(mark + "[CALL_ID]".length()).strip());
        List<Called> calls = new ArrayList<>();
        calls.add(call((mark < 0 ? head : head.substring(0, mark)).strip(), text.substring(brace, end), id));
        String rest = text.substring(end).strip();
        if (!rest.isEmpty()) {
            calls.addAll(named(rest));
        }
        return calls;
    }

    /** {@code functions.name:0}, which is also the id. */
    static Called numbered(String head, String json) {
        String name = head.startsWith("functions.") ? head.substring("functions.".length()) : head;
        int colon = name.lastIndexOf(':');
        return call(colon > 0 ? name.substring(0, colon) : name, json, Optional.of(head));
    }

    private static JsonNode parse(String json) {
        try {
            return ToolTypes.JSON.readTree(json);
        } catch (JacksonException fault) {
            throw new UnreadableCall();
        }
    }
}
