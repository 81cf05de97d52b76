package dev.prairie.text.tokenizer;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The tables from which a model file describes its tokenizer, as the GGUF format names them. A plain carrier: what they
 * hold is checked by {@link Tokenizer#of}.
 *
 * @param name the model's name, which some tokens' flags follow from; may be empty
 * @param model the kind: {@code gpt2} (byte-level BPE), {@code llama} (SentencePiece BPE), {@code t5} (unigram),
 *     {@code bert} (WordPiece), {@code gemma4}
 * @param pre the family whose way of cutting text a {@code gpt2} vocabulary needs; empty for the default
 * @param tokens the pieces by id
 * @param scores the score of each piece; empty if the file has none
 * @param types the type of each piece, one of the numbers of {@link Type}; empty if the file has none
 * @param merges pairs of pieces with a space between, best first; empty for kinds without
 * @param ends the ids of special tokens
 * @param options what the file says of adding and normalizing
 * @param charsmap SentencePiece's compiled character map; empty if the file has none
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the GGUF specification</a>
 */
@SuppressWarnings("ArrayRecordComponent") // large, handed over once, never compared
public record VocabularyTables(
        String name,
        String model,
        String pre,
        List<String> tokens,
        float[] scores,
        int[] types,
        List<String> merges,
        Ends ends,
        Options options,
        byte[] charsmap) {

    /** The types of pieces, by their numbers in the file. */
    public enum Type {
        /** 0: nothing is said. */
        UNDEFINED,
        /** 1: an ordinary piece. */
        NORMAL,
        /** 2: stands for what the vocabulary lacks. */
        UNKNOWN,
        /** 3: steers the model; ordinary text never becomes it. */
        CONTROL,
        /** 4: found in any text before all else. */
        USER_DEFINED,
        /** 5: has a place and no use. */
        UNUSED,
        /** 6: one byte, spelled {@code <0x0A>}. */
        BYTE
    }

    /** The ids of the special tokens that the file names; absent ones have the defaults of their kind. */
    public record Ends(
            OptionalInt bos,
            OptionalInt eos,
            OptionalInt unknown,
            OptionalInt separator,
            OptionalInt padding,
            OptionalInt mask) {
        /** No token is named. */
        public static final Ends NONE = new Ends(
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    /** What the file says; absent answers have the defaults of their kind. */
    public record Options(
            Optional<Boolean> addBos,
            Optional<Boolean> addEos,
            Optional<Boolean> addSpacePrefix,
            Optional<Boolean> removeExtraWhitespaces,
            Optional<Boolean> lowercase,
            Optional<Boolean> stripAccents) {
        /** Nothing is said. */
        public static final Options NONE = new Options(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /**
     * The tables of a tokenizer that came from elsewhere, for a model with {@code size} tokens; those beyond the
     * tokenizer's are unused.
     *
     * @throws TokenizerException where tables cannot say what this tokenizer does
     */
    public static VocabularyTables of(Tokenizer tokenizer, int size) {
        return TablesWriter.write(tokenizer, size);
    }

    /** Keeps its own lists. */
    public VocabularyTables {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
    }
}
