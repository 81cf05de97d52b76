package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.testing.Demand;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Clients that are written for Node, as their makers publish them. The first test that needs them has npm fetch them, in
 * these versions, into {@code target/npm}, and a Node that they run on.
 */
final class NodeClients {
    private static final List<String> PACKAGES = List.of("node@22.23.3", "openai@7.57.0", "@anthropic-ai/sdk@1.12.0");

    private static final Path FOLDER = Path.of("target", "npm").toAbsolutePath();
    private static final int INSTALL_SECONDS = 300;
    private static final int RUN_SECONDS = 60;

    private NodeClients() {}

    /** Runs a script of the test resources with these arguments; it says what it found out by its exit code. */
    static void run(String script, String... arguments) {
        Path npm = Demand.npm();
        try (InputStream text = NodeClients.class.getResourceAsStream(script)) {
            install(npm);
            if (text == null) {
                throw new IllegalArgumentException("no script " + script);
            }
            Files.copy(text, FOLDER.resolve(script), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> command =
                new ArrayList<>(List.of(FOLDER.resolve("node_modules/.bin/node").toString(), script));
        command.addAll(List.of(arguments));
        execute(command, RUN_SECONDS);
    }

    private static synchronized void install(Path npm) throws IOException {
        Files.createDirectories(FOLDER);
        Path done = FOLDER.resolve("installed.txt");
        String wanted = String.join("\n", PACKAGES);
        if (Files.exists(done) && Files.readString(done).equals(wanted)) {
            return;
        }
        List<String> command = new ArrayList<>(
                List.of(npm.toString(), "install", "--no-audit", "--no-fund", "--no-save", "--prefix", "."));
        command.addAll(PACKAGES);
        execute(command, INSTALL_SECONDS);
        Files.writeString(done, wanted);
    }

    private static void execute(List<String> command, int seconds) {
        try {
            Path output = Files.createTempFile(FOLDER, "output", ".txt");
            Process process = new ProcessBuilder(command)
                    .directory(FOLDER.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor();
            }
            String said = Files.readString(output);
            Files.delete(output);
            assertThat(ended).as("%s took too long: %s", command, said).isTrue();
            assertThat(process.exitValue()).as("%s: %s", command, said).isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
