package dev.prairie.serve.access;

/** What was used in some time. */
public record Totals(long requests, long failures, long prompt, long cached, long completion) {
    /** Nothing. */
    public static final Totals NONE = new Totals(0, 0, 0, 0, 0);

    /** Both together. */
    public Totals plus(Totals other) {
        return new Totals(
                requests + other.requests,
                failures + other.failures,
                prompt + other.prompt,
                cached + other.cached,
                completion + other.completion);
    }

    /** Prompt and answer together. */
    public long tokens() {
        return prompt + completion;
    }
}
