package dev.prairie.app;

import dev.prairie.serve.engine.EngineConfig;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a server shares a model among those who ask. */
final class EngineOptions {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})([MG])B?");

    /** Tokens that are guessed ahead if only a model that guesses is named. */
    private static final int DRAFTS = 4;

    @Option(names = "--streams", paramLabel = "N", description = "Answers that are written at once. Default: 32.")
    private int streams = EngineConfig.DEFAULT.sequences();

    @Option(
            names = "--kv-memory",
            paramLabel = "SIZE",
            description =
                    "For the keys and values of all answers of a model together, such as 512M or 4G. Default: 2G.")
    private String memory = "2G";

    @Option(
            names = "--queue",
            paramLabel = "N",
            description = "Answers that may wait for their turn; more are told to come again (429). Default:"
                    + " as many as --streams.")
    private int queue;

    @Option(
            names = "--no-prefix-cache",
            description = "Compute every prompt anew, though another with the same key began alike.")
    private boolean noPrefixCache;

    @Option(
            names = "--drafts",
            paramLabel = "N",
            description = "Guess N tokens ahead and check them in one step, which changes no answer: by what was said"
                    + " before, or by --draft-model. Default: 0, or 4 with --draft-model.")
    private int drafts = -1;

    @Option(
            names = "--draft-model",
            paramLabel = "PATH",
            description = "A smaller model with the same tokens that guesses for the first --model.")
    @Nullable
    private Path draftModel;

    EngineConfig config() {
        if (streams < 1) throw new UserException("--streams is " + streams + "; give at least 1");
        if (queue < 0) throw new UserException("--queue is " + queue + "; give at least 1");
        if (drafts < -1 || drafts > 64) throw new UserException("--drafts is " + drafts + "; give 0 to 64");
        int guesses = drafts >= 0 ? drafts : draftModel == null ? 0 : DRAFTS;
        return EngineConfig.DEFAULT
                .withSequences(streams)
                .withCacheBytes(bytes(memory))
                .withQueue(queue == 0 ? streams : queue, EngineConfig.DEFAULT.queueTokens())
                .withPrefixCache(!noPrefixCache)
                .withDrafts(guesses);
    }

    /** The model that guesses; null if none does. */
    @Nullable
    Path draftModel() {
        return draftModel;
    }

    static long bytes(String size) {
        Matcher given = SIZE.matcher(size);
        if (!given.matches() || given.group(1).matches("0+"))
            throw new UserException("--kv-memory is " + size + "; give a size such as 512M or 4G");
        return Long.parseLong(given.group(1)) << (given.group(2).equals("M") ? 20 : 30);
    }
}
