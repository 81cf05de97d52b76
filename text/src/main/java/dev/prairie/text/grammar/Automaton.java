package dev.prairie.text.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * A whole grammar as one table: the states of all rules, numbered through. A rule that may be empty is stepped over
 * where it is called, so that a rule, once called, takes at least a byte; and no rule calls itself before it takes one,
 * so that the calls at one place of a text have an order ({@link #rank}).
 */
final class Automaton {
    /** For each state first byte, last byte, target; and again. */
    final int[][] bytes;
    /** For each state rule, target; and again. */
    final int[][] calls;
    /** For each state index into {@link #names}, target; and again. */
    final int[][] tokens;
    /** Whether the rule that a state belongs to may end in it. */
    final boolean[] finals;
    /** Where each rule begins; the root is rule 0. */
    final int[] starts;
    /** A rule that another calls before it takes a byte has the higher rank. */
    final int[] rank;

    final List<Expr.Token> names;

    private Automaton(
            int[][] bytes,
            int[][] calls,
            int[][] tokens,
            boolean[] finals,
            int[] starts,
            int[] rank,
            List<Expr.Token> names) {
        this.bytes = bytes;
        this.calls = calls;
        this.tokens = tokens;
        this.finals = finals;
        this.starts = starts;
        this.rank = rank;
        this.names = names;
    }

    /**
     * The table of an expression.
     *
     * @throws GrammarException if it is too large, recurs to the left, or allows no text
     */
    static Automaton of(Expr root) {
        Budget budget = new Budget(Budget.MOST_STATES);
        Thompson made = Thompson.of(root, budget);
        int rules = made.rules.size();
        boolean[] nullable = new boolean[rules];
        boolean[] productive = new boolean[rules];
        fix(made, nullable, false);
        fix(made, productive, true);
        if (!productive[0]) {
            throw new GrammarException("the grammar allows no text at all: "
                    + "every way through it runs into a rule that never ends or a set without characters");
        }
        List<Fragment> fragments = new ArrayList<>();
        for (int i = 0; i < rules; i++) {
            fragments.add(Determinizer.fragment(made.nfas.get(i), made.ends.get(i), nullable, productive));
        }
        int[] rank = ranks(fragments, made.rules);
        return joined(fragments, rank);
    }

    /** Marks the rules whose end can be reached, with edges that take something or without, until none is added. */
    private static void fix(Thompson made, boolean[] marked, boolean taking) {
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int i = made.rules.size() - 1; i >= 0; i--) {
                if (!marked[i] && reaches(made.nfas.get(i), made.ends.get(i), marked, taking)) {
                    marked[i] = true;
                    changed = true;
                }
            }
        }
    }

    private static boolean reaches(Nfa nfa, int end, boolean[] marked, boolean taking) {
        BitSet seen = new BitSet(nfa.states());
        Ints open = new Ints();
        seen.set(0);
        open.add(0);
        while (open.size() > 0) {
            int state = open.removeLast();
            if (state == end) {
                return true;
            }
            Ints calls = nfa.calls.get(state);
            for (int k = 0; k < calls.size(); k += 2) {
                if (marked[calls.get(k)]) {
                    visit(calls.get(k + 1), seen, open);
                }
            }
            Ints empty = nfa.empty.get(state);
            for (int k = 0; k < empty.size(); k++) {
                visit(empty.get(k), seen, open);
            }
            if (taking) {
                Ints bytes = nfa.bytes.get(state);
                for (int k = 2; k < bytes.size(); k += 3) {
                    visit(bytes.get(k), seen, open);
                }
                Ints tokens = nfa.tokens.get(state);
                for (int k = 1; k < tokens.size(); k += 2) {
                    visit(tokens.get(k), seen, open);
                }
            }
        }
        return false;
    }

    private static void visit(int state, BitSet seen, Ints open) {
        if (!seen.get(state)) {
            seen.set(state);
            open.add(state);
        }
    }

    /** Orders rules by who calls whom before taking a byte; a circle there is a left recursion. */
    private static int[] ranks(List<Fragment> fragments, List<Rule> rules) {
        int count = rules.size();
        int[] callers = new int[count];
        for (Fragment fragment : fragments) {
            int[] calls = fragment.calls()[0];
            for (int k = 0; k < calls.length; k += 2) {
                callers[calls[k]]++;
            }
        }
        Ints order = new Ints();
        for (int i = 0; i < count; i++) {
            if (callers[i] == 0) {
                order.add(i);
            }
        }
        int[] rank = new int[count];
        for (int i = 0; i < order.size(); i++) {
            rank[order.get(i)] = i;
            int[] calls = fragments.get(order.get(i)).calls()[0];
            for (int k = 0; k < calls.length; k += 2) {
                if (--callers[calls[k]] == 0) {
                    order.add(calls[k]);
                }
            }
        }
        for (int i = 0; i < count; i++) {
            if (callers[i] > 0 && !rules.get(i).name().equals(Thompson.REPEATED)) {
                throw new GrammarException("rule '" + rules.get(i).name()
                        + "' is left-recursive: it calls itself before it takes a character; write it as a repetition,"
                        + " such as  list ::= item (\",\" item)*");
            }
        }
        if (order.size() < count) {
            throw new GrammarException("a repetition repeats itself before it takes a character");
        }
        return rank;
    }

    private static Automaton joined(List<Fragment> fragments, int[] rank) {
        int states = fragments.stream().mapToInt(Fragment::states).sum();
        int[][] bytes = new int[states][];
        int[][] calls = new int[states][];
        int[][] tokens = new int[states][];
        boolean[] finals = new boolean[states];
        int[] starts = new int[fragments.size()];
        List<Expr.Token> names = new ArrayList<>();
        int base = 0;
        for (int r = 0; r < starts.length; r++) {
            Fragment fragment = fragments.get(r);
            starts[r] = base;
            for (int s = 0; s < fragment.states(); s++) {
                bytes[base + s] = moved(fragment.bytes()[s], 3, base, 0);
                calls[base + s] = moved(fragment.calls()[s], 2, base, 0);
                tokens[base + s] = moved(fragment.tokens()[s], 2, base, names.size());
                finals[base + s] = fragment.finals()[s];
            }
            names.addAll(fragment.names());
            base += fragment.states();
        }
        return new Automaton(bytes, calls, tokens, finals, starts, rank, List.copyOf(names));
    }

    private static int[] moved(int[] edges, int width, int base, int firstName) {
        int[] moved = edges.clone();
        for (int i = 0; i < edges.length; i += width) {
            moved[i + width - 1] += base;
            if (width == 2) {
                moved[i] += firstName;
            }
        }
        return moved;
    }

    int states() {
        return finals.length;
    }

    /** Whether nothing can follow in the rule that a state belongs to. */
    boolean isLast(int state) {
        return bytes[state].length == 0 && calls[state].length == 0 && tokens[state].length == 0;
    }

    /** For each byte the class it belongs to: bytes of one class lead to the same places everywhere. */
    byte[] byteClasses() {
        BitSet borders = new BitSet(257);
        Arrays.stream(bytes).forEach(edges -> {
            for (int i = 0; i < edges.length; i += 3) {
                borders.set(edges[i]);
                borders.set(edges[i + 1] + 1);
            }
        });
        byte[] classes = new byte[256];
        int current = 0;
        for (int b = 1; b < 256; b++) {
            current += borders.get(b) ? 1 : 0;
            classes[b] = (byte) current;
        }
        return classes;
    }
}
