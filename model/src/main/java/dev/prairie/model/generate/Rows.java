package dev.prairie.model.generate;

import java.util.Arrays;

/**
 * Sums and maxima over as many numbers as a vocabulary has, written so that the just-in-time compiler makes vector code of
 * them: numbers are taken in rows, each added to the column it stands in, and the columns are {@code double} where the
 * numbers are {@code float}, because only arrays of different types are known not to overlap. The order of additions is
 * always the same, and so are the results.
 */
final class Rows {
    /** Columns of maxima: the k-th largest of them is a bound for the k-th largest number, see {@link #bound}. */
    static final int COLUMNS = 1024;

    /** Columns of sums. */
    private static final int WIDTH = 256;

    /** Numbers that one sum of {@link #sums} is of. */
    static final int BLOCK = 16 * WIDTH;

    /** What is this many nats below the most likely is never drawn: 2e-35, and dice have 53 bits. */
    private static final double LEAST = -80;

    private static final double NOTHING = power(LEAST);

    private Rows() {}

    /** The largest of {@code x[at ...]}, NaN if one is NaN. Leaves each column's largest in {@code columns}. */
    static float largest(float[] x, int at, int n, double[] columns) {
        Arrays.fill(columns, Double.NEGATIVE_INFINITY);
        for (int from = 0; from < n; from += COLUMNS) raise(x, at + from, Math.min(COLUMNS, n - from), columns);
        double largest = columns[0];
        for (double each : columns) largest = Math.max(largest, each);
        return (float) largest;
    }

    private static void raise(float[] x, int at, int n, double[] columns) {
        for (int j = 0; j < n; j++) columns[j] = Math.max(columns[j], x[at + j]);
    }

    /** The first index in {@code x[at ...]}, counted from there, of {@code largest}, from the columns that it left. */
    static int first(float[] x, int at, int n, float largest, double[] columns) {
        int first = n;
        for (int j = 0; j < Math.min(n, COLUMNS); j++) {
            if (columns[j] != largest) continue;
            int i = j;
            while (x[at + i] != largest) i += COLUMNS;
            first = Math.min(first, i);
        }
        return first;
    }

    /**
     * A number that at least {@code k} numbers reach, and most others hopefully do not: the k-th largest of the columns'
     * maxima, each another number. Sorts {@code columns}.
     */
    static float bound(int k, double[] columns) {
        if (k > COLUMNS) return Float.NEGATIVE_INFINITY;
        Arrays.sort(columns);
        return (float) columns[COLUMNS - k];
    }

    /**
     * Weights {@code w[i] = exp((z[i] - largest) * scale)}, to 1e-7 of themselves; what would be below 2e-35 is 0.
     */
    static void weights(float[] z, int n, float largest, float scale, float[] w) {
        for (int i = 0; i < n; i++)
            w[i] = (float) (power(Math.max(((double) z[i] - largest) * scale, LEAST)) - NOTHING);
    }

    /** The sum of {@code exp(x[i] - largest)} over {@code x[at ...]}. */
    static double powers(float[] x, int at, int n, float largest, double[] columns) {
        Arrays.fill(columns, 0, WIDTH, 0);
        for (int from = 0; from < n; from += WIDTH)
            addPowers(x, at + from, Math.min(WIDTH, n - from), largest, columns);
        return sum(columns);
    }

    private static void addPowers(float[] x, int at, int n, float largest, double[] columns) {
        for (int j = 0; j < n; j++) columns[j] += power(Math.max((double) x[at + j] - largest, LEAST)) - NOTHING;
    }

    /** The sums of each {@link #BLOCK} of {@code w}, whose sum is returned. */
    static double sums(float[] w, int n, double[] sums, double[] columns) {
        double all = 0;
        for (int from = 0; from < n; from += BLOCK) {
            int to = Math.min(n, from + BLOCK);
            Arrays.fill(columns, 0, WIDTH, 0);
            for (int at = from; at < to; at += WIDTH) add(w, at, Math.min(WIDTH, to - at), columns);
            sums[from / BLOCK] = sum(columns);
            all += sums[from / BLOCK];
        }
        return all;
    }

    private static void add(float[] w, int at, int n, double[] columns) {
        for (int j = 0; j < n; j++) columns[j] += w[at + j];
    }

    /** The sum of {@code w[i] * (z[i] - largest)} where w is not 0. */
    static double moments(float[] z, float[] w, int n, float largest, double[] columns) {
        Arrays.fill(columns, 0, WIDTH, 0);
        for (int at = 0; at < n; at += WIDTH) addMoments(z, w, at, Math.min(WIDTH, n - at), largest, columns);
        return sum(columns);
    }

    private static void addMoments(float[] z, float[] w, int at, int n, float largest, double[] columns) {
        // The bound keeps 0 times minus infinity from being NaN; it is further away than any weight above 0.
        for (int j = 0; j < n; j++) columns[j] += (double) w[at + j] * Math.max((double) z[at + j] - largest, -1e30);
    }

    private static double sum(double[] columns) {
        double sum = 0;
        for (int j = 0; j < WIDTH; j++) sum += columns[j];
        return sum;
    }

    /**
     * e to the y for y from {@link #LEAST} to 0, to 1e-8 of itself: Taylor's series for y/1024, squared ten times. Nothing
     * but products and sums of one type, because a vector of anything else would not be compiled.
     */
    private static double power(double y) {
        double x = y * (1.0 / 1024);
        double p = x * (1.0 / 720) + 1.0 / 120;
        p = p * x + 1.0 / 24;
        p = p * x + 1.0 / 6;
        p = p * x + 0.5;
        p = p * x + 1;
        p = p * x + 1;
        p *= p;
        p *= p;
        p *= p;
        p *= p;
        p *= p;
        p *= p;
        p *= p;
        p *= p;
        p *= p;
        p *= p;
        return p;
    }
}
