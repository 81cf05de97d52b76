package dev.prairie.text.grammar;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** A whole schema: what its references mean, and which of its words are understood. */
final class SchemaDocument {
    /** Words of the drafts that a context-free grammar cannot hold, or that are not held here. */
    private static final Set<String> UNSUPPORTED = Set.of(
            "not",
            "if",
            "contains",
            "dependencies",
            "dependentRequired",
            "dependentSchemas",
            "patternProperties",
            "propertyNames",
            "unevaluatedItems",
            "unevaluatedProperties",
            "$dynamicRef",
            "$recursiveRef");

    private final Schema root;
    /** Up to draft 7 what stands beside a reference says nothing. */
    private final boolean lonelyReferences;
    /** Whether a schema inside has a name of its own, which changes what references below it mean. */
    private final boolean namedInside;

    SchemaDocument(JsonNode node) {
        root = new Schema(node, "");
        String dialect = node.path("$schema").asString("");
        lonelyReferences = dialect.contains("draft-07") || dialect.contains("draft-06") || dialect.contains("draft-04");
        namedInside = node.isContainer()
                && node.valueStream()
                        .anyMatch(child ->
                                child.findValuesAsString("$id").stream().anyMatch(id -> !id.isEmpty()));
    }

    Schema root() {
        return root;
    }

    /** Whether a reference says all there is to say, words beside it being ignored. */
    boolean standsAlone(Schema schema) {
        return lonelyReferences && schema.has("$ref");
    }

    /** Refuses a schema that is none, or that uses a word which cannot be held. */
    void check(Schema schema) {
        JsonNode node = schema.node();
        if (node.isBoolean()) {
            return;
        }
        if (!node.isObject()) {
            String pointer = schema.pointer();
            throw new GrammarException(
                    "the schema at '" + pointer + "' must be an object or a boolean, but is " + node.getNodeType());
        }
        if (standsAlone(schema)) {
            return;
        }
        for (String word : node.propertyNames()) {
            if (UNSUPPORTED.contains(word)) {
                throw schema.wrong(word, "no grammar is made for it; leave it out or say the same with other words");
            }
        }
    }

    /** What a {@code $ref} means. */
    Schema resolve(Schema schema) {
        String reference = schema.node().get("$ref").asString("");
        String own = root.node().path("$id").asString("");
        String base = own.endsWith("#") ? own.substring(0, own.length() - 1) : own;
        if (namedInside) {
            throw schema.wrong(
                    "$ref",
                    "a schema inside has an '$id', and references among several documents are not"
                            + " followed; put all schemas under '$defs' without '$id'");
        }
        String fragment;
        if (reference.startsWith("#")) {
            fragment = reference.substring(1);
        } else if (!base.isEmpty() && (reference.equals(base) || reference.startsWith(base + "#"))) {
            fragment = reference.length() > base.length() ? reference.substring(base.length() + 1) : "";
        } else {
            throw schema.wrong("$ref", "'" + reference + "' is not in this document; use '#/$defs/…'");
        }
        if (!fragment.isEmpty() && !fragment.startsWith("/")) {
            return anchor(root, fragment)
                    .orElseThrow(() -> schema.wrong("$ref", "there is no '$anchor' called '" + fragment + "'"));
        }
        Schema at = root;
        for (String step :
                fragment.isEmpty() ? new String[0] : fragment.substring(1).split("/", -1)) {
            String key = decoded(schema, step).replace("~1", "/").replace("~0", "~");
            JsonNode child = at.node().isArray() && key.matches("[0-9]{1,6}")
                    ? at.node().get(Integer.parseInt(key))
                    : at.node().get(key);
            if (child == null) {
                throw schema.wrong("$ref", "'" + reference + "' leads nowhere: there is no '" + key + "'");
            }
            at = new Schema(child, at.pointer() + "/" + key.replace("~", "~0").replace("/", "~1"));
        }
        return at;
    }

    private static String decoded(Schema schema, String step) {
        try {
            return URLDecoder.decode(step.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException malformed) {
            throw schema.wrong("$ref", "'" + step + "' is not percent-encoded as it should be");
        }
    }

    private static Optional<Schema> anchor(Schema schema, String name) {
        if (schema.node().path("$anchor").asString("").equals(name)) {
            return Optional.of(schema);
        }
        for (var entry : schema.node().properties()) {
            if (entry.getKey().equals("enum") || entry.getKey().equals("const")) {
                continue;
            }
            Optional<Schema> found = anchor(schema.at(entry.getKey()).orElseThrow(), name);
            if (found.isPresent()) {
                return found;
            }
        }
        for (int i = 0; schema.node().isArray() && i < schema.node().size(); i++) {
            Optional<Schema> found = anchor(new Schema(schema.node().get(i), schema.pointer() + "/" + i), name);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }
}
