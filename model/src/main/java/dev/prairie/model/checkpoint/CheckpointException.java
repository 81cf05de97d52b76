package dev.prairie.model.checkpoint;

import java.nio.file.Path;

/** A model file that is not what it should be: which file, where in it, what was expected, what was found, what to do. */
public final class CheckpointException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String path;
    private final String tensor;
    private final String expected;
    private final String found;

    /**
     * @param path     the file
     * @param tensor   the tensor or the part of the file, such as {@code header}
     * @param expected what should have been there
     * @param found    what was there
     * @param hint     the way out
     */
    public CheckpointException(Path path, String tensor, String expected, String found, String hint) {
        super(path + ": " + tensor + ": expected " + expected + ", found " + found + "; " + hint);
        this.path = path.toString();
        this.tensor = tensor;
        this.expected = expected;
        this.found = found;
    }

    /** The file. */
    public Path path() {
        return Path.of(path);
    }

    /** The tensor or the part of the file. */
    public String tensor() {
        return tensor;
    }

    public String expected() {
        return expected;
    }

    public String found() {
        return found;
    }
}
