package dev.prairie.app;

import java.time.Duration;

/** What Ctrl-C does while something runs: asks it to stop, and lets the command end in order, to its last line. */
final class Interrupt implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Thread hook;

    /** From now on until closed; {@code stop} makes the calling thread come to its end soon. */
    Interrupt(Runnable stop) {
        Thread command = Thread.currentThread();
        hook = new Thread(
                () -> {
                    stop.run();
                    try {
                        command.join(PATIENCE);
                    } catch (InterruptedException gone) {
                        Thread.currentThread().interrupt();
                    }
                },
                "interrupt");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Whether the JVM is ending; it does not tell, but it refuses. */
    static boolean stopping() {
        var probe = new Thread(() -> {}, "probe");
        try {
            return Runtime.getRuntime().removeShutdownHook(probe);
        } catch (IllegalStateException ending) {
            return true;
        }
    }

    @Override
    public void close() {
        if (!stopping()) Runtime.getRuntime().removeShutdownHook(hook);
    }
}
