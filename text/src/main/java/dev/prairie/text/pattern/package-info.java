/**
 * Patterns that cut text, run in time linear in the text and without a stack: the regular expressions of tokenizers,
 * compiled to deterministic automata over Unicode characters. {@link dev.prairie.text.pattern.CutPattern} is the door.
 */
@org.jspecify.annotations.NullMarked
package dev.prairie.text.pattern;
