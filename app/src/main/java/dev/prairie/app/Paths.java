package dev.prairie.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Paths as people type them. */
final class Paths {
    /** Where runs are kept when nothing else is said. */
    static final Path RUNS = Path.of("runs");

    /** The folder of Prairie itself, as the launcher says it. */
    static final Path ROOT = Path.of(System.getProperty("prairie.root", "."));

    private Paths() {}

    /** Where the files beside a model are: its folder, or the one that its file is in. */
    static Path beside(Path model) {
        return Files.isDirectory(model)
                ? model
                : Optional.ofNullable(model.toAbsolutePath().getParent()).orElse(model);
    }

    /** What a model is called: as its file or folder, or as the run that has written it. */
    static String name(Path model) {
        Path named = model.endsWith("model") && model.getParent() != null ? model.getParent() : model;
        return String.valueOf(named.toAbsolutePath().normalize().getFileName());
    }

    /** Relative to the current folder where it lies below, else absolute. */
    static String shown(Path path) {
        Path here = Path.of("").toAbsolutePath();
        Path whole = path.toAbsolutePath().normalize();
        return whole.startsWith(here) && !whole.equals(here)
                ? here.relativize(whole).toString()
                : whole.toString();
    }
}
