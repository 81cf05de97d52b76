package dev.prairie.app;

import dev.prairie.app.hub.ModelStore;
import dev.prairie.serve.access.Gate;
import dev.prairie.serve.access.KeyFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Who may use a server, what is written down of it, and how it ends. */
final class AccessOptions {
    /** How long answers may go on after a signal. */
    static final Duration DRAIN = Duration.ofSeconds(30);

    @Option(
            names = "--keys",
            paramLabel = "FILE",
            description = "Keys that are let in; what each uses is written beside it. Default: ~/.prairie/keys.json.")
    @Nullable
    private Path keys;

    @Option(names = "--require-key", description = "Ask for a key at 127.0.0.1 too.")
    private boolean requireKey;

    @Option(
            names = "--host-name",
            paramLabel = "NAME",
            description = "A name by which clients call this server, beside its address. May be given several times.")
    private List<String> names = List.of();

    @Option(
            names = "--drain",
            paramLabel = "SECONDS",
            description = "How long answers may go on after Ctrl-C or SIGTERM before they are cut short. Default: 30.")
    private int drain = (int) DRAIN.toSeconds();

    @Option(
            names = "--log",
            paramLabel = "FILE",
            description = "A line of JSON for each request, without what was said; - is standard error.")
    @Nullable
    private String log;

    /** The file that keys are in when nothing else is said. */
    static Path defaultKeys() {
        return ModelStore.home(System.getenv()).resolve("keys.json");
    }

    /** The gate for a server that listens at {@code host}. */
    Gate gate(String host) {
        return requireKey || !Gate.loopback(host)
                ? Gate.keyed(new KeyFile(keys == null ? defaultKeys() : keys))
                : Gate.open();
    }

    Set<String> hostNames() {
        Set<String> all = new HashSet<>();
        names.forEach(name -> all.add(name.toLowerCase(Locale.ROOT)));
        return all;
    }

    Duration drain() {
        if (drain < 0) throw new UserException("--drain is " + drain + "; give 0 seconds or more");
        return Duration.ofSeconds(drain);
    }

    /** Tells the logging library, which reads this when it first logs, where requests go. */
    void log() {
        if (log == null) return;
        System.setProperty("prairie.log.level", "INFO");
        if (log.equals("-")) return;
        Path file = Path.of(log).toAbsolutePath();
        Path folder = file.getParent();
        if (folder == null || !folder.toFile().isDirectory())
            throw new UserException("--log: " + folder + " is no folder; give a file in one that is there");
        System.setProperty("prairie.log.file", file.toString());
        System.setProperty("prairie.log.appender", "requests-file");
    }
}
