package dev.prairie.text.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** From {@link Expr} to one {@link Nfa} for each rule that is called, the root being rule 0. */
final class Thompson {
    /** What a text must be repeated at least; llama.cpp draws the same line. */
    static final int MOST_LEAST = 2_000;

    /** Repetitions inside repetitions multiply up to here. */
    private static final int MOST_PRODUCT = 100_000;

    /** A part with more states than this becomes a rule of its own when it is counted, and is then built once. */
    private static final int SMALL = 4;

    /** The name of rules that are made here and have none. */
    static final String REPEATED = "(repeated)";

    final List<Rule> rules = new ArrayList<>();
    final List<Nfa> nfas = new ArrayList<>();
    /** The state in which each rule ends. */
    final Ints ends = new Ints();

    /** For the rules that are made here: how often the repetitions around them repeat them. */
    private final Map<Rule, Long> repeated = new HashMap<>();

    private final Map<Rule, Integer> indices = new HashMap<>();
    private final Budget budget;

    private Thompson(Budget budget) {
        this.budget = budget;
    }

    /** All rules that an expression needs. */
    static Thompson of(Expr root, Budget budget) {
        Thompson made = new Thompson(budget);
        Rule rule = new Rule("root");
        rule.define(root);
        made.index(rule);
        for (int i = 0; i < made.rules.size(); i++) {
            Nfa nfa = new Nfa(budget);
            made.nfas.add(nfa);
            int begin = nfa.state();
            int end = nfa.state();
            made.ends.add(end);
            long times = made.repeated.getOrDefault(made.rules.get(i), 1L);
            made.build(nfa, begin, made.rules.get(i).body(), end, times, true);
        }
        return made;
    }

    private int index(Rule rule) {
        return indices.computeIfAbsent(rule, added -> {
            rules.add(added);
            return rules.size() - 1;
        });
    }

    /** Builds an expression between two states; {@code times} counts the repetitions around it. */
    private void build(Nfa nfa, int from, Expr expression, int to, long times, boolean mayCall) {
        switch (expression) {
            case Expr.Chars chars -> Utf8.add(nfa, from, chars.set(), to);
            case Expr.Text text -> text(nfa, from, text.text(), to);
            case Expr.Sequence sequence -> {
                int at = from;
                for (int i = 0; i < sequence.parts().size(); i++) {
                    int next = i + 1 == sequence.parts().size() ? to : nfa.state();
                    build(nfa, at, sequence.parts().get(i), next, times, mayCall);
                    at = next;
                }
                if (sequence.parts().isEmpty()) {
                    nfa.empty(from, to);
                }
            }
            case Expr.Either either -> {
                for (Expr option : either.options()) {
                    // A state of its own keeps a loop in one option from being entered by another.
                    int begin = nfa.state();
                    int end = nfa.state();
                    nfa.empty(from, begin);
                    build(nfa, begin, option, end, times, mayCall);
                    nfa.empty(end, to);
                }
            }
            case Expr.Repeat repeat -> repeat(nfa, from, repeat, to, times, mayCall);
            case Expr.Call call -> {
                if (!mayCall) {
                    throw new IllegalStateException("a rule is called inside an intersection");
                }
                nfa.call(from, index(call.rule()), to);
            }
            case Expr.Token token -> nfa.token(from, token, to);
            case Expr.Graph graph -> {
                int[] states = new int[graph.states()];
                for (int i = 0; i < states.length; i++) {
                    states[i] = nfa.state();
                }
                nfa.empty(from, states[0]);
                for (Expr.Edge edge : graph.edges()) {
                    build(nfa, states[edge.from()], edge.label(), states[edge.to()], times, mayCall);
                }
                graph.finals().stream().forEach(last -> nfa.empty(states[last], to));
            }
            case Expr.Both both -> embed(nfa, from, product(regular(both.left()), regular(both.right())), to);
        }
    }

    private static void text(Nfa nfa, int from, String text, int to) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int at = from;
        for (int i = 0; i < bytes.length; i++) {
            int next = i + 1 == bytes.length ? to : nfa.state();
            nfa.bytes(at, bytes[i] & 0xFF, bytes[i] & 0xFF, next);
            at = next;
        }
        if (bytes.length == 0) {
            nfa.empty(from, to);
        }
    }

    private void repeat(Nfa nfa, int from, Expr.Repeat repeat, int to, long times, boolean mayCall) {
        int least = repeat.least();
        boolean forever = repeat.most() == Expr.Repeat.FOREVER;
        int counted = forever ? least : repeat.most();
        long product = times * Math.max(1, counted);
        if (product > MOST_PRODUCT) {
            throw new GrammarException("repetitions multiply to " + product + ", more than " + MOST_PRODUCT
                    + "; use smaller counts, or '*' without a limit");
        }
        Expr part = counted > 2 && mayCall && !isSmall(repeat.part()) ? called(repeat.part(), product) : repeat.part();
        int at = nfa.state();
        nfa.empty(from, at);
        for (int i = 0; i < counted; i++) {
            if (i >= least) {
                nfa.empty(at, to);
            }
            int next = nfa.state();
            build(nfa, at, part, next, product, mayCall);
            at = next;
        }
        if (forever) {
            int back = nfa.state();
            build(nfa, at, part, back, product, mayCall);
            nfa.empty(back, at);
        }
        nfa.empty(at, to);
    }

    private static boolean isSmall(Expr part) {
        return switch (part) {
            case Expr.Chars chars -> {
                int[] ranges = chars.set().ranges();
                yield ranges.length <= 2 * SMALL && (ranges.length == 0 || ranges[ranges.length - 1] < 0x80);
            }
            case Expr.Text text -> text.text().length() <= SMALL;
            case Expr.Call call -> true;
            case Expr.Token token -> true;
            default -> false;
        };
    }

    private Expr called(Expr part, long times) {
        Rule rule = new Rule(REPEATED);
        repeated.put(rule, times);
        rule.define(part);
        return new Expr.Call(rule);
    }

    private Fragment regular(Expr expression) {
        Nfa nfa = new Nfa(budget);
        int begin = nfa.state();
        int end = nfa.state();
        build(nfa, begin, expression, end, 1, false);
        return Determinizer.fragment(nfa, end, new boolean[0], new boolean[0]);
    }

    /** The pairs of states that one text reaches in both. */
    private Fragment product(Fragment left, Fragment right) {
        Map<Long, Integer> places = new HashMap<>();
        List<long[]> pairs = new ArrayList<>();
        pairs.add(new long[] {0});
        places.put(0L, 0);
        List<int[]> bytes = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i++) {
            budget.spend(1);
            int[] a = left.bytes()[(int) (pairs.get(i)[0] >> 32)];
            int[] b = right.bytes()[(int) pairs.get(i)[0]];
            Ints edges = new Ints();
            for (int x = 0; x < a.length; x += 3) {
                for (int y = 0; y < b.length; y += 3) {
                    int first = Math.max(a[x], b[y]);
                    int last = Math.min(a[x + 1], b[y + 1]);
                    if (first <= last) {
                        long pair = ((long) a[x + 2] << 32) | b[y + 2];
                        edges.add(first, last, places.computeIfAbsent(pair, added -> {
                            pairs.add(new long[] {added});
                            return pairs.size() - 1;
                        }));
                    }
                }
            }
            bytes.add(edges.toArray());
        }
        boolean[] finals = new boolean[pairs.size()];
        for (int i = 0; i < finals.length; i++) {
            finals[i] = left.finals()[(int) (pairs.get(i)[0] >> 32)] && right.finals()[(int) pairs.get(i)[0]];
        }
        int[][] none = new int[finals.length][0];
        return new Fragment(bytes.toArray(int[][]::new), none, none, finals, List.of()).trimmed();
    }

    private static void embed(Nfa nfa, int from, Fragment fragment, int to) {
        int[] states = new int[fragment.states()];
        for (int i = 0; i < states.length; i++) {
            states[i] = nfa.state();
        }
        nfa.empty(from, states[0]);
        for (int i = 0; i < states.length; i++) {
            int[] edges = fragment.bytes()[i];
            for (int k = 0; k < edges.length; k += 3) {
                nfa.bytes(states[i], edges[k], edges[k + 1], states[edges[k + 2]]);
            }
            if (fragment.finals()[i]) {
                nfa.empty(states[i], to);
            }
        }
    }
}
