package dev.prairie.app;

import dev.prairie.train.loop.Outcome;
import dev.prairie.train.loop.RunFolder;
import dev.prairie.train.loop.Trainer;

/** Runs a trainer so that Ctrl-C saves it and says how to continue. */
final class Training {
    private Training() {}

    @SuppressWarnings("try") // the interrupt works by being there
    static Outcome run(Trainer trainer, Terminal terminal, RunFolder run) {
        try (trainer;
                var interrupt = new Interrupt(() -> {
                    terminal.print("stopping: the step at hand is finished and saved …");
                    trainer.stop();
                })) {
            Outcome outcome = trainer.run();
            terminal.end();
            if (!outcome.finished())
                terminal.print("saved at step " + outcome.step() + "; continue with: prairie train --resume "
                        + Paths.shown(run.path()));
            return outcome;
        }
    }
}
