package dev.prairie.text.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * A file or archive entry that may hold documents.
 *
 * @param name as documents show it
 * @param entry path within the folder or archive, for globs and for its kind
 * @param file the file on disk; absent for an entry of an archive
 * @param isCorpus whether it is the corpus itself rather than a part of it
 * @param content opens its bytes
 */
record Source(String name, String entry, Optional<Path> file, boolean isCorpus, Content content) {
    /** Opens the bytes of a source. */
    interface Content {
        InputStream open() throws IOException;
    }

    /** Whether it is an archive. */
    boolean isArchive() {
        String lower = entry.toLowerCase(Locale.ROOT);
        return lower.endsWith(".zip") || lower.endsWith(".jar");
    }

    /** Whether it is an archive that can be opened: one on disk. */
    boolean isContainer() {
        return isArchive() && file.isPresent();
    }

    boolean isCompressed() {
        return entry.toLowerCase(Locale.ROOT).endsWith(".gz");
    }

    /** The last part of the name in lower case, {@code .gz} left out: {@code csv}, {@code jsonl}; empty if none. */
    String kind() {
        String plain = entry.toLowerCase(Locale.ROOT);
        plain = plain.endsWith(".gz") ? plain.substring(0, plain.length() - 3) : plain;
        return plain.substring(Math.max(plain.lastIndexOf('.'), plain.lastIndexOf('/')) + 1);
    }
}
