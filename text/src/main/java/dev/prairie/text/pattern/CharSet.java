package dev.prairie.text.pattern;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/** A set of code points, as ascending ranges that neither touch nor overlap. */
public final class CharSet {
    /** No code point. */
    public static final CharSet NONE = new CharSet(new int[0]);
    /** Every code point. */
    public static final CharSet ALL = new CharSet(new int[] {0, Character.MAX_CODE_POINT});

    /** From here to {@link #SPARSE_END} no character is assigned, and a look at one tells about all. */
    private static final int SPARSE = 0x40000;

    private static final int SPARSE_END = 0xE0000;

    /** First and last of each range. */
    private final int[] ranges;

    private CharSet(int[] ranges) {
        this.ranges = ranges;
    }

    /** Code points {@code first .. last}, both included. */
    public static CharSet range(int first, int last) {
        return new CharSet(new int[] {first, last});
    }

    /** The code points of a text. */
    public static CharSet of(String characters) {
        return union(characters.codePoints().mapToObj(c -> range(c, c)).toList());
    }

    /** All code points that a predicate holds for; it must answer alike for all of the unassigned planes 4 to 13. */
    public static CharSet matching(IntPredicate predicate) {
        int[] found = new int[64];
        int size = 0;
        boolean inside = false;
        for (int c = 0; c <= Character.MAX_CODE_POINT + 1; c++) {
            boolean now = c <= Character.MAX_CODE_POINT && predicate.test(c);
            if (now != inside) {
                if (size == found.length) {
                    found = Arrays.copyOf(found, 2 * size);
                }
                found[size++] = now ? c : c - 1;
                inside = now;
            }
            if (c == SPARSE) {
                c = SPARSE_END - 1;
            }
        }
        return new CharSet(Arrays.copyOf(found, size));
    }

    /** Everything that is in one of the sets. */
    public static CharSet union(List<CharSet> sets) {
        List<int[]> all = new ArrayList<>();
        for (CharSet set : sets) {
            for (int i = 0; i < set.ranges.length; i += 2) {
                all.add(new int[] {set.ranges[i], set.ranges[i + 1]});
            }
        }
        all.sort((a, b) -> Integer.compare(a[0], b[0]));
        int[] merged = new int[2 * all.size()];
        int size = 0;
        for (int[] range : all) {
            if (size > 0 && range[0] <= merged[size - 1] + 1) {
                merged[size - 1] = Math.max(merged[size - 1], range[1]);
            } else {
                merged[size++] = range[0];
                merged[size++] = range[1];
            }
        }
        return new CharSet(Arrays.copyOf(merged, size));
    }

    /** Everything that is in this set or the other. */
    public CharSet or(CharSet other) {
        return union(List.of(this, other));
    }

    /** Everything that is in both sets. */
    public CharSet and(CharSet other) {
        return not().or(other.not()).not();
    }

    /** Everything that is not in this set. */
    public CharSet not() {
        int[] gaps = new int[ranges.length + 2];
        int size = 0;
        int next = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            if (ranges[i] > next) {
                gaps[size++] = next;
                gaps[size++] = ranges[i] - 1;
            }
            next = ranges[i + 1] + 1;
        }
        if (next <= Character.MAX_CODE_POINT) {
            gaps[size++] = next;
            gaps[size++] = Character.MAX_CODE_POINT;
        }
        return new CharSet(Arrays.copyOf(gaps, size));
    }

    /** This set and all that differs from its characters in case alone. */
    public CharSet ignoringCase() {
        CharSet folded = union(Arrays.stream(codePoints(1 << 12))
                .mapToObj(c -> range(fold(c), fold(c)))
                .toList());
        // No cased script lies above the second plane.
        return or(matching(c -> c < 0x20000 && folded.contains(fold(c))));
    }

    /** Whether a code point is in the set. */
    public boolean contains(int codePoint) {
        int at = Arrays.binarySearch(ranges, codePoint);
        // Inside a range the place to insert is odd; a hit is a range's first or last.
        return at >= 0 || (~at & 1) == 1;
    }

    /** First and last of each range, ascending. */
    public int[] ranges() {
        return ranges.clone();
    }

    /** The places where membership changes, ascending. */
    int[] borders() {
        int[] borders = ranges.clone();
        for (int i = 1; i < borders.length; i += 2) {
            borders[i]++;
        }
        return borders;
    }

    private int[] codePoints(int most) {
        int[] found = new int[most];
        int size = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            for (int c = ranges[i]; c <= ranges[i + 1]; c++) {
                if (size == most) {
                    throw new IllegalArgumentException(
                            "a set of more than " + most + " characters cannot be taken without regard to case");
                }
                found[size++] = c;
            }
        }
        return Arrays.copyOf(found, size);
    }

    private static int fold(int c) {
        return Character.toLowerCase(Character.toUpperCase(c));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CharSet set && Arrays.equals(ranges, set.ranges);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ranges);
    }
}
