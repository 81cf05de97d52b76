package dev.prairie.text.pattern;

import java.util.List;

/** The parts of a parsed pattern. */
sealed interface Node {

    /** One character of a set. */
    record Chars(CharSet set) implements Node {}

    /** Parts one after the other; none is the empty text. */
    record Sequence(List<Node> parts) implements Node {}

    /** The first of several that leads to a match. */
    record Choice(List<Node> options) implements Node {}

    /** A part {@code least .. most} times, as often as possible or, if lazy, as seldom. */
    record Repeat(Node part, int least, int most, boolean lazy) implements Node {
        /** For {@code most}: no limit. */
        static final int FOREVER = Integer.MAX_VALUE;
    }

    /** Takes no character; looks at those beside a place. */
    record Look(Side side, CharSet set) implements Node {}

    /** What a {@link Look} demands. The ends of the text count as a character that is in no set. */
    enum Side {
        AHEAD,
        NOT_AHEAD,
        BEHIND,
        NOT_BEHIND,
        BORDER,
        NOT_BORDER;

        /** Whether the demand holds, given whether the characters before and after the place are in the set. */
        boolean holds(boolean before, boolean after) {
            return switch (this) {
                case AHEAD -> after;
                case NOT_AHEAD -> !after;
                case BEHIND -> before;
                case NOT_BEHIND -> !before;
                case BORDER -> before != after;
                case NOT_BORDER -> before == after;
            };
        }
    }
}
