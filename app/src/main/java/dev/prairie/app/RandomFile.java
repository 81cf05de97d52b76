package dev.prairie.app;

import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.checkpoint.GgufModel;
import dev.prairie.model.checkpoint.GgufValue;
import dev.prairie.model.checkpoint.GgufWriter;
import dev.prairie.text.tokenizer.VocabularyTables;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * A model of random weights as a GGUF file that other programs open, too: with a vocabulary of the SentencePiece kind, the
 * first pieces as Llama 2 has them, the others made up.
 */
final class RandomFile {
    private RandomFile() {}

    static void write(Path file, String name, Checkpoint checkpoint) throws IOException {
        var values = new LinkedHashMap<String, GgufValue>(GgufModel.metadata(checkpoint));
        values.put("general.name", GgufValue.of(name));
        values.putAll(TokenizerValues.of(vocabulary(name, checkpoint.config().vocabulary())));
        GgufWriter.write(file, values, GgufModel.entries(checkpoint));
    }

    private static VocabularyTables vocabulary(String name, int size) {
        List<String> pieces = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) pieces.add(String.format(Locale.ROOT, "<0x%02X>", b));
        while (pieces.size() < size) pieces.add("t" + pieces.size());
        if (pieces.size() > size)
            throw new UserException("a vocabulary of " + size + " has no room for the 259 pieces of bytes and controls;"
                    + " choose another --shape");
        int[] types = new int[size];
        for (int i = 0; i < size; i++) types[i] = type(i).ordinal();
        var none = OptionalInt.empty();
        var ends = new VocabularyTables.Ends(OptionalInt.of(1), OptionalInt.of(2), OptionalInt.of(0), none, none, none);
        return new VocabularyTables(
                name,
                "llama",
                "",
                pieces,
                new float[size],
                types,
                List.of(),
                ends,
                VocabularyTables.Options.NONE,
                new byte[0]);
    }

    private static VocabularyTables.Type type(int id) {
        if (id == 0) return VocabularyTables.Type.UNKNOWN;
        if (id < 3) return VocabularyTables.Type.CONTROL;
        return id < 259 ? VocabularyTables.Type.BYTE : VocabularyTables.Type.NORMAL;
    }
}
