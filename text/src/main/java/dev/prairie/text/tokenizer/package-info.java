/**
 * Text to token ids and back. {@link dev.prairie.text.tokenizer.Tokenizer} is what everyone else sees; behind it stand
 * byte-level BPE (the GPT-2 form), scored BPE (the llama2.c form) and single characters. A vocabulary is learned with
 * {@link dev.prairie.text.tokenizer.BpeTrainer} or {@link dev.prairie.text.tokenizer.CharacterTokenizer#learn}.
 */
@org.jspecify.annotations.NullMarked
package dev.prairie.text.tokenizer;
