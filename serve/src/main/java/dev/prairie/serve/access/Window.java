package dev.prairie.serve.access;

import java.util.ArrayDeque;

/** What happened in the last 60 seconds, to the nanosecond: not buckets, which let twice as much through at their edges. */
final class Window {
    private static final long LENGTH = 60_000_000_000L;

    private record Entry(long at, long amount) {}

    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private long sum;

    /** {@code amount} happened at {@code now}. */
    void add(long now, long amount) {
        if (amount > 0) {
            entries.add(new Entry(now, amount));
            sum += amount;
        }
    }

    /** How much there is at {@code now}. */
    long sum(long now) {
        while (!entries.isEmpty() && now - entries.getFirst().at >= LENGTH) {
            sum -= entries.removeFirst().amount;
        }
        return sum;
    }

    /** Nanoseconds after {@code now} at which {@code amount} of what there is will have passed. */
    long until(long now, long amount) {
        long passed = 0;
        for (Entry entry : entries) {
            passed += entry.amount;
            if (passed >= amount) {
                return Math.max(0, entry.at + LENGTH - now);
            }
        }
        return LENGTH;
    }
}
