package dev.prairie.model.generate;

import java.util.Arrays;

/**
 * How likely a token was by the model's own distribution, before anything that sampling does to it, and what would have
 * been likelier.
 *
 * @param id          the token
 * @param logprob     its natural logarithm of probability; NaN where nothing came before it
 * @param top         the most likely ids, the most likely first; of equals the smaller id
 * @param topLogprobs theirs
 */
public record TokenScore(int id, float logprob, int[] top, float[] topLogprobs) {
    @Override
    public boolean equals(Object other) {
        return other instanceof TokenScore(int i, float l, int[] t, float[] p)
                && id == i
                && Float.compare(logprob, l) == 0
                && Arrays.equals(top, t)
                && Arrays.equals(topLogprobs, p);
    }

    @Override
    public int hashCode() {
        return 31 * id + Arrays.hashCode(top);
    }

    @Override
    public String toString() {
        return "TokenScore[" + id + ": " + logprob + "]";
    }
}
