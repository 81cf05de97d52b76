package dev.prairie.text.corpus;

import java.io.Serial;

/** A corpus that cannot be used: where, why, and what would help. */
public final class CorpusException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** A fault at {@code source}, a path or a place in a file. */
    public CorpusException(Object source, String fault) {
        super(source + ": " + fault);
    }

    /** A fault at {@code source} with the failure beneath. */
    public CorpusException(Object source, String fault, Throwable cause) {
        super(source + ": " + fault, cause);
    }
}
