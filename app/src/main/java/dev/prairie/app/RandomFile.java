package dev.prairie.app;

import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.checkpoint.GgufModel;
import dev.prairie.model.checkpoint.GgufValue;
import dev.prairie.model.checkpoint.GgufWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A model of random weights as a GGUF file that other programs open, too: with a vocabulary of the SentencePiece kind, the
 * first pieces as Llama 2 has them, the others made up.
 */
final class RandomFile {
    private static final int NORMAL = 1, UNKNOWN = 2, CONTROL = 3, BYTE = 6;

    private RandomFile() {}

    static void write(Path file, String name, Checkpoint checkpoint) throws IOException {
        var values = new LinkedHashMap<String, GgufValue>(GgufModel.metadata(checkpoint));
        values.put("general.name", GgufValue.of(name));
        vocabulary(values, checkpoint.config().vocabulary());
        GgufWriter.write(file, values, GgufModel.entries(checkpoint));
    }

    private static void vocabulary(Map<String, GgufValue> values, int size) {
        List<String> pieces = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) pieces.add(String.format(Locale.ROOT, "<0x%02X>", b));
        while (pieces.size() < size) pieces.add("t" + pieces.size());
        if (pieces.size() > size)
            throw new UserException("a vocabulary of " + size + " has no room for the 259 pieces of bytes and controls;"
                    + " choose another --shape");
        int[] types = new int[size];
        for (int i = 0; i < size; i++) types[i] = i == 0 ? UNKNOWN : i < 3 ? CONTROL : i < 259 ? BYTE : NORMAL;
        values.put("tokenizer.ggml.model", GgufValue.of("llama"));
        values.put("tokenizer.ggml.tokens", GgufValue.texts(pieces));
        values.put("tokenizer.ggml.scores", GgufValue.floats(new float[size]));
        values.put("tokenizer.ggml.token_type", GgufValue.ints(types));
        values.put("tokenizer.ggml.bos_token_id", GgufValue.u32(1));
        values.put("tokenizer.ggml.eos_token_id", GgufValue.u32(2));
    }
}
