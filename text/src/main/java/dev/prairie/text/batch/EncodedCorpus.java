package dev.prairie.text.batch;

import dev.prairie.text.corpus.Corpus;
import dev.prairie.text.corpus.CorpusException;
import dev.prairie.text.corpus.CorpusReader;
import dev.prairie.text.corpus.CorpusReport;
import dev.prairie.text.corpus.Document;
import dev.prairie.text.corpus.Split;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * A corpus as token files: one for training, one for validation.
 *
 * @param train token file of the training text
 * @param validation token file of the validation text
 * @param report what was read
 */
public record EncodedCorpus(Path train, Path validation, CorpusReport report) {
    /** Name of the training file in its folder. */
    public static final String TRAIN = "train.tokens";

    /** Name of the validation file in its folder. */
    public static final String VALIDATION = "validation.tokens";

    /**
     * Encodes a corpus into {@code folder}.
     *
     * @throws CorpusException if the corpus cannot be read or holds no text
     */
    public static EncodedCorpus write(Corpus corpus, Tokenizer tokenizer, Split split, Path folder) {
        Path train = folder.resolve(TRAIN);
        Path validation = folder.resolve(VALIDATION);
        try (CorpusReader reader = corpus.reader();
                ShardWriter training = new ShardWriter(train, tokenizer);
                ShardWriter held = new ShardWriter(validation, tokenizer)) {
            split.deal(reader, document -> add(training, document), document -> add(held, document));
            training.finish();
            held.finish();
            return new EncodedCorpus(train, validation, reader.report());
        } catch (IOException failure) {
            throw new UncheckedIOException(folder + ": the encoded corpus could not be written", failure);
        }
    }

    private static void add(ShardWriter writer, Document document) {
        try {
            writer.add(document.text());
        } catch (IOException failure) {
            throw new UncheckedIOException(document.source() + ": could not be written encoded", failure);
        } catch (IllegalArgumentException unknown) {
            throw new CorpusException(document.source(), String.valueOf(unknown.getMessage()), unknown);
        }
    }
}
