package dev.prairie.text;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Real data beside the repository; tests that need it are skipped where it is absent. */
public final class SharedData {
    private SharedData() {}

    public static Path file(String name) {
        String set = System.getenv("PRAIRIE_DATA");
        Path root = set != null
                ? Path.of(set)
                : Path.of(System.getProperty("prairie.root", "."))
                        .toAbsolutePath()
                        .resolveSibling("shared/data");
        Path file = root.resolve(name);
        assumeTrue(Files.exists(file), () -> "needs " + file);
        return file;
    }
}
