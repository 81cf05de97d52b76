package dev.prairie.text.grammar;

import java.util.Arrays;
import java.util.List;

/**
 * One rule without edges that take nothing. State 0 begins. Mostly no byte and no call leads to two places; where that
 * would take too many states, some do.
 *
 * @param bytes for each state first byte, last byte, target; and again
 * @param calls for each state rule, target; and again
 * @param tokens for each state index into {@code names}, target; and again
 * @param finals whether the rule may end here
 */
record Fragment(int[][] bytes, int[][] calls, int[][] tokens, boolean[] finals, List<Expr.Token> names) {

    int states() {
        return finals.length;
    }

    /** Whether a rule holds nothing but bytes. */
    boolean isRegular() {
        return Arrays.stream(calls).allMatch(edges -> edges.length == 0)
                && Arrays.stream(tokens).allMatch(edges -> edges.length == 0);
    }

    /** Leaves out the states that no end can be reached from, and those that cannot be reached. */
    Fragment trimmed() {
        boolean[] alive = finals.clone();
        // Backwards over and over: edges mostly lead forward, so that a few passes do.
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int s = states() - 1; s >= 0; s--) {
                if (!alive[s]
                        && (leads(bytes[s], 3, alive) || leads(calls[s], 2, alive) || leads(tokens[s], 2, alive))) {
                    alive[s] = true;
                    changed = true;
                }
            }
        }
        int[] place = new int[states()];
        Arrays.fill(place, -1);
        Ints order = new Ints();
        place[0] = 0;
        order.add(0); // the beginning stays, alive or not
        for (int i = 0; i < order.size(); i++) {
            int s = order.get(i);
            visit(bytes[s], 3, alive, place, order);
            visit(calls[s], 2, alive, place, order);
            visit(tokens[s], 2, alive, place, order);
        }
        int count = order.size();
        int[][] newBytes = new int[count][];
        int[][] newCalls = new int[count][];
        int[][] newTokens = new int[count][];
        boolean[] newFinals = new boolean[count];
        for (int i = 0; i < count; i++) {
            int s = order.get(i);
            newBytes[i] = moved(bytes[s], 3, place);
            newCalls[i] = moved(calls[s], 2, place);
            newTokens[i] = moved(tokens[s], 2, place);
            newFinals[i] = finals[s];
        }
        return new Fragment(newBytes, newCalls, newTokens, newFinals, names);
    }

    private static boolean leads(int[] edges, int width, boolean[] alive) {
        for (int i = width - 1; i < edges.length; i += width) {
            if (alive[edges[i]]) {
                return true;
            }
        }
        return false;
    }

    private static void visit(int[] edges, int width, boolean[] alive, int[] place, Ints order) {
        for (int i = width - 1; i < edges.length; i += width) {
            int target = edges[i];
            if (alive[target] && place[target] < 0) {
                place[target] = order.size();
                order.add(target);
            }
        }
    }

    private static int[] moved(int[] edges, int width, int[] place) {
        Ints kept = new Ints();
        for (int i = 0; i < edges.length; i += width) {
            int target = place[edges[i + width - 1]];
            if (target >= 0) {
                for (int k = 0; k < width - 1; k++) {
                    kept.add(edges[i + k]);
                }
                kept.add(target);
            }
        }
        return kept.toArray();
    }
}
