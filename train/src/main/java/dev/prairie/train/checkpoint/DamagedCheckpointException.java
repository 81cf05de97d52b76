package dev.prairie.train.checkpoint;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A checkpoint that must not be used, and the older one that can be. Nothing is removed. */
public final class DamagedCheckpointException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    DamagedCheckpointException(Path file, @Nullable Path previous, Throwable cause) {
        super(
                "checkpoint is damaged and was not used: " + cause.getMessage()
                        + (previous == null
                                ? "; there is no older one, start the run again"
                                : "; the previous one is kept: move " + file.getFileName() + " away to resume from "
                                        + previous.getFileName()),
                cause);
    }
}
