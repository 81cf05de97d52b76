package dev.prairie.text.grammar;

import dev.prairie.text.pattern.CharSet;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Text in which some words do not occur: the automaton that finds all words at once, less the states in which it has
 * found one.
 *
 * @see <a href="https://doi.org/10.1145/360825.360855">Aho and Corasick, Efficient string matching (1975)</a>
 */
final class FreeText {
    private final List<TreeMap<Integer, Integer>> next = new ArrayList<>();
    private final BitSet found = new BitSet();

    private FreeText() {
        next.add(new TreeMap<>());
    }

    static Expr without(List<String> words) {
        FreeText text = new FreeText();
        for (String word : words) {
            if (word.isEmpty()) {
                throw new GrammarException("an empty trigger occurs in every text; name its characters");
            }
            text.add(word);
        }
        text.complete();
        return text.graph();
    }

    private void add(String word) {
        int state = 0;
        for (int c : word.codePoints().toArray()) {
            Integer child = next.get(state).get(c);
            if (child == null) {
                child = next.size();
                next.add(new TreeMap<>());
                next.get(state).put(c, child);
            }
            state = child;
        }
        found.set(state);
    }

    /** Gives every state the edges of the longest other beginning of a word that it ends with. */
    private void complete() {
        int[] fallback = new int[next.size()];
        ArrayDeque<Integer> open = new ArrayDeque<>(next.getFirst().values());
        while (!open.isEmpty()) {
            int state = open.remove();
            Map<Integer, Integer> shorter = next.get(fallback[state]);
            if (found.get(fallback[state])) {
                found.set(state);
            }
            for (Map.Entry<Integer, Integer> edge : next.get(state).entrySet()) {
                fallback[edge.getValue()] = shorter.getOrDefault(edge.getKey(), 0);
                open.add(edge.getValue());
            }
            shorter.forEach((c, target) -> next.get(state).putIfAbsent(c, target));
        }
    }

    private Expr graph() {
        List<Expr.Edge> edges = new ArrayList<>();
        BitSet finals = new BitSet();
        for (int state = 0; state < next.size(); state++) {
            if (found.get(state)) {
                continue;
            }
            finals.set(state);
            Map<Integer, List<CharSet>> byTarget = new HashMap<>();
            List<CharSet> named = new ArrayList<>();
            for (Map.Entry<Integer, Integer> edge : next.get(state).entrySet()) {
                CharSet one = CharSet.range(edge.getKey(), edge.getKey());
                named.add(one);
                byTarget.computeIfAbsent(edge.getValue(), added -> new ArrayList<>())
                        .add(one);
            }
            byTarget.computeIfAbsent(0, added -> new ArrayList<>())
                    .add(CharSet.union(named).not());
            for (Map.Entry<Integer, List<CharSet>> edge : byTarget.entrySet()) {
                if (!found.get(edge.getKey())) {
                    edges.add(new Expr.Edge(state, new Expr.Chars(CharSet.union(edge.getValue())), edge.getKey()));
                }
            }
        }
        return new Expr.Graph(next.size(), edges, finals);
    }
}
