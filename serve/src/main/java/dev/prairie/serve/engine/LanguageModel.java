package dev.prairie.serve.engine;

import dev.prairie.text.grammar.Grammar;
import dev.prairie.text.grammar.TokenMasks;
import java.util.List;
import java.util.function.Supplier;

/**
 * What the engine asks of a model: text to ids and back, and a runner that computes logits. Everything that serving does goes through
 * these few methods, so a test can stand in for a device that fails.
 *
 * <p>All of it may be called from many threads at once; what {@link #open} gives is used by the engine's thread alone.
 */
public interface LanguageModel {
    /** The name that clients write in the {@code model} field. */
    String id();

    /** How many tokens fit, prompt and answer together. */
    int contextLength();

    /** V: ids are 0 … V − 1. */
    int vocabularySize();

    /** The names of the adapters that a request may ask for. */
    default List<String> adapters() {
        return List.of();
    }

    /** The prompt that {@code text} makes, a beginning token included where the model wants one. */
    int[] encode(String text);

    /** The prompt that a chat template wrote: special tokens spelled in it become tokens, and nothing is added. */
    default int[] encodeTemplated(String prompt) {
        return encode(prompt);
    }

    /** The bytes of one token, special tokens spelled out; they may be part of a character. */
    byte[] bytes(int id);

    /** The text of {@code ids}, special tokens left out. */
    String decode(int... ids);

    /** True if {@code id} ends an answer. It is not shown. */
    boolean endsText(int id);

    /**
     * A grammar joined with the vocabulary: what {@link Request#masks} takes. The last few are kept.
     *
     * @param key     a text that no other grammar has, such as its source and the name of its language
     * @param grammar made only if it is not kept
     * @throws dev.prairie.text.grammar.GrammarException if the grammar is not one, or asks for too much
     */
    TokenMasks masks(String key, Supplier<Grammar> grammar);

    /** Whether a space that begins what follows {@code prompt} is left out of the text. */
    default boolean dropsSpaceAfter(int... prompt) {
        return false;
    }

    /** A decoder for what follows {@code prompt}: fed one id at a time, it never gives half a character. */
    TextStream textStream(int... prompt);

    /** As {@link #textStream}, special tokens spelled out: for those who read a reply's markers. */
    default TextStream markedStream(int... prompt) {
        return textStream(prompt);
    }

    /**
     * Memory for the sequences of an engine, and what computes them. The caller closes it.
     *
     * @throws IllegalArgumentException if the model cannot be run in this way
     */
    ModelRunner open(EngineConfig config);

    /** Ids in, whole characters out. */
    interface TextStream {
        /** The text that became complete with {@code id}; empty while a character is still in parts. */
        String add(int id);

        /** What is left when no id follows. */
        String end();
    }
}
