package dev.prairie.tensor.reference;

/**
 * The scales of blocks: rounds with several candidates around the obvious one, solves each time for the scale (and
 * minimum) that suits the rounded numbers best by weighted least squares, and keeps the best. The candidates and weights
 * are those of ggml ({@code make_qx_quants}, {@code make_q3_quants} and {@code make_qkx2_quants} in
 * {@code ggml-quants.c}), so that files are as good as those that llama-quantize makes without an importance matrix.
 *
 * <p>All of them write the levels that belong to their answer. Sums are F32 in order, as there.
 */
final class ScaleSearch {
    /** Numbers whose magnitudes are below count as zero. */
    static final float NOTHING = 1e-15f;

    /** Added to a float and taken off again it rounds a magnitude up to 2²² to a whole number, halves to even. */
    private static final float ROUND = 0x1.8p23f;

    private ScaleSearch() {}

    /** To the nearest whole number from {@code least} to {@code most}, halves to even. */
    static int nearest(float x, int least, int most) {
        float within = Math.max(least, Math.min(most, x));
        return (int) (within + ROUND - ROUND);
    }

    /** The number of the largest magnitude of {@code n} from {@code first} on, the first of equals. */
    static float largest(float[] x, int first, int n) {
        float largest = 0;
        for (int i = first; i < first + n; i++) if (Math.abs(x[i]) > Math.abs(largest)) largest = x[i];
        return largest;
    }

    /**
     * {@code x ≈ scale * (level - half)} with levels from 0 to {@code 2 half - 1}; errors count by the square of x.
     */
    static float centred(float[] x, int first, int n, int half, int[] levels) {
        float largest = largest(x, first, n);
        if (Math.abs(largest) < NOTHING) {
            for (int i = first; i < first + n; i++) levels[i] = 0;
            return 0;
        }
        float scale = 0, best = 0;
        for (int step = 0; step < 19; step++) { // the obvious one, then 0.9 below it to 0.9 above
            int tenths = step == 0 ? 0 : step <= 9 ? step - 10 : step - 9;
            float inverse = -(half + 0.1f * tenths) / largest;
            float lx = 0, ll = 0;
            for (int i = first; i < first + n; i++) {
                int l = nearest(inverse * x[i], -half, half - 1);
                float w = x[i] * x[i];
                lx += w * x[i] * l;
                ll += w * l * l;
            }
            if (step == 0 || (ll > 0 && lx * lx > best * ll)) {
                for (int i = first; i < first + n; i++) levels[i] = half + nearest(inverse * x[i], -half, half - 1);
                scale = ll == 0 ? 0 : lx / ll;
                best = scale * lx;
            }
        }
        return scale;
    }

    /** The same for very few levels: each number in turn may move to the level that is best given all the others. */
    static float moving(float[] x, int first, int n, int half, int[] levels) {
        float largest = largest(x, first, n);
        if (Math.abs(largest) < NOTHING) {
            for (int i = first; i < first + n; i++) levels[i] = 0;
            return 0;
        }
        float inverse = -half / largest;
        float lx = 0, ll = 0;
        for (int i = first; i < first + n; i++) {
            int l = nearest(inverse * x[i], -half, half - 1);
            levels[i] = l;
            float w = x[i] * x[i];
            lx += w * x[i] * l;
            ll += w * l * l;
        }
        boolean changed = true;
        for (int round = 0; round < 5 && changed; round++) {
            changed = false;
            for (int i = first; i < first + n; i++) {
                float w = x[i] * x[i];
                float otherLx = lx - w * x[i] * levels[i];
                if (!(otherLx > 0)) continue;
                float otherLl = ll - w * levels[i] * levels[i];
                int l = nearest(x[i] * otherLl / otherLx, -half, half - 1);
                if (l == levels[i]) continue;
                otherLx += w * x[i] * l;
                otherLl += w * l * l;
                if (otherLl > 0 && otherLx * otherLx * ll > lx * lx * otherLl) {
                    levels[i] = l;
                    lx = otherLx;
                    ll = otherLl;
                    changed = true;
                }
            }
        }
        for (int i = first; i < first + n; i++) levels[i] += half;
        return ll > 0 ? lx / ll : 0;
    }

    /** {@code x ≈ scale * level - minimum}. */
    record Range(float scale, float minimum) {}

    /**
     * How the search for a range goes.
     *
     * @param most     levels go from 0 to it
     * @param from     the first candidate has {@code most + from} steps between the smallest and the largest number
     * @param steps    candidates after the first, each 0.1 further
     * @param absolute whether errors count by their magnitude, else by their square
     */
    record Candidates(int most, float from, int steps, boolean absolute) {}

    /** {@code x ≈ scale * level - minimum}, the minimum not negative; {@code weights} of the errors start at 0. */
    static Range range(float[] x, int first, float[] weights, Candidates search, int[] levels, int[] trial) {
        int n = weights.length, most = search.most;
        float low = x[first], high = x[first];
        float w0 = weights[0], wx = weights[0] * x[first];
        for (int i = 1; i < n; i++) {
            low = Math.min(low, x[first + i]);
            high = Math.max(high, x[first + i]);
            w0 += weights[i];
            wx += weights[i] * x[first + i];
        }
        low = Math.min(low, 0);
        if (high == low) {
            for (int i = 0; i < n; i++) levels[first + i] = 0;
            return new Range(0, -low);
        }
        float scale = 1 / (most / (high - low)), minimum = low;
        round(x, first, most / (high - low), low, most, trial, n);
        float least = error(x, first, weights, scale, minimum, trial, search.absolute);
        System.arraycopy(trial, 0, levels, first, n);
        for (int step = 0; step <= search.steps; step++) {
            // from the best minimum so far
            round(x, first, (search.from + 0.1f * step + most) / (high - minimum), minimum, most, trial, n);
            float l1 = 0, l2 = 0, lx = 0;
            for (int i = 0; i < n; i++) {
                float w = weights[i];
                int l = trial[i];
                l1 += w * l;
                l2 += w * l * l;
                lx += w * l * x[first + i];
            }
            float determinant = w0 * l2 - l1 * l1;
            if (!(determinant > 0)) continue;
            float s = (w0 * lx - wx * l1) / determinant;
            float m = (l2 * wx - l1 * lx) / determinant;
            if (m > 0) { // a block of positive numbers starts at zero
                m = 0;
                s = lx / l2;
            }
            float error = error(x, first, weights, s, m, trial, search.absolute);
            if (error < least) {
                least = error;
                scale = s;
                minimum = m;
                System.arraycopy(trial, 0, levels, first, n);
            }
        }
        return new Range(scale, -minimum);
    }

    private static void round(float[] x, int first, float inverse, float low, int most, int[] levels, int n) {
        for (int i = 0; i < n; i++) levels[i] = nearest(inverse * (x[first + i] - low), 0, most);
    }

    private static float error(
            float[] x, int first, float[] weights, float scale, float minimum, int[] levels, boolean absolute) {
        float sum = 0;
        for (int i = 0; i < weights.length; i++) {
            float off = scale * levels[i] + minimum - x[first + i];
            sum += weights[i] * (absolute ? Math.abs(off) : off * off);
        }
        return sum;
    }
}
