package dev.prairie.text.corpus;

/**
 * One text of a corpus.
 *
 * @param source where it comes from, relative to the corpus and with {@code /} between folders:
 *     {@code folder/file.txt}, {@code archive.zip!/entry.md}, {@code rows.jsonl#12}
 * @param text its text
 */
public record Document(String source, String text) {}
