package dev.prairie.model.checkpoint;

import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON as model files need it: no name twice, whole numbers exactly, and every failure names the file. */
final class Json {
    static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private Json() {}

    /** The object that {@code text} is. */
    static JsonNode object(Path file, String part, byte[] text, String hint) {
        try {
            JsonNode node = MAPPER.readTree(text);
            if (!node.isObject())
                throw new CheckpointException(file, part, "a JSON object", node.getNodeType() + "", hint);
            return node;
        } catch (JacksonException e) {
            throw new CheckpointException(file, part, "a JSON object", brief(e.getOriginalMessage()), hint);
        }
    }

    /** A whole number from 0 up that fits in a long. */
    static long count(Path file, String part, JsonNode node, String hint) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0)
            throw new CheckpointException(file, part, "a whole number from 0 up", found(node), hint);
        return node.longValue();
    }

    /** A node as a message shows it. */
    static String found(JsonNode node) {
        return node.isMissingNode() ? "nothing" : brief(node.toString());
    }

    private static String brief(String text) {
        return text.length() <= 120 ? text : text.substring(0, 120) + "…";
    }
}
