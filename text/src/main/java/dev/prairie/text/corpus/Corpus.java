package dev.prairie.text.corpus;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A body of text in a file or a folder, read document by document in a fixed order (folders by name).
 *
 * <p>The end of a file's name says what it holds:
 * <ul>
 *   <li>{@code .jsonl}, {@code .ndjson}: one JSON object a line, each a document; {@code .json}: an array of objects
 *       likewise, or else one document as it stands. The text is the field of {@link CorpusOptions#field}. Where an object
 *       has no field {@code text}, those of title, author, instruction, input, context, question, prompt, problem,
 *       output, answer, response, chosen, content, body and paragraphs that it has are joined in this order by line
 *       feeds, lists of strings line by line. A bare string is its own text.
 *   <li>{@code .csv} (quoted after RFC 4180) and {@code .tsv} (never quoted): each row is a document. If the first row
 *       names the field, it is a header and the text is that column; otherwise every row is text, its cells joined by tabs.
 *   <li>{@code .gz}: a compressed file, known by the name before {@code .gz}; {@code .zip}, {@code .jar}: entries by name.
 *       Archives inside archives are left out.
 *   <li>anything else: one document, if it is text.
 * </ul>
 *
 * <p>Text is UTF-8, with or without a byte order mark. A binary file (NUL bytes, or mostly not UTF-8) is left out and
 * reported; if it is the corpus itself, that is an error. Hidden files and folders are left out.
 */
public final class Corpus {
    private final Path path;
    private final CorpusOptions options;

    private Corpus(Path path, CorpusOptions options) {
        this.path = path;
        this.options = options;
    }

    /** The corpus at {@code path}, with all defaults. */
    public static Corpus open(Path path) {
        return open(path, CorpusOptions.DEFAULTS);
    }

    /**
     * The corpus at {@code path}.
     *
     * @throws CorpusException if there is no such file or folder, or it may not be read
     */
    public static Corpus open(Path path, CorpusOptions options) {
        if (!Files.exists(path)) {
            throw new CorpusException(
                    path, "no such file or folder; give the path of a text file, an archive or a folder");
        }
        if (!Files.isReadable(path)) {
            throw new CorpusException(path, "may not be read; check its permissions");
        }
        return new Corpus(path, options);
    }

    /** Where it is. */
    public Path path() {
        return path;
    }

    /** What is taken from it. */
    public CorpusOptions options() {
        return options;
    }

    /** A reader at the first document, to be closed by the caller. */
    public CorpusReader reader() {
        return new CorpusReader(path, options);
    }

    /** The documents as a lazy stream, to be closed by the caller. */
    public Stream<Document> documents() {
        CorpusReader reader = reader();
        return StreamSupport.stream(
                        Spliterators.spliteratorUnknownSize(reader, Spliterator.ORDERED | Spliterator.NONNULL), false)
                .onClose(reader::close);
    }

    /**
     * Reads all documents.
     *
     * @throws CorpusException if a document cannot be read, or there is none
     */
    public CorpusReport read(Consumer<Document> consumer) {
        try (CorpusReader reader = reader()) {
            reader.forEachRemaining(consumer);
            return reader.report();
        }
    }
}
