package dev.prairie.app;

import java.nio.file.Path;

/** Paths as people type them. */
final class Paths {
    /** Where runs are kept when nothing else is said. */
    static final Path RUNS = Path.of("runs");

    /** The folder of Prairie itself, as the launcher says it. */
    static final Path ROOT = Path.of(System.getProperty("prairie.root", "."));

    private Paths() {}

    /** Relative to the current folder where it lies below, else absolute. */
    static String shown(Path path) {
        Path here = Path.of("").toAbsolutePath();
        Path whole = path.toAbsolutePath().normalize();
        return whole.startsWith(here) && !whole.equals(here)
                ? here.relativize(whole).toString()
                : whole.toString();
    }
}
