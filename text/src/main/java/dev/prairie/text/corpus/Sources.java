package dev.prairie.text.corpus;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** The files of a corpus in order, and the entries of the archive that is open. */
final class Sources implements AutoCloseable {
    private static final int MOST_ENTRIES = 5_000_000;

    private final Deque<Source> waiting = new ArrayDeque<>();
    private Optional<ZipFile> archive = Optional.empty();

    private Sources() {}

    static Sources of(Path path) throws IOException {
        Sources sources = new Sources();
        if (Files.isDirectory(path)) {
            for (Path file : filesUnder(path)) {
                String name = path.relativize(file).toString().replace('\\', '/');
                sources.waiting.add(new Source(name, name, Optional.of(file), false, () -> Files.newInputStream(file)));
            }
        } else {
            Path last = path.getFileName();
            String name = last == null ? path.toString() : last.toString();
            sources.waiting.add(new Source(name, name, Optional.of(path), true, () -> Files.newInputStream(path)));
        }
        return sources;
    }

    Optional<Source> next() {
        return Optional.ofNullable(waiting.poll());
    }

    /** Puts the entries of an archive before all that waits. */
    void expand(Source source, CorpusOptions options) throws IOException {
        close();
        ZipFile zip;
        try {
            zip = new ZipFile(source.file().orElseThrow().toFile());
        } catch (ZipException damaged) {
            throw new NotTextException("is not a valid zip archive (" + damaged.getMessage() + ")");
        }
        archive = Optional.of(zip);
        if (zip.size() > MOST_ENTRIES) {
            throw new CorpusException(source.name(), "has " + zip.size() + " entries, more than " + MOST_ENTRIES);
        }
        List<ZipEntry> entries = new ArrayList<>();
        zip.stream()
                .filter(entry -> !entry.isDirectory() && !isHidden(entry.getName()))
                .forEach(entries::add);
        entries.sort(Comparator.comparing(ZipEntry::getName).reversed());
        for (ZipEntry entry : entries) {
            String name = source.name() + "!/" + entry.getName();
            waiting.push(new Source(
                    name,
                    entry.getName(),
                    Optional.empty(),
                    false,
                    () -> new LimitedInput(name, zip.getInputStream(entry), entry.getCompressedSize())));
        }
    }

    @Override
    public void close() throws IOException {
        if (archive.isPresent()) {
            archive.get().close();
            archive = Optional.empty();
        }
    }

    private static List<Path> filesUnder(Path folder) throws IOException {
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                return !directory.equals(folder)
                                && isHidden(directory.toString().replace('\\', '/'))
                        ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (Files.isRegularFile(file) && !isHidden(file.toString().replace('\\', '/'))) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        files.sort(
                Comparator.comparing(file -> folder.relativize(file).toString().replace('\\', '/')));
        return files;
    }

    private static boolean isHidden(String name) {
        return name.startsWith(".", name.lastIndexOf('/') + 1);
    }
}
