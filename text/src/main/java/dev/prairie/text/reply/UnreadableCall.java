package dev.prairie.text.reply;

import java.io.Serial;

/** What stands between a call's markers is no call. Never leaves this package: such text becomes content. */
final class UnreadableCall extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    UnreadableCall() {
        super("no call", null, false, false);
    }
}
