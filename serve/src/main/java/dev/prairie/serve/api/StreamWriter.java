package dev.prairie.serve.api;

import java.io.IOException;
import java.time.Duration;

/** Tells an answer of one choice as it comes, in a dialect's own form. */
public interface StreamWriter {
    /** Begins the stream. From here on an error can only be told as part of it. */
    @FunctionalInterface
    interface Opening {
        StreamWriter open() throws IOException;
    }

    /** More was said. */
    void said(Answer.Said said) throws IOException;

    /** Nothing has happened for a while: whoever listens should know that we are here. */
    void quiet() throws IOException;

    /** The answer is complete; the last thing to send. */
    void ended(Answer.Ended ended) throws IOException;

    /** It will not be completed; the last thing to send. */
    void failed(ApiException error) throws IOException;

    /**
     * Tells all of it.
     *
     * @throws ApiException if it fails before anything was sent
     */
    static void tell(Answer answer, Duration patience, Opening opening) throws IOException {
        Answer.Part part = answer.next(patience);
        while (part instanceof Answer.Begun) {
            part = answer.next(patience); // nothing to tell yet, and an error still has its own status
        }
        StreamWriter out = opening.open();
        while (true) {
            switch (part) {
                case null -> out.quiet();
                case Answer.Begun begun -> {}
                case Answer.Scored scored -> {}
                case Answer.Said said -> out.said(said);
                case Answer.Ended ended -> {
                    out.ended(ended);
                    return;
                }
            }
            try {
                part = answer.next(patience);
            } catch (ApiException e) {
                out.failed(e);
                return;
            }
        }
    }
}
