package dev.prairie.model.checkpoint;

import dev.prairie.tensor.Shape;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * What {@link GgufConfig} wants to know of a file: of one that exists, or of one that is about to be written.
 *
 * @param path     of the file
 * @param metadata its keys
 * @param shapes   of its tensors
 * @param vectors  numbers of small ones
 */
record GgufFacts(
        Path path, GgufMetadata metadata, Function<String, Optional<Shape>> shapes, Function<String, float[]> vectors) {
    static final String HINT = "the model is of a kind that is not supported, or the file is damaged";

    static GgufFacts of(Gguf gguf) {
        return new GgufFacts(gguf.path(), gguf.metadata(), gguf::shape, name -> {
            try (Arena arena = Arena.ofConfined()) {
                return FloatCopy.of(gguf.tensor(name), arena).toFloats();
            }
        });
    }

    boolean has(String tensor) {
        return shapes.apply(tensor).isPresent();
    }

    /** The numbers of a tensor that must be there. */
    float[] floats(String tensor) {
        if (!has(tensor))
            throw new CheckpointException(path, tensor, "a tensor", "nothing", "the file lacks a part of it");
        return vectors.apply(tensor);
    }

    CheckpointException wrong(String key, String expected) {
        String found = metadata.value(key).map(GgufValue::toString).orElse("nothing");
        return new CheckpointException(path, key, expected, found, HINT);
    }
}
