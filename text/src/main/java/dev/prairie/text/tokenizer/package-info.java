/**
 * Text to token ids and back. {@link dev.prairie.text.tokenizer.Tokenizer} is what everyone else sees; behind it stand
 * those that Prairie learns and writes itself (byte-level BPE, scored BPE in the llama2.c form, single characters), and
 * {@link dev.prairie.text.tokenizer.Pipeline}, put together from parts for the vocabularies of others. A vocabulary is
 * learned with {@link dev.prairie.text.tokenizer.BpeTrainer} or
 * {@link dev.prairie.text.tokenizer.CharacterTokenizer#learn}.
 */
@org.jspecify.annotations.NullMarked
package dev.prairie.text.tokenizer;
