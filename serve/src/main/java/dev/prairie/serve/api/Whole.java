package dev.prairie.serve.api;

import java.time.Duration;
import java.util.List;

/**
 * An answer of one choice when it has ended.
 *
 * @param blocks what it consists of
 * @param ended  why it ended
 */
public record Whole(List<Block> blocks, Answer.Ended ended) {
    /**
     * Waits for it.
     *
     * @throws ApiException if it failed or the server is stopping
     */
    public static Whole of(Answer answer, Duration patience) {
        Blocks blocks = new Blocks();
        while (true) {
            switch (answer.next(patience)) {
                case null -> {}
                case Answer.Begun begun -> {}
                case Answer.Scored scored -> {}
                case Answer.Said said -> blocks.add(said.events());
                case Answer.Ended ended -> {
                    blocks.end();
                    return new Whole(blocks.all(), ended);
                }
            }
        }
    }
}
