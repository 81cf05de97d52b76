package dev.prairie.serve.api;

import java.io.IOException;
import java.time.Duration;

/** Tells an answer of one choice as it comes, in a dialect's own form. */
public interface StreamWriter {
    /** The first thing to send. From here on an error can only be told as part of the stream. */
    void open() throws IOException;

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
    default void tell(Answer answer, Duration patience) throws IOException {
        Answer.Part part = answer.next(patience);
        while (part instanceof Answer.Begun) {
            part = answer.next(patience); // nothing to tell yet, and an error still has its own status
        }
        open();
        while (true) {
            switch (part) {
                case null -> quiet();
                case Answer.Begun begun -> {}
                case Answer.Scored scored -> {}
                case Answer.Said said -> said(said);
                case Answer.Ended ended -> {
                    ended(ended);
                    return;
                }
            }
            try {
                part = answer.next(patience);
            } catch (ApiException e) {
                failed(e);
                return;
            }
        }
    }
}
