package dev.prairie.app;

import dev.prairie.model.checkpoint.Gguf;
import dev.prairie.model.checkpoint.GgufMetadata;
import dev.prairie.text.tokenizer.Tokenizer;
import dev.prairie.text.tokenizer.TokenizerException;
import dev.prairie.text.tokenizer.VocabularyTables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** The tokenizer of a model on disk: in the file itself (GGUF), or in a file beside it. */
final class ModelTokenizer {
    private static final String KEY = "tokenizer.ggml.";

    private ModelTokenizer() {}

    /** The tokenizer of a GGUF file, a model's folder, a model's file, or of a tokenizer's own file. */
    static Tokenizer of(Path model) {
        try {
            return Gguf.is(model) ? inside(model) : Tokenizer.load(isTokenizer(model) ? model : beside(model));
        } catch (IOException failure) {
            throw new UncheckedIOException(model + " cannot be read", failure);
        }
    }

    private static boolean isTokenizer(Path file) {
        String name = String.valueOf(file.getFileName());
        return Files.isRegularFile(file) && (name.endsWith(".json") || name.matches("tok.*\\.bin"));
    }

    private static Tokenizer inside(Path file) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            return of(Gguf.open(file, arena));
        }
    }

    /** The tokenizer in a file that is open. */
    static Tokenizer of(Gguf file) {
        try {
            return Tokenizer.of(tables(file.metadata()));
        } catch (TokenizerException fault) {
            throw new TokenizerException(file.path(), String.valueOf(fault.getMessage()), fault);
        }
    }

    /** The tables that a GGUF file holds; see the specification for the keys. */
    static VocabularyTables tables(GgufMetadata file) {
        return new VocabularyTables(
                file.text("general.name", ""),
                file.text(KEY + "model"),
                file.text(KEY + "pre", ""),
                file.texts(KEY + "tokens"),
                file.has(KEY + "scores") ? file.floats(KEY + "scores") : new float[0],
                file.has(KEY + "token_type") ? file.integers(KEY + "token_type") : new int[0],
                file.has(KEY + "merges") ? file.texts(KEY + "merges") : List.of(),
                new VocabularyTables.Ends(
                        first(file.token(KEY + "bos_token_id"), file.token(KEY + "cls_token_id")),
                        file.token(KEY + "eos_token_id"),
                        file.token(KEY + "unknown_token_id"),
                        file.token(KEY + "seperator_token_id"), // so it is spelled
                        file.token(KEY + "padding_token_id"),
                        file.token(KEY + "mask_token_id")),
                new VocabularyTables.Options(
                        flag(file, "add_bos_token"),
                        flag(file, "add_eos_token"),
                        flag(file, "add_space_prefix"),
                        flag(file, "remove_extra_whitespaces"),
                        flag(file, "normalizer.lowercase"),
                        flag(file, "normalizer.strip_accents")),
                charsmap(file));
    }

    private static OptionalInt first(OptionalInt one, OptionalInt other) {
        return one.isPresent() ? one : other;
    }

    private static Optional<Boolean> flag(GgufMetadata file, String key) {
        return file.has(KEY + key) ? Optional.of(file.flag(KEY + key)) : Optional.empty();
    }

    private static byte[] charsmap(GgufMetadata file) {
        String key = KEY + "precompiled_charsmap";
        int[] values = file.has(key) ? file.integers(key) : new int[0];
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) values[i];
        return bytes;
    }

    private static Path beside(Path model) {
        Path folder = Paths.beside(model);
        for (String usual : List.of("tokenizer.json", "tokenizer.bin"))
            if (Files.exists(folder.resolve(usual))) return folder.resolve(usual);
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found = files.filter(f -> f.getFileName().toString().matches("tok.*\\.bin"))
                    .toList();
            if (found.size() == 1) return found.getFirst();
        } catch (IOException unreadable) {
            // said below
        }
        throw new UserException("no tokenizer beside " + model + "; name one with --tokenizer FILE (tokenizer.json, or"
                + " llama2.c's tokenizer.bin)");
    }
}
