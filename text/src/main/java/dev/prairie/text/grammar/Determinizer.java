package dev.prairie.text.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * From {@link Nfa} to {@link Fragment}: the construction of subsets, calls and tokens being letters like bytes. Where
 * the subsets grow out of proportion (a choice that is only decided many characters later), the states stay single and
 * only the edges that take nothing go; {@link Configurations} then holds the subsets, as far as texts visit them.
 */
final class Determinizer {
    private final Nfa nfa;
    private final int end;
    private final boolean[] nullable;
    private final boolean[] productive;
    private final int[] mark;
    private int round;

    private final Map<Subset, Integer> places = new HashMap<>();
    private final List<int[]> subsets = new ArrayList<>();
    private long held;

    private record Subset(int[] states) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Subset subset && Arrays.equals(states, subset.states);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(states);
        }
    }

    private Determinizer(Nfa nfa, int end, boolean[] nullable, boolean[] productive) {
        this.nfa = nfa;
        this.end = end;
        this.nullable = nullable;
        this.productive = productive;
        mark = new int[nfa.states()];
    }

    /** The rule that begins at state 0 and ends at {@code end}; what is known of other rules is said by index. */
    static Fragment fragment(Nfa nfa, int end, boolean[] nullable, boolean[] productive) {
        Determinizer single = new Determinizer(nfa, end, nullable, productive);
        return single.subsets().orElseGet(single::states).trimmed();
    }

    private java.util.Optional<Fragment> subsets() {
        int most = 4 * nfa.states() + 2_000;
        place(new int[] {0});
        List<int[]> bytes = new ArrayList<>();
        List<int[]> calls = new ArrayList<>();
        List<int[]> tokens = new ArrayList<>();
        for (int s = 0; s < subsets.size(); s++) {
            if (s > most || held > 64L * most) {
                return java.util.Optional.empty();
            }
            bytes.add(byteEdges(subsets.get(s)));
            calls.add(namedEdges(subsets.get(s), nfa.calls, true));
            tokens.add(namedEdges(subsets.get(s), nfa.tokens, false));
        }
        boolean[] finals = new boolean[subsets.size()];
        for (int s = 0; s < finals.length; s++) {
            finals[s] = Arrays.binarySearch(subsets.get(s), end) >= 0;
        }
        return java.util.Optional.of(fragment(bytes, calls, tokens, finals));
    }

    private Fragment states() {
        List<int[]> bytes = new ArrayList<>();
        List<int[]> calls = new ArrayList<>();
        List<int[]> tokens = new ArrayList<>();
        boolean[] finals = new boolean[nfa.states()];
        for (int s = 0; s < nfa.states(); s++) {
            Ints b = new Ints();
            Ints c = new Ints();
            Ints t = new Ints();
            for (int state : closure(new int[] {s})) {
                finals[s] |= state == end;
                for (int value : nfa.bytes.get(state).toArray()) {
                    b.add(value);
                }
                int[] edges = nfa.calls.get(state).toArray();
                for (int i = 0; i < edges.length; i += 2) {
                    if (productive[edges[i]]) {
                        c.add(edges[i], edges[i + 1]);
                    }
                }
                for (int value : nfa.tokens.get(state).toArray()) {
                    t.add(value);
                }
            }
            bytes.add(b.toArray());
            calls.add(c.toArray());
            tokens.add(t.toArray());
        }
        return fragment(bytes, calls, tokens, finals);
    }

    private Fragment fragment(List<int[]> bytes, List<int[]> calls, List<int[]> tokens, boolean[] finals) {
        return new Fragment(
                bytes.toArray(int[][]::new),
                calls.toArray(int[][]::new),
                tokens.toArray(int[][]::new),
                finals,
                List.copyOf(nfa.names));
    }

    private int place(int[] seeds) {
        int[] closed = closure(seeds);
        return places.computeIfAbsent(new Subset(closed), subset -> {
            held += closed.length;
            subsets.add(closed);
            return subsets.size() - 1;
        });
    }

    /** All states that are reached by taking nothing, ascending. */
    private int[] closure(int[] seeds) {
        round++;
        Ints found = new Ints();
        for (int seed : seeds) {
            reach(seed, found);
        }
        for (int i = 0; i < found.size(); i++) {
            int state = found.get(i);
            Ints empty = nfa.empty.get(state);
            for (int k = 0; k < empty.size(); k++) {
                reach(empty.get(k), found);
            }
            Ints calls = nfa.calls.get(state);
            for (int k = 0; k < calls.size(); k += 2) {
                if (nullable[calls.get(k)]) {
                    reach(calls.get(k + 1), found);
                }
            }
        }
        int[] closed = found.toArray();
        Arrays.sort(closed);
        return closed;
    }

    private void reach(int state, Ints found) {
        if (mark[state] != round) {
            mark[state] = round;
            found.add(state);
        }
    }

    private int[] byteEdges(int[] states) {
        BitSet borders = new BitSet(257);
        Ints edges = new Ints();
        for (int state : states) {
            Ints own = nfa.bytes.get(state);
            for (int i = 0; i < own.size(); i += 3) {
                borders.set(own.get(i));
                borders.set(own.get(i + 1) + 1);
                edges.add(own.get(i), own.get(i + 1), own.get(i + 2));
            }
        }
        Ints result = new Ints();
        int[] targets = new int[edges.size() / 3];
        for (int first = borders.nextSetBit(0); first >= 0 && first < 256; ) {
            int next = borders.nextSetBit(first + 1);
            int count = 0;
            for (int i = 0; i < edges.size(); i += 3) {
                if (edges.get(i) <= first && first <= edges.get(i + 1)) {
                    targets[count++] = edges.get(i + 2);
                }
            }
            if (count > 0) {
                append(result, first, next - 1, place(Arrays.copyOf(targets, count)));
            }
            first = next;
        }
        return result.toArray();
    }

    /** Adds an edge, or widens the one before if both lead to one place. */
    private static void append(Ints edges, int first, int last, int target) {
        int size = edges.size();
        if (size > 0 && edges.get(size - 2) == first - 1 && edges.get(size - 1) == target) {
            int begin = edges.get(size - 3);
            edges.removeLast();
            edges.removeLast();
            edges.removeLast();
            edges.add(begin, last, target);
        } else {
            edges.add(first, last, target);
        }
    }

    private int[] namedEdges(int[] states, List<Ints> all, boolean calls) {
        Map<Integer, Ints> byName = new java.util.TreeMap<>();
        for (int state : states) {
            Ints own = all.get(state);
            for (int i = 0; i < own.size(); i += 2) {
                if (!calls || productive[own.get(i)]) {
                    byName.computeIfAbsent(own.get(i), name -> new Ints()).add(own.get(i + 1));
                }
            }
        }
        Ints result = new Ints();
        byName.forEach((name, targets) -> result.add(name, place(targets.toArray())));
        return result.toArray();
    }
}
