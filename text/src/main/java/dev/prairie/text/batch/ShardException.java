package dev.prairie.text.batch;

import java.io.Serial;
import java.nio.file.Path;

/** A token file that cannot be used: which, what is wrong, and what would help. */
public final class ShardException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** A fault found in {@code file}. */
    public ShardException(Path file, String fault) {
        super(file + ": " + fault);
    }

    /** A fault found in {@code file} with the failure beneath. */
    public ShardException(Path file, String fault, Throwable cause) {
        super(file + ": " + fault, cause);
    }
}
