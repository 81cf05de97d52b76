package dev.prairie.serve.access;

/**
 * How much a key may do; 0 is no limit.
 *
 * @param requestsPerMinute calls that work, in any 60 seconds
 * @param tokensPerMinute   prompt and answer together, in any 60 seconds
 * @param tokensPerDay      prompt and answer together, in a day of UTC
 */
public record Limits(long requestsPerMinute, long tokensPerMinute, long tokensPerDay) {
    /** No limit at all. */
    public static final Limits NONE = new Limits(0, 0, 0);

    public Limits {
        check("requests per minute", requestsPerMinute);
        check("tokens per minute", tokensPerMinute);
        check("tokens per day", tokensPerDay);
    }

    private static void check(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + ": " + value + "; give a number above 0, or 0 for no limit");
        }
    }
}
