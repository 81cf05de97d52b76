package dev.prairie.text.grammar;

import java.io.Serial;

/** A grammar, pattern or schema that cannot be used: where, why, and what would help. */
public class GrammarException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** A fault, told in one sentence. */
    public GrammarException(String fault) {
        super(fault);
    }
}
