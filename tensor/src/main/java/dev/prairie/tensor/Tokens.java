package dev.prairie.tensor;

import java.util.Arrays;

/**
 * Packed tokens of several sequences, one after the other: the shape that document packing in training and continuous
 * batching in serving share. N tokens, B sequences.
 *
 * @param ids       N vocabulary entries
 * @param positions N positions, each token's place in its own sequence, counting what a cache already holds
 * @param starts    B+1 offsets: sequence b is {@code starts[b] .. starts[b+1]}; the first is 0, the last is N
 * @param adapters  for each sequence the number of the adapter it is run with, counting from 1; 0 is the model itself
 */
public record Tokens(int[] ids, int[] positions, int[] starts, int[] adapters) {
    /** Run by the model itself. */
    public Tokens(int[] ids, int[] positions, int[] starts) {
        this(ids, positions, starts, new int[Math.max(starts.length - 1, 0)]);
    }

    public Tokens {
        if (positions.length != ids.length)
            throw new ShapeException("tokens", ids.length + " ids but " + positions.length + " positions");
        if (starts.length < 1 || starts[0] != 0 || starts[starts.length - 1] != ids.length)
            throw new ShapeException("tokens", "starts must run from 0 to " + ids.length + ", got " + brief(starts));
        if (adapters.length != starts.length - 1)
            throw new ShapeException("tokens", (starts.length - 1) + " sequences but " + adapters.length + " adapters");
        for (int adapter : adapters)
            if (adapter < 0) throw new ShapeException("tokens", "adapter " + adapter + ", must be 0 or more");
        for (int b = 0; b + 1 < starts.length; b++) {
            if (starts[b + 1] < starts[b])
                throw new ShapeException("tokens", "start " + starts[b + 1] + " comes before start " + starts[b]);
            for (int n = starts[b]; n < starts[b + 1]; n++) {
                int expected = n == starts[b] ? Math.max(positions[n], 0) : positions[n - 1] + 1;
                if (positions[n] != expected)
                    throw new ShapeException(
                            "tokens", "position of token " + n + " is " + positions[n] + ", must be " + expected);
            }
        }
    }

    /** One sequence from position {@code first} on. */
    public static Tokens sequence(int first, int... ids) {
        int[] positions = new int[ids.length];
        for (int i = 0; i < ids.length; i++) positions[i] = first + i;
        return new Tokens(ids, positions, new int[] {0, ids.length});
    }

    /** {@code rows} sequences of equal length, each from position 0. */
    public static Tokens rows(int rows, int... ids) {
        if (rows < 1 || ids.length % rows != 0)
            throw new ShapeException("tokens", ids.length + " ids do not fill " + rows + " rows");
        int length = ids.length / rows;
        int[] positions = new int[ids.length];
        int[] starts = new int[rows + 1];
        for (int i = 0; i < ids.length; i++) positions[i] = i % length;
        for (int b = 0; b <= rows; b++) starts[b] = b * length;
        return new Tokens(ids, positions, starts);
    }

    /** The same, every sequence run with this adapter. */
    public Tokens withAdapter(int adapter) {
        int[] all = new int[sequences()];
        Arrays.fill(all, adapter);
        return new Tokens(ids, positions, starts, all);
    }

    /** N, the number of tokens. */
    public int count() {
        return ids.length;
    }

    /** B, the number of sequences. */
    public int sequences() {
        return starts.length - 1;
    }

    /** How many positions sequence {@code b} has after these tokens, counting what a cache already holds. */
    public int length(int b) {
        return starts[b + 1] == starts[b] ? 0 : positions[starts[b + 1] - 1] + 1;
    }

    private static String brief(int[] values) {
        return values.length <= 8
                ? Arrays.toString(values)
                : values.length + " values ending in " + values[values.length - 1];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tokens(int[] i, int[] p, int[] s, int[] a)
                && Arrays.equals(ids, i)
                && Arrays.equals(positions, p)
                && Arrays.equals(starts, s)
                && Arrays.equals(adapters, a);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids) * 31 + Arrays.hashCode(starts);
    }

    @Override
    public String toString() {
        return "Tokens[" + count() + " in " + sequences() + " sequences]";
    }
}
