package dev.prairie.serve.observe;

import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** How often something took how long, in seconds. */
final class Histogram {
    /** How many there were, and how long they took together. */
    record Sum(long count, double seconds) {
        Sum plus(Sum other) {
            return new Sum(count + other.count, seconds + other.seconds);
        }
    }

    private final double[] bounds;
    private final LongAdder[] buckets; // one more than bounds: what is above the last
    private final DoubleAdder seconds = new DoubleAdder();

    /** @param bounds upper ends of the buckets, included in them, ascending */
    Histogram(double[] bounds) {
        this.bounds = bounds;
        this.buckets = new LongAdder[bounds.length + 1];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = new LongAdder();
        }
    }

    void add(double value) {
        int bucket = 0;
        while (bucket < bounds.length && value > bounds[bucket]) {
            bucket++;
        }
        buckets[bucket].increment();
        seconds.add(value);
    }

    Sum sum() {
        long count = 0;
        for (LongAdder bucket : buckets) {
            count += bucket.sum();
        }
        return new Sum(count, seconds.sum());
    }

    /** Writes its samples: each bucket holds what is below it, too. */
    void write(Exposition out, String name, String... labels) {
        long count = 0;
        for (int i = 0; i < buckets.length; i++) {
            count += buckets[i].sum();
            String[] with = java.util.Arrays.copyOf(labels, labels.length + 2);
            with[labels.length] = "le";
            with[labels.length + 1] = i < bounds.length ? Exposition.number(bounds[i]) : "+Inf";
            out.sample(name + "_bucket", count, with);
        }
        out.sample(name + "_sum", seconds.sum(), labels);
        out.sample(name + "_count", count, labels);
    }
}
