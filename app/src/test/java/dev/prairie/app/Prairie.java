package dev.prairie.app;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The launcher of this repository, run as a person would, in a folder of the test's own. */
final class Prairie implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 300;
    private static final Path ROOT = Path.of(System.getProperty("prairie.root", ".."));

    /** What a command left. */
    record Result(int code, String out, String err) {
        /** The last line of standard output. */
        String lastLine() {
            return out.lines().reduce("", (before, line) -> line);
        }
    }

    private final Process process;
    private final List<String> out = new CopyOnWriteArrayList<>();
    private final List<String> err = new CopyOnWriteArrayList<>();
    private final List<Thread> readers;

    private Prairie(Process process) {
        this.process = process;
        readers = List.of(
                Thread.startVirtualThread(() -> read(process.inputReader(StandardCharsets.UTF_8), out)),
                Thread.startVirtualThread(() -> read(process.errorReader(StandardCharsets.UTF_8), err)));
    }

    private static void read(BufferedReader reader, List<String> lines) {
        reader.lines().forEach(lines::add);
    }

    /** Starts a command; whoever starts it closes it. */
    static Prairie start(Path folder, String... arguments) {
        return start(folder, Map.of(), arguments);
    }

    private static Prairie start(Path folder, Map<String, String> environment, String... arguments) {
        try {
            // What Maven packaged a moment ago is what shall run, not a build within the build.
            Files.writeString(ROOT.resolve("app/target/built"), "");
            var command = new ArrayList<String>();
            command.add(ROOT.resolve("prairie").toAbsolutePath().toString());
            command.addAll(List.of(arguments));
            var builder = new ProcessBuilder(command).directory(folder.toFile());
            builder.environment().remove("PRAIRIE_JAVA_OPTS");
            builder.environment().remove("PRAIRIE_DEVICE");
            builder.environment().putAll(environment);
            return new Prairie(builder.start());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Runs a command to its end, with nothing to read on standard input. */
    static Result run(Path folder, String... arguments) throws Exception {
        return type(folder, "", arguments);
    }

    /** The same with more in its environment. */
    static Result run(Path folder, Map<String, String> environment, String... arguments) throws Exception {
        try (Prairie prairie = start(folder, environment, arguments)) {
            prairie.process.getOutputStream().close();
            return prairie.end();
        }
    }

    static Result type(Path folder, String input, String... arguments) throws Exception {
        try (Prairie prairie = start(folder, arguments)) {
            try (var stdin = prairie.process.outputWriter(StandardCharsets.UTF_8)) {
                stdin.write(input);
            }
            return prairie.end();
        }
    }

    /** The first line of standard error that fits, once it is there. */
    String await(Predicate<String> fits) throws InterruptedException {
        for (long i = 0; i < PATIENCE_SECONDS * 20; i++) {
            for (String line : err) if (fits.test(line)) return line;
            if (!process.isAlive()) break;
            Thread.sleep(50);
        }
        throw new AssertionError("no such line; standard error:\n" + String.join("\n", err));
    }

    /** What Ctrl-C does. */
    void interrupt() throws Exception {
        signal("INT");
    }

    /** Sends it a signal, such as TERM. */
    void signal(String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    Result end() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
            throw new AssertionError("still running; standard error:\n" + String.join("\n", err));
        for (Thread reader : readers) reader.join();
        return new Result(process.exitValue(), String.join("\n", out), String.join("\n", err));
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
