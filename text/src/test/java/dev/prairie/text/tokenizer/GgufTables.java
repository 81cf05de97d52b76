package dev.prairie.text.tokenizer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The tokenizer's tables of a GGUF file, read the short way; this module does not know the reader of model files. */
final class GgufTables {
    private final ByteBuffer file;
    private final Map<String, Object> values = new HashMap<>();

    private GgufTables(Path path) throws IOException {
        file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        file.position(16);
        for (long left = file.getLong(); left > 0; left--) {
            values.put(text(), value(file.getInt()));
        }
    }

    static VocabularyTables read(Path path) {
        try {
            return new GgufTables(path).tables();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private String text() {
        byte[] bytes = new byte[Math.toIntExact(file.getLong())];
        file.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private Object value(int type) {
        return switch (type) {
            case 0, 1 -> (long) file.get();
            case 2, 3 -> (long) file.getShort();
            case 4, 5 -> (long) file.getInt();
            case 6 -> file.getFloat();
            case 7 -> file.get() != 0;
            case 8 -> text();
            case 9 -> {
                int of = file.getInt();
                List<Object> array = new ArrayList<>();
                for (long left = file.getLong(); left > 0; left--) {
                    array.add(value(of));
                }
                yield array;
            }
            default -> file.getLong();
        };
    }

    private VocabularyTables tables() {
        List<?> scores = array("scores");
        float[] floats = new float[scores.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = ((Number) scores.get(i)).floatValue();
        }
        return new VocabularyTables(
                String.valueOf(values.getOrDefault("general.name", "")),
                String.valueOf(values.get("tokenizer.ggml.model")),
                String.valueOf(values.getOrDefault("tokenizer.ggml.pre", "")),
                array("tokens").stream().map(String::valueOf).toList(),
                floats,
                array("token_type").stream()
                        .mapToInt(type -> ((Number) type).intValue())
                        .toArray(),
                array("merges").stream().map(String::valueOf).toList(),
                new VocabularyTables.Ends(
                        id("bos_token_id"),
                        id("eos_token_id"),
                        id("unknown_token_id"),
                        id("seperator_token_id"),
                        id("padding_token_id"),
                        id("mask_token_id")),
                new VocabularyTables.Options(
                        flag("add_bos_token"),
                        flag("add_eos_token"),
                        flag("add_space_prefix"),
                        flag("remove_extra_whitespaces"),
                        flag("normalizer.lowercase"),
                        flag("normalizer.strip_accents")),
                new byte[0]);
    }

    private List<?> array(String key) {
        return values.get("tokenizer.ggml." + key) instanceof List<?> list ? list : List.of();
    }

    private OptionalInt id(String key) {
        return values.get("tokenizer.ggml." + key) instanceof Long id
                ? OptionalInt.of(id.intValue())
                : OptionalInt.empty();
    }

    private Optional<Boolean> flag(String key) {
        return Optional.ofNullable((Boolean) values.get("tokenizer.ggml." + key));
    }
}
