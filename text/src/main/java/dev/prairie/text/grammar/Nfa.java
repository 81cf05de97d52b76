package dev.prairie.text.grammar;

import java.util.ArrayList;
import java.util.List;

/**
 * One rule as Thompson makes it: states with edges that take nothing, a byte of a range, a call of another rule, or a
 * whole token. State 0 begins.
 */
final class Nfa {
    /** Targets. */
    final List<Ints> empty = new ArrayList<>();
    /** First byte, last byte, target. */
    final List<Ints> bytes = new ArrayList<>();
    /** Rule, target. */
    final List<Ints> calls = new ArrayList<>();
    /** Index into {@link #names}, target. */
    final List<Ints> tokens = new ArrayList<>();

    final List<Expr.Token> names = new ArrayList<>();

    private final Budget budget;

    Nfa(Budget budget) {
        this.budget = budget;
    }

    int state() {
        budget.spend(1);
        empty.add(new Ints());
        bytes.add(new Ints());
        calls.add(new Ints());
        tokens.add(new Ints());
        return empty.size() - 1;
    }

    int states() {
        return empty.size();
    }

    void empty(int from, int to) {
        empty.get(from).add(to);
    }

    void bytes(int from, int first, int last, int to) {
        bytes.get(from).add(first, last, to);
    }

    void call(int from, int rule, int to) {
        calls.get(from).add(rule, to);
    }

    void token(int from, Expr.Token token, int to) {
        int name = names.indexOf(token);
        if (name < 0) {
            name = names.size();
            names.add(token);
        }
        tokens.get(from).add(name, to);
    }
}
