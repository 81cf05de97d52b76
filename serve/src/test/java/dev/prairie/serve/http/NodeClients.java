package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.testing.Demand;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Client libraries from npm, driven as they are: a script of ours, a resource beside this class, is run by Node with the
 * server's address as its argument, and fails by what it throws. Packages are fetched once into {@code target/npm}, a Node
 * that is new enough for them included.
 */
final class NodeClients {
    private static final String NODE = "node@22.23.3";
    private static final Path FOLDER = Path.of("target", "npm").toAbsolutePath();

    private NodeClients() {}

    /** Runs a script against the server, with packages such as {@code openai@7.57.0}; gives what it printed. */
    static String run(Server server, String script, String... packages) {
        Path npm = Demand.npm();
        try {
            install(npm, packages);
            Path file = FOLDER.resolve(script);
            try (InputStream source = NodeClients.class.getResourceAsStream(script)) {
                assertThat(source).as("resource " + script).isNotNull();
                Files.copy(source, file, StandardCopyOption.REPLACE_EXISTING);
            }
            Path node = FOLDER.resolve("node_modules/.bin/node");
            return run(List.of(node.toString(), file.toString(), server.url() + "v1"), 60);
        } catch (IOException e) {
            throw new AssertionError(script + ": " + e.getMessage(), e);
        }
    }

    private static void install(Path npm, String... packages) throws IOException {
        Files.createDirectories(FOLDER);
        List<String> wanted = new ArrayList<>(List.of(NODE));
        wanted.addAll(List.of(packages));
        wanted.removeIf(each -> Files.exists(mark(each)));
        if (wanted.isEmpty()) {
            return;
        }
        if (!Files.exists(FOLDER.resolve("package.json"))) {
            Files.writeString(FOLDER.resolve("package.json"), "{\"private\": true}\n");
        }
        List<String> command =
                new ArrayList<>(List.of(npm.toString(), "install", "--no-audit", "--no-fund", "--save-exact"));
        command.addAll(wanted);
        run(command, 300);
        for (String each : wanted) {
            Files.createFile(mark(each));
        }
    }

    /** Stands for a package that was fetched whole. */
    private static Path mark(String name) {
        return FOLDER.resolve("fetched " + name.replace('/', '+'));
    }

    private static String run(List<String> command, int seconds) throws IOException {
        Path output = Files.createTempFile(FOLDER, "output", ".txt");
        Process process = new ProcessBuilder(command)
                .directory(FOLDER.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            String said = Files.readString(output);
            assertThat(ended).as("%s ends in %d s:%n%s", command, seconds, said).isTrue();
            assertThat(process.exitValue()).as("%s%n%s", command, said).isZero();
            return said;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            process.destroyForcibly();
            Files.deleteIfExists(output);
        }
    }
}
