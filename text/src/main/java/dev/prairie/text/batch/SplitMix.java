package dev.prairie.text.batch;

/**
 * A small random generator whose numbers are fixed for ever, which the library's are not promised to be.
 *
 * @see <a href="https://doi.org/10.1145/2714064.2660195">Steele, Lea, Flood: Fast splittable pseudorandom number
 *     generators</a>
 */
final class SplitMix {
    private long state;

    /** A stream of numbers for each pair of seed and index. */
    SplitMix(long seed, long index) {
        state = mix(seed) ^ mix(index + 0x9E3779B97F4A7C15L);
    }

    /** A number in {@code 0 .. bound - 1}, evenly spread. */
    long below(long bound) {
        while (true) {
            long bits = next() >>> 1;
            long value = bits % bound;
            if (bits - value + (bound - 1) >= 0) { // else of the incomplete last round
                return value;
            }
        }
    }

    private long next() {
        state += 0x9E3779B97F4A7C15L;
        return mix(state);
    }

    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }
}
