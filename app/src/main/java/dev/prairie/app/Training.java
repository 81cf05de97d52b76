package dev.prairie.app;

import dev.prairie.train.loop.Outcome;
import dev.prairie.train.loop.RunFolder;
import dev.prairie.train.loop.Trainer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Runs a trainer so that Ctrl-C saves it and says how to continue. */
final class Training {
    private static final long PATIENCE_SECONDS = 120;

    private Training() {}

    static Outcome run(Trainer trainer, Terminal terminal, RunFolder run) {
        var saved = new CountDownLatch(1);
        // The JVM runs this on Ctrl-C while the main thread goes on; it ends when this returns.
        var hook = new Thread(
                () -> {
                    terminal.print("stopping: the step at hand is finished and saved …");
                    trainer.stop();
                    try {
                        if (!saved.await(PATIENCE_SECONDS, TimeUnit.SECONDS))
                            terminal.print("prairie: not saved in time; the last checkpoint stands");
                    } catch (InterruptedException gone) {
                        Thread.currentThread().interrupt();
                    }
                },
                "stop");
        Runtime.getRuntime().addShutdownHook(hook);
        try (trainer) {
            Outcome outcome = trainer.run();
            terminal.end();
            if (!outcome.finished())
                terminal.print("saved at step " + outcome.step() + "; continue with: prairie train --resume "
                        + Paths.shown(run.path()));
            return outcome;
        } finally {
            saved.countDown();
            forget(hook);
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyStopping) {
            // it is running, and waits for this thread
        }
    }
}
