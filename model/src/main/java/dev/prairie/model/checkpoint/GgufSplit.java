package dev.prairie.model.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a model lies in several GGUF files: {@code NAME-00001-of-00003.gguf} and so on, each saying which part it is
 * (keys and names as llama.cpp's {@code gguf-split} gives them). Metadata is in the first.
 *
 * @param named   the file that was opened
 * @param count   how many parts; 1 for a model in one file
 * @param tensors how many tensors all parts have together, -1 where that is not said
 */
record GgufSplit(Path named, int count, long tensors) {
    static final String NUMBER = "split.no";
    static final String COUNT = "split.count";
    static final String TENSORS = "split.tensors.count";

    private static final int MOST = 65535; // a U16 in the file
    private static final String HINT = "fetch all parts again, keep their names, and keep them in one folder";
    private static final Pattern NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

    /** What a part says of the whole. */
    static GgufSplit of(Path file, GgufHeader header) {
        var metadata = new GgufMetadata(file, header.metadata());
        int count = metadata.integer(COUNT, 1);
        int tensors = metadata.integer(TENSORS, -1);
        if (count < 0 || count > MOST)
            throw new CheckpointException(file, COUNT, "at most " + MOST + " parts", count + "", HINT);
        if (count <= 1) return new GgufSplit(file, 1, -1);
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (!name.matches() || Integer.parseInt(name.group(3)) != count)
            throw new CheckpointException(
                    file,
                    "name",
                    "one like " + name("NAME", 0, count) + ", since the model has " + count + " parts",
                    String.valueOf(file.getFileName()),
                    HINT);
        return new GgufSplit(file, count, tensors);
    }

    static String name(String prefix, int part, int count) {
        return String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", prefix, part + 1, count);
    }

    /** The file of part {@code number}, counted from 0. */
    Path part(int number) {
        if (count == 1) return named;
        Matcher name = NAME.matcher(String.valueOf(named.getFileName()));
        if (!name.matches()) throw new IllegalStateException(named + " was checked");
        return named.resolveSibling(name(name.group(1), number, count));
    }

    void present(Path file) {
        if (!Files.isRegularFile(file))
            throw new CheckpointException(file, "file", "one of " + count + " parts of the model", "nothing", HINT);
    }

    /** That a file is part {@code number} of this model. */
    void check(Path file, int number, GgufHeader header) {
        if (count == 1) return;
        var metadata = new GgufMetadata(file, header.metadata());
        for (var expected : Map.of(NUMBER, number, COUNT, count).entrySet()) {
            int found = metadata.integer(expected.getKey(), -1);
            if (found != expected.getValue())
                throw new CheckpointException(
                        file, expected.getKey(), expected.getValue() + " by the file's name", found + "", HINT);
        }
        int total = metadata.integer(TENSORS, -1);
        if (total != tensors)
            throw new CheckpointException(
                    file, TENSORS, tensors + " as " + named + " says", total + ": a part of another model", HINT);
    }

    /** That all parts together have as many tensors as they say. */
    void complete(int found) {
        if (count > 1 && tensors >= 0 && tensors != found)
            throw new CheckpointException(
                    named, TENSORS, tensors + " tensors in " + count + " parts", found + "", HINT);
    }
}
