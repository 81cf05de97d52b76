package dev.prairie.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/**
 * Ctrl-C and SIGTERM while something is served: the first asks to stop, and the command ends in order, to its last line; a
 * second ends the process at once. The JVM's own handling, as {@link Interrupt} uses it, is deaf to a second.
 */
final class StopSignals implements AutoCloseable {
    /** What a shell makes of a process that SIGINT has ended. */
    private static final int INTERRUPTED = 130;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final Map<String, Object> before = new LinkedHashMap<>();
    private final List<Interrupt> otherwise = new ArrayList<>();

    /** From now on until closed. */
    StopSignals() {
        for (String name : List.of("INT", "TERM")) {
            @Nullable Object handler = Signals.register(name, this::ask);
            if (handler != null) before.put(name, handler);
        }
        if (before.isEmpty()) otherwise.add(new Interrupt(asked::countDown)); // a JVM without signals
    }

    private void ask() {
        if (asked.getCount() == 0) Runtime.getRuntime().halt(INTERRUPTED);
        asked.countDown();
    }

    /** Until the first. */
    void await() throws InterruptedException {
        asked.await();
    }

    @Override
    public void close() {
        before.forEach(Signals::unregister);
        otherwise.forEach(Interrupt::close);
    }
}
