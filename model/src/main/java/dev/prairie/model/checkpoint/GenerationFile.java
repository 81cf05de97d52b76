package dev.prairie.model.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * The {@code generation_config.json} of a Hugging Face model folder: what its maker generates with. Only the ids that
 * end a text are taken from it; they stand in the place of those of config.json, as in transformers.
 */
final class GenerationFile {
    static final String FILE = "generation_config.json";
    private static final String HINT = "the file is damaged; fetch it again, or remove it";
    private static final String END = "eos_token_id";

    private GenerationFile() {}

    /** The ids that end a text; {@code otherwise} where there is no file or it does not say. */
    static List<Integer> end(Path file, List<Integer> otherwise) throws IOException {
        if (!Files.isRegularFile(file)) return otherwise;
        JsonNode node = Json.object(file, FILE, Files.readAllBytes(file), HINT).path(END);
        if (node.isMissingNode() || node.isNull()) return otherwise;
        var ids = new ArrayList<Integer>();
        for (JsonNode id : node.isArray() ? node : List.of(node)) {
            long value = Json.count(file, END, id, HINT);
            if (value > Integer.MAX_VALUE)
                throw new CheckpointException(file, END, "at most " + Integer.MAX_VALUE, value + "", HINT);
            ids.add((int) value);
        }
        return ids;
    }
}
