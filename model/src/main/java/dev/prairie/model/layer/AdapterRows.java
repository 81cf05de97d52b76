package dev.prairie.model.layer;

import dev.prairie.tensor.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Which rows of a batch are run with which adapter; rows that are not named are the model's own.
 *
 * @param runs neighbouring rows with the same adapter, in order
 */
public record AdapterRows(List<Run> runs) {
    /** No adapter anywhere. */
    public static final AdapterRows NONE = new AdapterRows(List.of());

    /**
     * Rows from {@code from} (inclusive) to {@code to} (exclusive).
     *
     * @param adapter its number, counting from 1
     */
    public record Run(int adapter, int from, int to) {}

    public AdapterRows {
        runs = List.copyOf(runs);
    }

    /** Those of a batch of tokens. */
    public static AdapterRows of(Tokens tokens) {
        var runs = new ArrayList<Run>();
        for (int b = 0; b < tokens.sequences(); b++)
            add(runs, tokens.adapters()[b], tokens.starts()[b], tokens.starts()[b + 1]);
        return runs.isEmpty() ? NONE : new AdapterRows(runs);
    }

    /** Of a batch that is made of these rows of this one. */
    public AdapterRows at(int[] rows) {
        if (runs.isEmpty()) return NONE;
        IntUnaryOperator adapter = row -> runs.stream()
                .filter(run -> row >= run.from && row < run.to)
                .mapToInt(Run::adapter)
                .findFirst()
                .orElse(0);
        var picked = new ArrayList<Run>();
        for (int i = 0; i < rows.length; i++) add(picked, adapter.applyAsInt(rows[i]), i, i + 1);
        return new AdapterRows(picked);
    }

    /** The largest number of an adapter; 0 where there is none. */
    public int largest() {
        return runs.stream().mapToInt(Run::adapter).max().orElse(0);
    }

    /** A run after the others, which the last one grows by where it can. */
    private static void add(List<Run> runs, int adapter, int from, int to) {
        if (adapter == 0 || from == to) return;
        Run last = runs.isEmpty() ? null : runs.getLast();
        if (last != null && last.adapter == adapter && last.to == from)
            runs.set(runs.size() - 1, new Run(adapter, last.from, to));
        else runs.add(new Run(adapter, from, to));
    }
}
