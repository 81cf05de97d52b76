package dev.prairie.serve.engine;

import java.util.Arrays;
import java.util.List;

/**
 * Guesses that a sequence goes on as it did when it last said the same few tokens: good for answers that quote their prompt,
 * and free (Saxena 2023, "prompt lookup decoding").
 */
final class NgramDrafter implements Drafter {
    private static final int LONGEST = 4;
    private static final int SHORTEST = 2;

    /** How far back it looks: a bound on what a guess may cost. */
    private static final int REACH = 8_192;

    @Override
    public int[][] draft(List<Sequence> sequences, int[] most) {
        int[][] drafts = new int[most.length][];
        for (int i = 0; i < most.length; i++) {
            drafts[i] = draft(sequences.get(i), most[i]);
        }
        return drafts;
    }

    private static int[] draft(Sequence sequence, int most) {
        int length = sequence.length();
        int[] tokens = sequence.tokens();
        for (int n = LONGEST; n >= SHORTEST && most > 0; n--) {
            int first = Math.max(0, length - REACH);
            for (int at = length - n - 1; at >= first; at--) {
                if (Arrays.equals(tokens, at, at + n, tokens, length - n, length)) {
                    int from = at + n;
                    return Arrays.copyOfRange(tokens, from, Math.min(length, from + most));
                }
            }
        }
        return new int[0];
    }
}
