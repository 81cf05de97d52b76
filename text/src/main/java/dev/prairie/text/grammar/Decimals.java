package dev.prairie.text.grammar;

import dev.prairie.text.pattern.CharSet;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Numbers between bounds, and multiples, exactly: an automaton reads the digits and remembers how the number so far
 * compares with the digits of each bound, and its remainder. No exponents are written, and no more digits behind the
 * point than {@link #PLACES} or the bounds have.
 */
final class Decimals {
    private static final int PLACES = 10;
    private static final int MOST_DIVISOR = 10_000;

    /** What a number must keep to. */
    record Range(
            Optional<BigDecimal> least,
            boolean aboveLeast,
            Optional<BigDecimal> most,
            boolean belowMost,
            Optional<BigDecimal> multiple,
            boolean whole) {

        /** The numbers of the other sign, without their sign. */
        private Range negated() {
            return new Range(
                    most.map(BigDecimal::negate),
                    belowMost,
                    least.map(BigDecimal::negate),
                    aboveLeast,
                    multiple,
                    whole);
        }

        private Range from(BigDecimal bound, boolean exclusive) {
            int order = least.map(own -> own.compareTo(bound)).orElse(-1);
            return order > 0 || (order == 0 && !exclusive)
                    ? this
                    : new Range(Optional.of(bound), exclusive, most, belowMost, multiple, whole);
        }
    }

    private static final int LESS = 0;
    private static final int EQUAL = 1;
    private static final int GREATER = 2;

    /** Digits read, digits behind the point or -1, comparisons with both bounds, remainder; whether all of it is a 0. */
    private record Place(int digits, int places, int least, int most, int remainder, boolean zero) {}

    private final Range range;
    private final int mostDigits;
    private final int mostPlaces;
    private final String[] least;
    private final String[] most;
    private final int divisor;
    private final int scale;

    private Decimals(Range range) {
        this.range = range;
        least = digits(range.least.orElse(BigDecimal.ZERO));
        most = digits(range.most.orElse(BigDecimal.ZERO));
        BigDecimal step = range.multiple.map(BigDecimal::stripTrailingZeros).orElse(BigDecimal.ONE);
        scale = Math.max(0, step.scale());
        BigInteger wanted = step.movePointRight(scale).toBigIntegerExact();
        divisor = wanted.bitLength() > 31 ? Integer.MAX_VALUE : wanted.intValueExact();
        mostDigits = range.most.isPresent() ? most[0].length() : Math.max(JsonText.MOST_DIGITS, least[0].length());
        mostPlaces = range.whole
                ? 0
                : range.multiple.isPresent() ? scale : Math.max(PLACES, Math.max(least[1].length(), most[1].length()));
    }

    /** The numbers of a range; a multiple is refused by the caller if {@link #tooFine} says so. */
    static Expr between(Range range) {
        List<Expr> options = new ArrayList<>();
        if (range.most.isEmpty() || range.most.get().signum() >= 0) {
            options.add(new Decimals(range.from(BigDecimal.ZERO, false)).graph());
        }
        Range below = range.negated();
        if (below.most.isEmpty() || below.most.get().signum() > 0) {
            Range strictly = below.from(BigDecimal.ZERO, true);
            options.add(Expr.sequence(new Expr.Text("-"), new Decimals(strictly).graph()));
        }
        return new Expr.Either(options);
    }

    /** Whether multiples of a number would take too many states. */
    static boolean tooFine(BigDecimal multiple) {
        BigDecimal step = multiple.stripTrailingZeros();
        BigDecimal whole = step.movePointRight(Math.max(0, step.scale()));
        return whole.compareTo(BigDecimal.valueOf(MOST_DIVISOR)) > 0 || step.scale() > PLACES;
    }

    private static String[] digits(BigDecimal value) {
        String text = value.stripTrailingZeros().toPlainString();
        int point = text.indexOf('.');
        return point < 0 ? new String[] {text, ""} : new String[] {text.substring(0, point), text.substring(point + 1)};
    }

    private Expr graph() {
        GraphBuilder graph = new GraphBuilder();
        Map<Place, Integer> states = new HashMap<>();
        List<Place> open = new ArrayList<>();
        Place begin = new Place(0, -1, EQUAL, EQUAL, 0, false);
        states.put(begin, graph.state());
        open.add(begin);
        for (int i = 0; i < open.size(); i++) {
            Place place = open.get(i);
            int from = i; // places and states are made together
            if (place.digits > 0 && fits(place)) {
                graph.end(from);
            }
            if (place.digits > 0 && place.places < 0 && mostPlaces > 0) {
                Place point = new Place(
                        place.digits,
                        0,
                        atPoint(place.least, place.digits, least[0]),
                        atPoint(place.most, place.digits, most[0]),
                        place.remainder,
                        false);
                graph.edge(from, new Expr.Text("."), place(point, states, open, graph));
            }
            boolean room = place.places < 0 ? place.digits < mostDigits : place.places < mostPlaces;
            if (room && !place.zero) {
                for (int digit = 0; digit < 10; digit++) {
                    Place next = after(place, digit);
                    graph.edge(
                            from,
                            new Expr.Chars(CharSet.range('0' + digit, '0' + digit)),
                            place(next, states, open, graph));
                }
            }
        }
        return graph.graph();
    }

    private static int place(Place place, Map<Place, Integer> states, List<Place> open, GraphBuilder graph) {
        return states.computeIfAbsent(place, added -> {
            open.add(added);
            return graph.state();
        });
    }

    private Place after(Place place, int digit) {
        int remainder = (int) ((place.remainder * 10L + digit) % divisor);
        if (place.places >= 0) {
            return new Place(
                    place.digits,
                    place.places + 1,
                    compared(place.least, digit, place.places, least[1]),
                    compared(place.most, digit, place.places, most[1]),
                    remainder,
                    false);
        }
        int low = compared(place.least, digit, place.digits, least[0]);
        int high = compared(place.most, digit, place.digits, most[0]);
        return new Place(place.digits + 1, -1, low, high, remainder, place.digits == 0 && digit == 0);
    }

    private static int compared(int before, int digit, int index, String bound) {
        int other = index < bound.length() ? bound.charAt(index) - '0' : 0;
        return before != EQUAL ? before : digit < other ? LESS : digit > other ? GREATER : EQUAL;
    }

    /** How the whole part compares once its length is known. */
    private static int atPoint(int comparison, int digits, String bound) {
        return digits < bound.length() ? LESS : digits > bound.length() ? GREATER : comparison;
    }

    private boolean fits(Place place) {
        int low = place.least;
        int high = place.most;
        if (place.places < 0) {
            low = atPoint(low, place.digits, least[0]);
            high = atPoint(high, place.digits, most[0]);
        } else if (place.places == 0) {
            return false; // a point needs a digit
        }
        int read = Math.max(0, place.places);
        if (low == EQUAL && rest(least[1], read)) {
            low = LESS;
        }
        if (high == EQUAL && rest(most[1], read)) {
            high = LESS;
        }
        boolean enough = range.least.isEmpty() || low == GREATER || (low == EQUAL && !range.aboveLeast);
        boolean notMore = range.most.isEmpty() || high == LESS || (high == EQUAL && !range.belowMost);
        long remainder = place.remainder;
        for (int i = read; i < scale; i++) {
            remainder = remainder * 10 % divisor;
        }
        return enough && notMore && remainder == 0;
    }

    /** Whether a bound has more behind the point than was read: its last digit is never 0. */
    private static boolean rest(String places, int read) {
        return places.length() > read;
    }
}
