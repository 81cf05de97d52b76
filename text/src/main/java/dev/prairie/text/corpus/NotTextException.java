package dev.prairie.text.corpus;

import java.io.IOException;
import java.io.Serial;

/** A file that holds no text: left out of a folder, refused as a corpus of its own. */
final class NotTextException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    NotTextException(String reason) {
        super(reason);
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
