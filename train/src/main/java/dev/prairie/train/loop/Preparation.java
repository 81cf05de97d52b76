package dev.prairie.train.loop;

import dev.prairie.text.batch.EncodedCorpus;
import dev.prairie.text.corpus.Corpus;
import dev.prairie.text.corpus.CorpusReader;
import dev.prairie.text.corpus.CorpusReport;
import dev.prairie.text.corpus.Document;
import dev.prairie.text.corpus.Split;
import dev.prairie.text.tokenizer.BpeTrainer;
import dev.prairie.text.tokenizer.CharacterTokenizer;
import dev.prairie.text.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** From a corpus to what training reads: a tokenizer that fits it, and its tokens on disk. */
final class Preparation {
    /** Separates documents. */
    static final String END = "<|endoftext|>";

    /** A vocabulary is learned from so many characters at most; more changes little. */
    private static final long ENOUGH = 32_000_000;

    private Preparation() {}

    /** Writes tokenizer and tokens into the run's folder. */
    static Tokenizer prepare(Path path, Recipe recipe, RunFolder run, TrainingListener listener) {
        Corpus corpus = Corpus.open(path, recipe.corpus());
        var split = new Split(recipe.validation());
        listener.stage("learning the vocabulary");
        Tokenizer tokenizer = switch (recipe.tokenizer()) {
            case BPE -> bpe(corpus, split, recipe);
            case CHARACTERS -> characters(corpus, recipe);
        };
        tokenizer.save(run.tokenizer());
        listener.stage("encoding the corpus");
        CorpusReport report =
                EncodedCorpus.write(corpus, tokenizer, split, run.tokens()).report();
        listener.note(String.format(
                Locale.ROOT,
                "corpus: %,d documents, %,d characters%s, vocabulary of %,d tokens%s",
                report.documents(),
                report.characters(),
                report.complete() ? "" : " (cut at maxCharacters)",
                tokenizer.vocabularySize(),
                report.skipped() == 0
                        ? ""
                        : "; " + report.skipped() + " files left out, the first: "
                                + report.reasons().getFirst()));
        return tokenizer;
    }

    /** From training text alone, so that validation measures text that nothing has seen. */
    private static Tokenizer bpe(Corpus corpus, Split split, Recipe recipe) {
        var trainer = new BpeTrainer(recipe.vocabulary(), List.of(END));
        long[] seen = {0};
        try (CorpusReader reader = corpus.reader()) {
            split.deal(
                    reader,
                    document -> {
                        if (seen[0] < ENOUGH) trainer.add(document.text());
                        seen[0] += document.text().length();
                    },
                    held -> {});
        }
        return trainer.train();
    }

    /** From all text: a character that occurs in validation alone must have an id too. */
    private static Tokenizer characters(Corpus corpus, Recipe recipe) {
        List<String> specials = switch (recipe.loader()) {
            case PACKED -> List.of(END);
            case RANDOM -> List.of();
        };
        try (Stream<Document> documents = corpus.documents()) {
            return CharacterTokenizer.learn(documents.map(Document::text).toList(), specials);
        }
    }
}
