package dev.prairie.text.corpus;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;

/** Goes through the documents of a {@link Corpus} once and counts them. Not thread-safe. */
public final class CorpusReader implements Iterator<Document>, AutoCloseable {
    private final Path path;
    private final CorpusOptions options;
    private final List<PathMatcher> include;
    private final Sources sources;
    private final List<String> reasons = new ArrayList<>();
    private Rows rows = Rows.NONE;
    private Optional<Document> next = Optional.empty();
    private long documents;
    private long characters;
    private long bytes;
    private long skipped;
    private boolean cut;

    CorpusReader(Path path, CorpusOptions options) {
        this.path = path;
        this.options = options;
        this.include = options.include().stream().map(CorpusReader::matcher).toList();
        try {
            this.sources = Sources.of(path);
        } catch (IOException failure) {
            throw unreadable(path, failure);
        }
    }

    @Override
    public boolean hasNext() {
        if (next.isEmpty() && characters < options.maxCharacters()) {
            next = advance();
            if (next.isEmpty() && documents == 0) {
                throw new CorpusException(path, "holds no text" + explanation());
            }
        }
        return next.isPresent();
    }

    @Override
    public Document next() {
        if (!hasNext()) {
            throw new NoSuchElementException(path + ": all " + documents + " documents have been read");
        }
        Document document = fitted(next.orElseThrow());
        next = Optional.empty();
        documents++;
        characters += document.text().codePointCount(0, document.text().length());
        bytes += utf8Length(document.text());
        return document;
    }

    /** What was read so far. */
    public CorpusReport report() {
        boolean limited = cut || (characters >= options.maxCharacters() && next.isEmpty());
        return new CorpusReport(documents, characters, bytes, !limited, skipped, reasons);
    }

    @Override
    public void close() {
        try (sources) {
            rows.close();
        } catch (IOException failure) {
            throw unreadable(path, failure);
        }
    }

    private Optional<Document> advance() {
        String at = path.toString();
        try {
            while (true) {
                Optional<Document> row = rows.next();
                if (row.isPresent()) {
                    if (!row.get().text().isBlank()) {
                        return row;
                    }
                    continue;
                }
                rows.close();
                rows = Rows.NONE;
                Optional<Source> source = sources.next();
                if (source.isEmpty()) {
                    return Optional.empty();
                }
                at = source.get().name();
                openNext(source.get());
            }
        } catch (IOException failure) {
            throw unreadable(at, failure);
        }
    }

    private void openNext(Source source) throws IOException {
        if (!source.isContainer() && !included(source.entry())) {
            return; // not chosen, so not worth a line in the report
        }
        try {
            if (source.isContainer()) {
                sources.expand(source, options);
            } else {
                rows = Rows.open(source, options);
            }
        } catch (NotTextException reason) {
            if (source.isCorpus()) {
                throw new CorpusException(
                        path, reason.getMessage() + "; give a text file, an archive or a folder", reason);
            }
            skip(source.name() + ": " + reason.getMessage());
        }
    }

    private void skip(String reason) {
        skipped++;
        if (reasons.size() < CorpusReport.REASONS) {
            reasons.add(reason);
        }
    }

    private Document fitted(Document document) {
        long room = options.maxCharacters() - characters;
        String text = document.text();
        if (text.length() <= room || text.codePointCount(0, text.length()) <= room) {
            return document;
        }
        cut = true;
        return new Document(document.source(), text.substring(0, text.offsetByCodePoints(0, (int) room)));
    }

    private boolean included(String entry) {
        if (entry.indexOf('\0') >= 0) {
            return false; // no path: only a made-up archive has such an entry
        }
        Path whole = Path.of(entry);
        return include.isEmpty() || include.stream().anyMatch(glob -> glob.matches(whole));
    }

    private static PathMatcher matcher(String glob) {
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
        return glob.indexOf('/') >= 0
                ? matcher
                : file -> {
                    Path name = file.getFileName();
                    return name != null && matcher.matches(name);
                };
    }

    private String explanation() {
        return skipped > 0
                ? "; " + skipped + " files were left out, the first: " + reasons.getFirst()
                : options.include().isEmpty()
                        ? "; give a file or folder with some"
                        : " among the files " + options.include() + "; check the pattern";
    }

    private static CorpusException unreadable(Object source, IOException failure) {
        return new CorpusException(source, "could not be read (" + failure.getMessage() + "); check the file", failure);
    }

    private static long utf8Length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
