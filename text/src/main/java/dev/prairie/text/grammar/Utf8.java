package dev.prairie.text.grammar;

import dev.prairie.text.pattern.CharSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Sets of characters as ranges of bytes. A range of code points falls into runs whose encodings have one length and
 * differ in each byte independently; runs with the same ending share it.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc3629">UTF-8</a>
 */
final class Utf8 {
    /** The largest code point of each length of encoding, the surrogates (which have none) between the second and third. */
    private static final int[] LAST = {0x7F, 0x7FF, 0xD7FF, 0xDFFF, 0xFFFF, 0x10FFFF};

    private static final int SURROGATES = 3;

    private record Ending(int first, int last, int next) {}

    private final Nfa nfa;
    private final int to;
    private final Map<Ending, Integer> endings = new HashMap<>();

    private Utf8(Nfa nfa, int to) {
        this.nfa = nfa;
        this.to = to;
    }

    /** Lets every character of the set lead from one state to another. */
    static void add(Nfa nfa, int from, CharSet set, int to) {
        Utf8 utf8 = new Utf8(nfa, to);
        int[] ranges = set.ranges();
        for (int i = 0; i < ranges.length; i += 2) {
            int first = ranges[i];
            for (int length = 0; length < LAST.length && first <= ranges[i + 1]; length++) {
                int last = Math.min(ranges[i + 1], LAST[length]);
                if (first <= last) {
                    if (length != SURROGATES) {
                        utf8.split(from, first, last);
                    }
                    first = last + 1;
                }
            }
        }
    }

    private void split(int from, int first, int last) {
        int length = length(first);
        for (int i = 1; i < length; i++) {
            int low = (1 << (6 * i)) - 1;
            if ((first & ~low) != (last & ~low)) {
                if ((first & low) != 0) {
                    split(from, first, first | low);
                    split(from, (first | low) + 1, last);
                    return;
                }
                if ((last & low) != low) {
                    split(from, first, (last & ~low) - 1);
                    split(from, last & ~low, last);
                    return;
                }
            }
        }
        int next = to;
        for (int i = length - 1; i > 0; i--) {
            next = ending(byteOf(first, i, length), byteOf(last, i, length), next);
        }
        nfa.bytes(from, byteOf(first, 0, length), byteOf(last, 0, length), next);
    }

    private int ending(int first, int last, int next) {
        return endings.computeIfAbsent(new Ending(first, last, next), ending -> {
            int state = nfa.state();
            nfa.bytes(state, first, last, next);
            return state;
        });
    }

    private static int length(int codePoint) {
        return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    }

    private static int byteOf(int codePoint, int index, int length) {
        int bits = codePoint >> (6 * (length - 1 - index));
        if (index > 0) {
            return 0x80 | (bits & 0x3F);
        }
        return switch (length) {
            case 1 -> bits;
            case 2 -> 0xC0 | bits;
            case 3 -> 0xE0 | bits;
            default -> 0xF0 | bits;
        };
    }
}
