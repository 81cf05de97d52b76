package dev.prairie.model.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** One object of a configuration file, read key by key; every failure names the file, the key and what stands there. */
record ConfigNode(Path file, JsonNode node) {
    static final String HINT = "the model is of another kind, or its config.json is damaged";

    boolean given(String key) {
        return !node.path(key).isMissingNode() && !node.path(key).isNull();
    }

    /** The object under this key; an empty one where there is none. */
    ConfigNode object(String key) {
        JsonNode inner = node.path(key);
        if (given(key) && !inner.isObject()) throw wrong(key, "an object");
        return new ConfigNode(file, inner);
    }

    int size(String key, int missing) {
        return node.path(key).isMissingNode() ? missing : whole(key, node.path(key));
    }

    /** The same; null means missing. */
    int sizeOr(String key, int missing) {
        return given(key) ? size(key, missing) : missing;
    }

    int whole(String key, JsonNode value) {
        long number = Json.count(file, key, value, HINT);
        if (number > Integer.MAX_VALUE) throw wrong(key, "at most " + Integer.MAX_VALUE);
        return (int) number;
    }

    double number(String key, double missing) {
        JsonNode value = node.path(key);
        if (value.isMissingNode()) return missing;
        if (!value.isNumber()) throw wrong(key, "a number");
        return value.asDouble();
    }

    /** The same; null means missing. */
    double numberOr(String key, double missing) {
        return given(key) ? number(key, missing) : missing;
    }

    boolean flag(String key, boolean missing) {
        JsonNode value = node.path(key);
        if (value.isMissingNode()) return missing;
        if (!value.isBoolean()) throw wrong(key, "true or false");
        return value.booleanValue();
    }

    String text(String key, String missing) {
        JsonNode value = node.path(key);
        if (value.isMissingNode()) return missing;
        if (!value.isString()) throw wrong(key, "text");
        return value.stringValue();
    }

    /** A whole number or several; none where there is no such key. */
    List<Integer> several(String key) {
        var numbers = new ArrayList<Integer>();
        JsonNode value = node.path(key);
        if (value.isArray()) value.forEach(id -> numbers.add(whole(key, id)));
        else if (given(key)) numbers.add(whole(key, value));
        return numbers;
    }

    List<Float> floats(String key) {
        var numbers = new ArrayList<Float>();
        JsonNode value = node.path(key);
        if (!value.isArray()) throw wrong(key, "numbers");
        for (JsonNode one : value) {
            if (!one.isNumber()) throw wrong(key, "numbers");
            numbers.add((float) one.asDouble());
        }
        return numbers;
    }

    List<String> texts(String key) {
        var all = new ArrayList<String>();
        JsonNode value = node.path(key);
        if (!value.isArray()) throw wrong(key, "names");
        for (JsonNode one : value) {
            if (!one.isString()) throw wrong(key, "names");
            all.add(one.stringValue());
        }
        return all;
    }

    /** Refuses a key that says so: what it asks for is not supported. */
    void refuse(String key, boolean value) {
        if (given(key) && flag(key, !value) == value) throw wrong(key, String.valueOf(!value));
    }

    CheckpointException wrong(String key, String expected) {
        return new CheckpointException(file, key, expected, Json.found(node.path(key)), HINT);
    }
}
