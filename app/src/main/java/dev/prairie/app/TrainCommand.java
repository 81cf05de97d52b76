package dev.prairie.app;

import dev.prairie.tensor.device.Device;
import dev.prairie.train.loop.Outcome;
import dev.prairie.train.loop.Recipe;
import dev.prairie.train.loop.Recipes;
import dev.prairie.train.loop.RunFolder;
import dev.prairie.train.loop.Trainer;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "train",
        description = "Trains a model from nothing on a corpus, or goes on with a run.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  prairie train --corpus book.txt",
            "  prairie train --corpus docs/ --set steps=5000 --set width=384 --out runs/docs",
            "  prairie train --resume runs/docs"
        })
final class TrainCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--corpus",
            paramLabel = "PATH",
            description =
                    "Text to learn: a file, a folder, a .zip or .jar; text, Markdown, code, JSONL, CSV, also .gz.")
    @Nullable
    private Path corpus;

    @Option(names = "--recipe", paramLabel = "FILE", description = "YAML with keys that differ from the defaults.")
    @Nullable
    private Path recipeFile;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "One key of the recipe; may be repeated.")
    private Map<String, String> changes = new LinkedHashMap<>();

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of the run. Default: runs/ and the time.")
    @Nullable
    private Path out;

    @Option(names = "--resume", paramLabel = "DIR", description = "Go on with the run in this folder.")
    @Nullable
    private Path resume;

    @Option(names = "--json", description = "End with one line of JSON on standard output.")
    private boolean json;

    @Option(names = "--keys", description = "List all keys of a recipe with their defaults, and end.")
    private boolean keys;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Override
    public Integer call() {
        if (keys) {
            listKeys();
            return 0;
        }
        var terminal = new Terminal();
        Outcome outcome;
        try (Device device = devices.open()) {
            if (resume != null) {
                if (corpus != null || recipeFile != null || !changes.isEmpty() || out != null)
                    throw new UserException("--resume goes on with the run's own corpus and recipe; leave out --corpus,"
                            + " --recipe, --set and --out, or start a new run without --resume");
                var run = new RunFolder(resume);
                outcome = Training.run(Trainer.resume(run, device, terminal), terminal, run);
            } else {
                if (corpus == null)
                    throw new UserException("no corpus; give --corpus PATH, or --resume DIR to go on with a run");
                Recipe base = recipeFile == null ? Recipe.DEFAULTS : Recipes.read(recipeFile);
                var run = new RunFolder(out != null ? out : Paths.RUNS.resolve(now()));
                terminal.note("run: " + Paths.shown(run.path()));
                outcome = Training.run(
                        Trainer.start(corpus, Recipes.with(base, changes), run, device, terminal), terminal, run);
            }
        }
        report(outcome, terminal);
        return outcome.finished() ? 0 : 130;
    }

    private void report(Outcome outcome, Terminal terminal) {
        if (outcome.finished())
            terminal.note(String.format(
                    Locale.ROOT,
                    "done: %d steps in %.0f s, %,.0f tokens/s%n  curve: %s%n  talk to it: prairie run %s",
                    outcome.step(),
                    outcome.seconds(),
                    outcome.tokensPerSecond(),
                    Paths.shown(outcome.run().plot()),
                    Paths.shown(outcome.run().path())));
        if (!json) return;
        ObjectNode line = JsonMapper.shared().createObjectNode();
        line.put("run", outcome.run().path().toString());
        line.put("steps", outcome.step());
        if (Double.isFinite(outcome.loss())) line.put("loss", outcome.loss());
        else line.putNull("loss");
        outcome.valLoss().ifPresentOrElse(v -> line.put("valLoss", v), () -> line.putNull("valLoss"));
        outcome.valBitsPerByte()
                .ifPresentOrElse(v -> line.put("valBitsPerByte", v), () -> line.putNull("valBitsPerByte"));
        line.put("tokensPerSecond", Math.round(outcome.tokensPerSecond() * 10) / 10.0);
        line.put("seconds", Math.round(outcome.seconds() * 1000) / 1000.0);
        spec.commandLine().getOut().println(line);
    }

    private void listKeys() {
        for (Recipes.Key key : Recipes.keys())
            spec.commandLine()
                    .getOut()
                    .printf(
                            Locale.ROOT,
                            "%-16s %s%n%-16s %s; default %s%n",
                            key.name(),
                            key.doc(),
                            "",
                            key.type(),
                            key.standard());
    }

    private static String now() {
        return LocalDateTime.now(java.time.ZoneId.systemDefault())
                .format(DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss"));
    }
}
