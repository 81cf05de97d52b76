package dev.prairie.tensor;

/**
 * What attention makes of a query and a key before the softmax, and which keys a query sees. Positions are those in the
 * sequence: the query at p sees key s if {@code s <= p} or attention is not causal, and {@code s > p - window} where there
 * is a window.
 *
 * @param scale  the inner product is multiplied by it
 * @param causal whether later positions are hidden; if not, a query sees all positions of its sequence
 * @param window how many positions a query sees, its own included (Beltagy et al. 2020, arXiv 2004.05150); 0 for all
 * @param cap    c in {@code c · tanh(score / c)} (Gemma 2, arXiv 2408.00118, section 2); 0 for none
 */
public record Scoring(float scale, boolean causal, int window, float cap) {
    public Scoring {
        if (window < 0) throw new ShapeException("scoring", "window of " + window + " positions; 0 means all");
        if (!(cap >= 0) || cap == Float.POSITIVE_INFINITY)
            throw new ShapeException("scoring", "cap " + cap + " must be positive, or 0 for none");
        if (!causal && window > 0)
            throw new ShapeException("scoring", "a window of " + window + " needs causal attention");
    }

    /** The plain form of a decoder. */
    public static Scoring causal(float scale) {
        return new Scoring(scale, true, 0, 0);
    }

    /** The first position that the query at {@code p} sees. */
    public int first(int p) {
        return window == 0 ? 0 : Math.max(0, p - window + 1);
    }

    /** One behind the last position that it sees, of a sequence of {@code length} positions. */
    public int end(int p, int length) {
        return causal ? p + 1 : length;
    }

    /** Whether for these tokens it comes to the plain causal form: no cap, and no window that hides anything. */
    public boolean plain(Tokens tokens) {
        if (!causal || cap > 0) return false;
        if (window == 0) return true;
        for (int b = 0; b < tokens.sequences(); b++) if (tokens.length(b) > window) return false;
        return true;
    }
}
