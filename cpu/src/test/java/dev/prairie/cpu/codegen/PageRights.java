package dev.prairie.cpu.codegen;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.NoSuchElementException;

/** What Linux lets this process do with a page: {@code rw-p}. */
final class PageRights {
    private PageRights() {}

    /** What Linux says of the page at {@code address}. */
    static String of(long address) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
                int dash = line.indexOf('-'), space = line.indexOf(' ');
                if (Long.compareUnsigned(Long.parseUnsignedLong(line.substring(0, dash), 16), address) <= 0
                        && Long.compareUnsigned(Long.parseUnsignedLong(line.substring(dash + 1, space), 16), address)
                                > 0) return line.substring(space + 1, space + 5);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new NoSuchElementException("no page at " + address);
    }
}
