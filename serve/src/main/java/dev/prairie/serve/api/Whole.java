package dev.prairie.serve.api;

import java.time.Duration;
import java.util.List;

/**
 * An answer of one choice when it has ended.
 *
 * @param blocks what it consists of
 * @param ended  why it ended
 * @param inside whether the end came within the last block, and not after it
 */
public record Whole(List<Block> blocks, Answer.Ended ended, boolean inside) {
    /**
     * Waits for it.
     *
     * @throws ApiException if it failed or the server is stopping
     */
    public static Whole of(Answer answer, Duration patience) {
        return of(answer, patience, () -> {});
    }

    /** The same; {@code more} is run whenever something was said. */
    public static Whole of(Answer answer, Duration patience, Runnable more) {
        Blocks blocks = new Blocks();
        while (true) {
            switch (answer.next(patience)) {
                case null -> {}
                case Answer.Begun begun -> {}
                case Answer.Scored scored -> {}
                case Answer.Said said -> {
                    more.run();
                    blocks.add(said.events());
                }
                case Answer.Ended ended -> {
                    boolean inside = !blocks.end().isEmpty();
                    return new Whole(blocks.all(), ended, inside);
                }
            }
        }
    }
}
