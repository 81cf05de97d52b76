package dev.prairie.text.corpus;

import java.util.List;

/**
 * What reading a corpus gave.
 *
 * @param documents documents given out
 * @param characters their Unicode characters
 * @param bytes their size as UTF-8
 * @param complete false if the limit on characters ended the reading
 * @param skipped number of files left out
 * @param reasons the first {@value #REASONS} of them, each as {@code source: reason}
 */
public record CorpusReport(
        long documents, long characters, long bytes, boolean complete, long skipped, List<String> reasons) {
    static final int REASONS = 100;

    /** Keeps its own copy of the reasons. */
    public CorpusReport {
        reasons = List.copyOf(reasons);
    }
}
