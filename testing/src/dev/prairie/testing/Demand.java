package dev.prairie.testing;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a test needs from the machine, beyond the repository. A missing thing skips the test with a message, unless the
 * environment variable {@code PRAIRIE_DEMAND} names it ({@code PRAIRIE_DEMAND=data,browser}): then the test fails.
 *
 * <pre>{@code
 * Path model = Demand.data("stories260k/stories260K.bin");
 * Path chromium = Demand.browser();
 * Path objdump = Demand.disassembler();
 * Demand.platform(cpu.hasAvx512(), "AVX-512");
 * }</pre>
 *
 * <p>Compiled into the tests of every module by the parent pom.
 */
public final class Demand {
    private static final List<String> BROWSERS =
            List.of("chromium", "chromium-browser", "google-chrome-stable", "google-chrome");

    private Demand() {}

    /** The folder of the shared test data: {@code PRAIRIE_DATA}, else {@code shared/data} beside the repository. */
    public static Path data() {
        return data("");
    }

    /** A file or folder of the shared test data, e.g. {@code "corpora/tinyshakespeare"}. */
    public static Path data(String name) {
        String why = "no shared test data" + (name.isEmpty() ? "" : " " + name) + ": PRAIRIE_DATA names its folder";
        return met("data", findData(System.getenv(), name), why, System.getenv("PRAIRIE_DEMAND"));
    }

    /** The Chromium to drive, as an executable. */
    public static Path browser() {
        var found = findProgram(System.getenv("PATH"), BROWSERS);
        return met("browser", found, "no Chromium on PATH", System.getenv("PRAIRIE_DEMAND"));
    }

    /** The {@code objdump} of binutils, as an executable: the other opinion on machine code. */
    public static Path disassembler() {
        var found = findProgram(System.getenv("PATH"), List.of("objdump"));
        return met("disassembler", found, "no objdump on PATH", System.getenv("PRAIRIE_DEMAND"));
    }

    /** The {@code npm} of Node.js, as an executable: it fetches clients that are written for Node. */
    public static Path npm() {
        var found = findProgram(System.getenv("PATH"), List.of("npm"));
        return met("npm", found, "no npm on PATH", System.getenv("PRAIRIE_DEMAND"));
    }

    /**
     * Skips the test where the machine cannot run it, whatever is demanded. The message starts with {@code platform:},
     * by which {@code .ci/run} tells such a skip from one that must not happen.
     */
    public static void platform(boolean capable, String capability) {
        if (!capable) {
            abort("platform: this machine lacks " + capability);
        }
    }

    static Optional<Path> findData(Map<String, String> environment, String name) {
        String told = environment.get("PRAIRIE_DATA");
        Path folder = told != null && !told.isBlank()
                ? Path.of(told)
                : Path.of(System.getProperty("prairie.root", "."), "..", "shared", "data");
        return Optional.of(folder.resolve(name).normalize()).filter(Files::exists);
    }

    static Optional<Path> findProgram(@Nullable String path, List<String> names) {
        List<String> folders = path == null ? List.of() : List.of(path.split(File.pathSeparator, -1));
        return names.stream()
                .flatMap(name -> folders.stream().map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Whether the comma-separated {@code demands} name {@code kind}. */
    static boolean demanded(@Nullable String demands, String kind) {
        return demands != null
                && Arrays.stream(demands.split(",")).map(String::strip).anyMatch(kind::equals);
    }

    static Path met(String kind, Optional<Path> found, String why, @Nullable String demands) {
        if (found.isEmpty() && demanded(demands, kind)) {
            return fail(why + " (demanded by PRAIRIE_DEMAND)");
        }
        return found.orElseGet(() -> abort(why));
    }
}
