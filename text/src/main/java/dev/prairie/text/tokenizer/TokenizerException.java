package dev.prairie.text.tokenizer;

import java.io.Serial;
import java.nio.file.Path;

/** A tokenizer file that cannot be used: which file, what is wrong with it, and what would help. */
public final class TokenizerException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** A fault found in {@code file}. */
    public TokenizerException(Path file, String fault) {
        super(file + ": " + fault);
    }

    /** A fault found in {@code file} while reading it, with the failure beneath. */
    public TokenizerException(Path file, String fault, Throwable cause) {
        super(file + ": " + fault, cause);
    }

    /** A fault in a vocabulary that no file is known for yet. */
    TokenizerException(String fault) {
        super(fault);
    }
}
