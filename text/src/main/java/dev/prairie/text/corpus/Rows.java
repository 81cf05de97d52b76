package dev.prairie.text.corpus;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The documents of one file, one after the other. */
interface Rows extends AutoCloseable {
    /** How much is looked at to tell text from other things. */
    int SAMPLE = 1 << 16;

    /** No documents. */
    Rows NONE = new Rows() {
        @Override
        public Optional<Document> next() {
            return Optional.empty();
        }

        @Override
        public void close() {}
    };

    Optional<Document> next() throws IOException;

    @Override
    void close() throws IOException;

    /**
     * Opens a file by its kind.
     *
     * @throws NotTextException if it is not text
     */
    static Rows open(Source source, CorpusOptions options) throws IOException {
        if (source.isArchive()) {
            throw new NotTextException("is an archive inside an archive");
        }
        InputStream raw = source.content().open();
        try {
            if (source.isCompressed()) {
                raw = expanded(source, raw);
            }
            BufferedInputStream in = new BufferedInputStream(raw, SAMPLE);
            requireText(in);
            return switch (source.kind()) {
                case "jsonl", "ndjson" -> new JsonRows(source.name(), reader(in), options);
                case "json" -> JsonRows.ofDocument(source.name(), text(source, in, options), options);
                case "csv", "tsv" ->
                    new TableRows(source.name(), reader(in), source.kind().equals("csv") ? ',' : '\t', options);
                default -> one(new Document(source.name(), text(source, in, options)));
            };
        } catch (IOException | RuntimeException failure) {
            raw.close();
            throw failure;
        }
    }

    /** A single document. */
    static Rows one(Document document) {
        return new Rows() {
            private Optional<Document> rest = Optional.of(document);

            @Override
            public Optional<Document> next() {
                Optional<Document> given = rest;
                rest = Optional.empty();
                return given;
            }

            @Override
            public void close() {}
        };
    }

    private static InputStream expanded(Source source, InputStream raw) throws IOException {
        try {
            long compressed =
                    source.file().isPresent() ? Files.size(source.file().get()) : -1;
            return new LimitedInput(source.name(), new GZIPInputStream(raw, SAMPLE), compressed);
        } catch (ZipException damaged) {
            throw new NotTextException("is not valid gzip (" + damaged.getMessage() + ")");
        }
    }

    /** Leaves the stream where it was, or after the byte order mark. */
    private static void requireText(BufferedInputStream in) throws IOException {
        in.mark(SAMPLE + 1);
        byte[] sample = in.readNBytes(SAMPLE);
        in.reset();
        for (byte b : sample) {
            if (b == 0) {
                throw new NotTextException("is binary (or UTF-16, which must be converted to UTF-8 first)");
            }
        }
        long malformed = new String(sample, StandardCharsets.UTF_8)
                .chars()
                .filter(c -> c == '\ufffd')
                .count();
        if (malformed * 50 > sample.length) {
            throw new NotTextException(
                    "is not UTF-8 text: " + malformed + " of its first " + sample.length + " bytes fit nowhere");
        }
        if (sample.length >= 3
                && Arrays.equals(sample, 0, 3, new byte[] {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF}, 0, 3)) {
            in.skipNBytes(3);
        }
    }

    private static BufferedReader reader(InputStream in) {
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8), SAMPLE);
    }

    private static String text(Source source, InputStream in, CorpusOptions options) throws IOException {
        try (in) {
            byte[] bytes = in.readNBytes((int) options.maxDocumentBytes() + 1);
            if (bytes.length > options.maxDocumentBytes()) {
                throw new CorpusException(
                        source.name(),
                        "is longer than the " + options.maxDocumentBytes()
                                + " bytes allowed for a document; cut it into parts or raise the limit");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }
}
