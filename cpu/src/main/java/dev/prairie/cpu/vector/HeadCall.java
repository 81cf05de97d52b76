package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.MicroKernel.COLUMNS;
import static dev.prairie.cpu.vector.MicroKernel.ROWS;

import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The arguments that attention forward and backward share, and how its work is cut up.
 *
 * @param heads   H, query heads
 * @param shared  K, key/value heads
 * @param d       D, width of a head
 */
public record HeadCall(long q, KeyValues kv, long k, long v, Tokens tokens, float scale, int heads, int shared, int d) {
    /** Queries {@code from} to {@code to} of sequence {@code b}, for all query heads of key head {@code head}. */
    public record Share(int b, int head, int from, int to, long cost) {}

    public static HeadCall of(Tensor q, KeyValues kv, Tokens tokens, float scale) {
        return new HeadCall(
                Memory.at(q),
                kv,
                Memory.at(kv.k()),
                Memory.at(kv.v()),
                tokens,
                scale,
                q.shape().dim(1),
                kv.k().shape().dim(1),
                q.shape().dim(2));
    }

    /** Everything there is to do, the largest share first, so that the last ones to finish are small. */
    public List<Share> shares(int queries) {
        var all = new ArrayList<Share>();
        for (int b = 0; b < tokens.sequences(); b++) {
            int count = queries(b);
            for (int from = 0; from < count; from += queries) {
                int to = Math.min(count, from + queries);
                for (int g = 0; g < shared; g++)
                    all.add(new Share(b, g, from, to, (to - from) * (long) (first(b) + to)));
            }
        }
        all.sort(Comparator.comparingLong(Share::cost).reversed());
        return all;
    }

    /** Query tokens of sequence {@code b}. */
    public int queries(int b) {
        return tokens.starts()[b + 1] - tokens.starts()[b];
    }

    /** The position of the first of them. */
    public int first(int b) {
        return tokens.positions()[tokens.starts()[b]];
    }

    /** Query heads that read one key head. */
    public int group() {
        return heads / shared;
    }

    /** Bytes from the start of a tensor like q to query {@code i} of sequence {@code b}, head {@code h}. */
    public long query(int b, int i, int h) {
        return 4 * (((long) tokens.starts()[b] + i) * heads + h) * d;
    }

    /** Bytes from one query token to the next. */
    public long queryStride() {
        return 4L * heads * d;
    }

    /** Elements from the start of an (N, H) tensor, in bytes. */
    public long row(int b, int i, int h) {
        return 4 * (((long) tokens.starts()[b] + i) * heads + h);
    }

    /** Bytes from the start of a tensor like k to position {@code s} of sequence {@code b}, key head {@code g}. */
    public long key(int b, int s, int g) {
        return kv.k().type().bytes(((long) kv.row(b, s) * shared + g) * d);
    }

    /** Bytes from one position to the next within a run. */
    public long keyStride() {
        return kv.k().type().bytes((long) shared * d);
    }

    /** D rounded up to whole panels: the width of a dense copy. */
    int padded() {
        return Math.ceilDiv(d, COLUMNS) * COLUMNS;
    }

    /** Rows of a dense copy of {@code n} rows: whole blocks. */
    static int padded(int n) {
        return Math.ceilDiv(n, ROWS) * ROWS;
    }

    /** Copies one head of the first {@code count} positions to rows of {@link #padded()} floats, padded with zeros. */
    void dense(long to, long from, int b, int g, int count) {
        int width = padded();
        if (width != d || count % ROWS != 0) Pack.clear(to, (long) padded(count) * width);
        for (int s = 0; s < count; s++) Memory.copy(to + 4L * s * width, from + key(b, s, g), 4L * d);
    }
}
