package dev.prairie.text.tokenizer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.OptionalInt;

/**
 * Text to token ids and back.
 *
 * <p>Two pairs of methods, because text comes from two kinds of people. {@link #encode} and {@link #decode} are for
 * ordinary text: special tokens are neither found in it (a user who types {@code <|endoftext|>} gets thirteen
 * characters, not the end of the document) nor shown. {@link #encodeWithSpecials} and {@link #decodeWithSpecials} are
 * for text that the program itself made, such as a rendered chat template.
 *
 * <p>Neither adds a beginning or end token. {@link #frame} puts around a whole prompt what the vocabulary's maker puts
 * there; {@link #bos} and {@link #eos} are for those who join documents.
 *
 * <p>Implementations are immutable and may be shared by threads.
 */
public sealed interface Tokenizer permits ByteLevelBpe, CharacterTokenizer, Pipeline, ScoredBpe {

    /** Number of ids: every id lies in {@code 0 .. vocabularySize() - 1}. */
    int vocabularySize();

    /** Ids of ordinary text. Text that spells a special token becomes ordinary tokens. */
    int[] encode(String text);

    /** Ids of trusted text: special tokens spelled in it become their ids, the longest at each place. */
    int[] encodeWithSpecials(String text);

    /**
     * The bytes of one token, special tokens spelled out. A token may hold part of a UTF-8 character: join bytes before
     * decoding them, or use {@link #stream}.
     *
     * @throws IllegalArgumentException if {@code id} is outside the vocabulary
     */
    byte[] bytes(int id);

    /** How the vocabulary spells a token: {@code Ġword}, {@code ▁word}, {@code ##ing}. */
    String spelling(int id);

    /**
     * The ids of a whole prompt: those of its text with the special tokens around them that the vocabulary's maker adds
     * by default, such as {@code <s>} in front or {@code [CLS]} and {@code [SEP]} on both sides; often none.
     */
    int[] frame(int[] ids);

    /**
     * The tokens of a text, as {@link #encodeWithSpecials} makes them if it is {@code trusted} and {@link #encode} if not, and
     * which characters each of them stands for, white space included.
     */
    Encoding encoding(String text, boolean trusted);

    /** As {@link #frame(int[])}; the tokens that are added stand for nothing in the text. */
    Encoding frame(Encoding text);

    /** The special and added tokens of this vocabulary. */
    SpecialTokens specials();

    /** This tokenizer as the text of a Hugging Face {@code tokenizer.json}; equal tokenizers give equal text. */
    String json();

    /** Whether a space that begins the text, or follows a special token, is an artefact of encoding, left out again by decoding. */
    default boolean dropsFirstSpace() {
        return false;
    }

    /** The token that begins a sequence, if the vocabulary has one. */
    default OptionalInt bos() {
        return specials().bos();
    }

    /** The token that ends a sequence, if the vocabulary has one. */
    default OptionalInt eos() {
        return specials().eos();
    }

    /** Whether {@link #frame} begins with the token that begins a sequence. */
    default boolean addsBos() {
        int[] around = frame(new int[0]);
        return around.length > 0 && bos().equals(OptionalInt.of(around[0]));
    }

    /** The id of a special or added token by its text. */
    default OptionalInt id(String specialToken) {
        return specials().id(specialToken);
    }

    /** The text of a whole sequence, special tokens left out; incomplete UTF-8 becomes U+FFFD. */
    default String decode(int... ids) {
        StreamDecoder decoder = stream();
        return decoder.append(ids) + decoder.flush();
    }

    /** The text of a whole sequence, special tokens spelled out: the inverse of {@link #encodeWithSpecials}. */
    default String decodeWithSpecials(int... ids) {
        StreamDecoder decoder = new StreamDecoder(this, true);
        return decoder.append(ids) + decoder.flush();
    }

    /** A decoder for a sequence that arrives token by token; special tokens are left out. */
    default StreamDecoder stream() {
        return new StreamDecoder(this, false);
    }

    /** A decoder for what follows {@code prompt}: the spaces of the text are those it has as a continuation. */
    default StreamDecoder streamAfter(int... prompt) {
        StreamDecoder decoder = stream();
        if (prompt.length > 0) {
            decoder.follow(prompt[prompt.length - 1]);
        }
        return decoder;
    }

    /** SHA-256 of {@link #json()} in hexadecimal: names the vocabulary that made a token file. */
    default String fingerprint() {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(json().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java platform has SHA-256", missing);
        }
    }

    /**
     * Writes {@link #json()} to {@code file}. If that is called {@code tokenizer.json}, a {@code tokenizer_config.json}
     * beside it gets to name the beginning and end tokens, as Hugging Face libraries expect; what else stands there
     * stays. Each file appears whole or not at all.
     */
    default void save(Path file) {
        try {
            TokenizerFiles.save(this, file);
        } catch (IOException failure) {
            throw new UncheckedIOException(file + ": the tokenizer could not be written", failure);
        }
    }

    /**
     * The tokenizer that the tables of a model file describe.
     *
     * @throws TokenizerException if they contradict each other, or describe a kind that is not supported
     */
    static Tokenizer of(VocabularyTables tables) {
        return TablesReader.read(tables);
    }

    /**
     * Opens a tokenizer by the content of the file: a Hugging Face {@code tokenizer.json} or a llama2.c
     * {@code tokenizer.bin}. A folder stands for the {@code tokenizer.json} (or else {@code tokenizer.bin}) in it.
     *
     * @throws TokenizerException if the file is missing, damaged, or of a kind that is not supported
     */
    static Tokenizer load(Path file) {
        return TokenizerFiles.load(file);
    }
}
