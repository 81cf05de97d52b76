/**
 * Documents in: files, folders and archives of text, Markdown, source code, JSON lines and tables, read one document at a
 * time; what was read and what was left out is reported.
 */
@org.jspecify.annotations.NullMarked
package dev.prairie.text.corpus;
