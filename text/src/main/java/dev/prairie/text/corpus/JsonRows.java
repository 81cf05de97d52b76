package dev.prairie.text.corpus;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON objects, one a line; each is a document. */
final class JsonRows implements Rows {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> KNOWN = List.of(
            "title",
            "author",
            "instruction",
            "input",
            "context",
            "question",
            "prompt",
            "problem",
            "output",
            "answer",
            "response",
            "chosen",
            "content",
            "body",
            "paragraphs");

    private final String source;
    private final BufferedReader lines;
    private final CorpusOptions options;
    private long line;

    JsonRows(String source, BufferedReader lines, CorpusOptions options) {
        this.source = source;
        this.lines = lines;
        this.options = options;
    }

    /** An array of objects gives one document each; other JSON, and what is not JSON, is a document as it stands. */
    static Rows ofDocument(String source, String text, CorpusOptions options) {
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JacksonException notJson) {
            return Rows.one(new Document(source, text)); // settings with comments and the like: text all the same
        }
        if (!root.isArray() || root.isEmpty() || !root.path(0).isObject()) {
            return Rows.one(new Document(source, text));
        }
        return new Rows() {
            private int next;

            @Override
            public Optional<Document> next() {
                if (next == root.size()) {
                    return Optional.empty();
                }
                String name = source + "#" + (next + 1);
                return Optional.of(new Document(name, text(name, root.path(next++), options)));
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Optional<Document> next() throws IOException {
        for (String text; (text = lines.readLine()) != null; ) {
            line++;
            if (text.isBlank()) {
                continue;
            }
            String name = source + "#" + line;
            try {
                return Optional.of(new Document(name, text(name, JSON.readTree(text), options)));
            } catch (JacksonException notJson) {
                throw new CorpusException(
                        name,
                        "is not a JSON value (" + notJson.getOriginalMessage() + "); mend or remove the line",
                        notJson);
            }
        }
        return Optional.empty();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }

    private static String text(String name, JsonNode node, CorpusOptions options) {
        if (node.isString()) {
            return node.stringValue();
        }
        JsonNode field = node.path(options.field());
        List<String> parts = new ArrayList<>();
        collect(field, parts);
        if (parts.isEmpty() && options.field().equals(CorpusOptions.TEXT)) {
            KNOWN.forEach(known -> collect(node.path(known), parts));
        }
        if (parts.isEmpty() && !field.isString()) {
            throw new CorpusException(
                    name,
                    "has no field '" + options.field() + "' with text; its fields are "
                            + List.copyOf(node.propertyNames()) + ", name one of them");
        }
        return String.join("\n", parts);
    }

    private static void collect(JsonNode value, List<String> parts) {
        if (value.isString() && !value.stringValue().isEmpty()) {
            parts.add(value.stringValue());
        } else if (value.isArray()) {
            for (JsonNode item : value) {
                if (item.isString()) {
                    parts.add(item.stringValue());
                }
            }
        }
    }
}
