package dev.prairie.app;

import dev.prairie.serve.access.Gate;
import dev.prairie.serve.http.ServerConfig;
import dev.prairie.tensor.device.Device;
import dev.prairie.train.loop.Outcome;
import dev.prairie.train.loop.Recipe;
import dev.prairie.train.loop.Recipes;
import dev.prairie.train.loop.RunFolder;
import dev.prairie.train.loop.SpeedProbe;
import dev.prairie.train.loop.Trainer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The main job: from nothing to a model that answers in the browser, on any machine that has a JDK. */
@Command(
        name = "quickstart",
        description = "Trains a small model from nothing on this machine and serves it.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Without --corpus it learns Java from the JDK's own sources. Interrupted with Ctrl-C, the same command goes on;",
            "once trained, it serves at once (--again trains anew)."
        })
final class QuickstartCommand implements Callable<Integer> {
    /** What is learned of when the corpus is the JDK's sources: enough for hours, and of one kind. */
    private static final String SOURCES = "java.base/java/**";

    private static final int PROBE_STEPS = 8;

    /** A model small enough to see a few million tokens within minutes on two processors. */
    private static final Map<String, String> SMALL = Map.ofEntries(
            Map.entry("form", "llama"),
            Map.entry("layers", "4"),
            Map.entry("width", "192"),
            Map.entry("heads", "4"),
            Map.entry("context", "256"),
            Map.entry("vocabulary", "2048"),
            Map.entry("batch", "4"),
            Map.entry("validateBatches", "12"),
            Map.entry("warmup", "40"),
            Map.entry("learningRate", "0.003"),
            Map.entry("minLearningRate", "0.0003"));

    @Option(names = "--minutes", paramLabel = "M", description = "How long to train, about. Default: 5.")
    private double minutes = 5;

    @Option(names = "--corpus", paramLabel = "PATH", description = "Text to learn. Default: the JDK's lib/src.zip.")
    @Nullable
    private Path corpus;

    @Option(names = "--port", paramLabel = "PORT", description = "Where to serve; 0 takes any free one. Default: 8080.")
    private int port = 8080;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of the run. Default: runs/quickstart.")
    private Path out = Paths.RUNS.resolve("quickstart");

    @Option(names = "--again", description = "Train anew; an earlier run is kept beside under another name.")
    private boolean again;

    @Option(names = "--no-serve", description = "End after training.")
    private boolean trainOnly;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Override
    public Integer call() throws InterruptedException {
        if (!(minutes > 0 && minutes <= 100_000))
            throw new UserException("--minutes is " + minutes + "; give a time above 0");
        if (!trainOnly) requireFree(port); // now, not after minutes of training
        var terminal = new Terminal();
        var run = new RunFolder(out);
        if (again && Files.exists(run.path())) setAside(run, terminal);
        if (!run.finished()) {
            Outcome outcome = train(run, terminal);
            if (!outcome.finished()) return 130;
            terminal.note(String.format(
                    Locale.ROOT,
                    "trained %d steps in %.0f s: validation loss %.3f nats a token, %.3f bits a byte; curve: %s",
                    outcome.step(),
                    outcome.seconds(),
                    outcome.valLoss().orElse(Double.NaN),
                    outcome.valBitsPerByte().orElse(Double.NaN),
                    Paths.shown(run.plot())));
        } else {
            terminal.note(Paths.shown(run.path()) + " is trained already (--again trains anew)");
        }
        if (trainOnly) return 0;
        try (OpenModels open = OpenModels.of(run.path(), devices)) {
            Path runs = run.path().getParent();
            ServeCommand.serve(
                    open,
                    ServerConfig.local(port).withRuns(runs == null ? Paths.RUNS : runs),
                    Gate.open(),
                    AccessOptions.DRAIN);
        }
        return 0;
    }

    private Outcome train(RunFolder run, Terminal terminal) {
        try (Device device = devices.open()) {
            if (run.resumable()) return Training.run(Trainer.resume(run, device, terminal), terminal, run);
            var changes = new LinkedHashMap<>(SMALL);
            Path text = corpus != null ? corpus : ownCorpus(terminal, changes);
            plan(device, changes, terminal);
            Recipe recipe = Recipes.with(Recipe.DEFAULTS, changes);
            return Training.run(Trainer.start(text, recipe, run, device, terminal), terminal, run);
        }
    }

    /** As many steps as fit into the time, by measuring a few. */
    private void plan(Device device, Map<String, String> changes, Terminal terminal) {
        Recipe recipe = Recipes.with(Recipe.DEFAULTS, changes);
        terminal.stage("measuring this machine");
        double seconds = Double.POSITIVE_INFINITY;
        try (var probe = new SpeedProbe(
                recipe.transformer(recipe.vocabulary()),
                recipe.batch(),
                recipe.context(),
                device.gradKernels(recipe.precision().type()))) {
            for (int i = 0; i < PROBE_STEPS; i++) seconds = Math.min(seconds, probe.step());
        }
        int steps = (int) Math.clamp(minutes * 60 * 0.9 / seconds, 10, 1_000_000); // a tenth for reading and validating
        changes.put("steps", Integer.toString(steps));
        changes.put("validateEvery", Integer.toString(Math.max(10, Math.ceilDiv(steps, 8))));
        changes.put("sampleEvery", Integer.toString(Math.max(10, steps / 3)));
        changes.put("checkpointEvery", Integer.toString(Math.max(1, steps / 8)));
    }

    /** The JDK's sources; where they are not installed, what text every JDK has, with a note. */
    private static Path ownCorpus(Terminal terminal, Map<String, String> changes) {
        Path jdk = Path.of(System.getProperty("java.home"));
        Path sources = jdk.resolve("lib/src.zip");
        if (Files.isReadable(sources)) {
            terminal.note("corpus: the JDK's sources, " + sources + " (" + SOURCES + ")");
            changes.put("include", SOURCES);
            return sources;
        }
        terminal.note("corpus: this JDK has no lib/src.zip (Debian: package openjdk-25-source), so its legal texts and"
                + " manual pages must do; better is your own text with --corpus PATH");
        changes.put("include", "[\"legal/**\", \"man/**\"]");
        return jdk;
    }

    private static void setAside(RunFolder run, Terminal terminal) {
        for (int i = 1; ; i++) {
            Path other = run.path().resolveSibling(run.name() + "-" + i);
            if (Files.exists(other)) continue;
            try {
                Files.move(run.path(), other);
            } catch (IOException failure) {
                throw new UserException("the earlier run cannot be moved to " + other + " (" + failure
                        + "); give another folder with --out");
            }
            terminal.note("the earlier run is now " + Paths.shown(other));
            return;
        }
    }

    private static void requireFree(int port) {
        if (port == 0) return;
        try (var probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            probe.setReuseAddress(true);
        } catch (IOException | IllegalArgumentException busy) {
            throw new UserException("port " + port + " cannot be used (" + busy.getMessage()
                    + "); give another with --port, or --port 0 for any free one");
        }
    }
}
