package dev.prairie.serve.access;

import java.nio.file.Path;

/** The file of keys cannot be used as it is: {@code what is wrong; what to do}. */
public final class KeyFileException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    KeyFileException(String message) {
        super(message);
    }

    KeyFileException(Path file, Exception cause) {
        super(
                "the keys in " + file + " cannot be read (" + cause.getMessage()
                        + "); repair the file, or move it away and create keys anew",
                cause);
    }
}
