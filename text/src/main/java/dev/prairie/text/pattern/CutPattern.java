package dev.prairie.text.pattern;

/**
 * A pattern that finds where to cut a text: the matches that a backtracking engine would find one after the other
 * (leftmost, and of several at a place the one tried first), in time linear in the text. Immutable.
 *
 * <p>A match may be empty: a place to cut at. One where another match just ended is passed over.
 */
public final class CutPattern {
    /** How far a search may read beyond what it finds before it is worth remembering that nothing lies there. */
    private static final int WORTH_REMEMBERING = 64;

    private final String source;
    private final Automaton automaton;

    /** Takes the matches of a text, in order. */
    public interface Matches {
        /** The characters {@code from .. to} match; {@code to} is exclusive, and equal for an empty match. */
        void match(int from, int to);
    }

    private CutPattern(String source, Automaton automaton) {
        this.source = source;
        this.automaton = automaton;
    }

    /**
     * Compiles a pattern.
     *
     * @throws IllegalArgumentException if it is malformed, uses what an automaton cannot do, or would be too large
     */
    public static CutPattern of(String source) {
        return new CutPattern(source, new Automaton(Program.of(PatternParser.parse(source))));
    }

    /** The pattern as it was written. */
    public String source() {
        return source;
    }

    /** Finds all matches in {@code text[from .. to)}, code points; nothing outside of it is looked at. */
    public void find(int[] text, int from, int to, Matches matches) {
        int[] barren = new int[0]; // at each place the state from which it is known that no match follows
        int last = -1;
        for (int start = from; start < to; ) {
            int before = start > from ? text[start - 1] : -1;
            int first = automaton.start(before);
            int state = first;
            int end = -1;
            int stateAtEnd = first;
            int at = start;
            while (state != Automaton.DEAD) {
                if (at == to) {
                    if (automaton.matchesAtEnd(state)) {
                        end = at;
                    }
                    break;
                }
                if (barren.length > 0 && barren[at - from] == state) {
                    break;
                }
                int step = automaton.step(state, text[at]);
                if ((step & 1) != 0) {
                    end = at;
                    stateAtEnd = state;
                }
                state = step >>> 1;
                at++;
            }
            if (at - Math.max(end, start) > WORTH_REMEMBERING) {
                barren = barren.length > 0 ? barren : new int[to - from];
                int known = end < 0 ? first : stateAtEnd;
                for (int place = Math.max(end, start); place < at; place++) {
                    // What stands at the end of a match still led to that match.
                    barren[place - from] = place == end ? 0 : known;
                    known = automaton.step(known, text[place]) >>> 1;
                }
            }
            if (end > start || (end == start && start > last)) {
                matches.match(start, end);
                last = end;
            }
            start = Math.max(end, start + 1);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CutPattern pattern && pattern.source.equals(source);
    }

    @Override
    public int hashCode() {
        return source.hashCode();
    }

    @Override
    public String toString() {
        return source;
    }
}
