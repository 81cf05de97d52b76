package dev.prairie.text.grammar;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** A {@link Expr.Graph} while it grows; its first state begins. */
final class GraphBuilder {
    /** States of one graph: as many as a list with a length of five digits needs. */
    static final int MOST_STATES = 100_000;

    private final List<Expr.Edge> edges = new ArrayList<>();
    private final BitSet finals = new BitSet();
    private int states;

    int state() {
        if (states == MOST_STATES) {
            throw new GrammarException(
                    "the schema needs more than " + MOST_STATES + " states at one place; use smaller counts");
        }
        return states++;
    }

    void edge(int from, Expr label, int to) {
        edges.add(new Expr.Edge(from, label, to));
    }

    void end(int state) {
        finals.set(state);
    }

    Expr graph() {
        return new Expr.Graph(states, edges, finals);
    }
}
