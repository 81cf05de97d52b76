package dev.prairie.text.corpus;

import java.util.List;

/**
 * What to take from a corpus.
 *
 * @param field the text field of JSON objects, and the text column of tables. The default is {@code text}; where no such
 *     field exists and it was not asked for by another name, see {@link Corpus}.
 * @param include globs of the files and archive entries to take, by path relative to the corpus or archive
 *     ({@code java.base/java/**}) or, without a slash, by name ({@code *.java}); empty takes all
 * @param maxCharacters stop after so many characters; the last document is cut to fit
 * @param maxDocumentBytes largest document or archive entry; a bigger one is an error, which bounds memory
 */
public record CorpusOptions(String field, List<String> include, long maxCharacters, long maxDocumentBytes) {
    /** The default name of the text field. */
    public static final String TEXT = "text";

    /** All text, without limit but 512 MiB a document. */
    public static final CorpusOptions DEFAULTS = new CorpusOptions(TEXT, List.of(), Long.MAX_VALUE, 512L << 20);

    /** Checks the limits. */
    public CorpusOptions {
        include = List.copyOf(include);
        if (field.isBlank()) {
            throw new IllegalArgumentException("CorpusOptions: the field has no name; the usual one is " + TEXT);
        }
        if (maxCharacters < 1 || maxDocumentBytes < 1 || maxDocumentBytes > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException("CorpusOptions: maxCharacters " + maxCharacters
                    + " and maxDocumentBytes " + maxDocumentBytes + " must be at least 1, the latter below 2 GiB");
        }
    }

    /** These options with another text field. */
    public CorpusOptions withField(String name) {
        return new CorpusOptions(name, include, maxCharacters, maxDocumentBytes);
    }

    /** These options for files that match one of the globs. */
    public CorpusOptions withInclude(String... globs) {
        return new CorpusOptions(field, List.of(globs), maxCharacters, maxDocumentBytes);
    }

    /** These options with a limit on all characters together. */
    public CorpusOptions withMaxCharacters(long limit) {
        return new CorpusOptions(field, include, limit, maxDocumentBytes);
    }

    /** These options with a limit on the bytes of one document. */
    public CorpusOptions withMaxDocumentBytes(long limit) {
        return new CorpusOptions(field, include, maxCharacters, limit);
    }
}
