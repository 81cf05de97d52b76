package dev.prairie.train.loop;

/** Speed of training steps, over all of them and lately. */
final class Clock {
    /** Weight of the past in what is called lately: about the last twenty steps. */
    private static final double MEMORY = 0.95;

    private final long tokens;
    private long began;
    private long steps;
    private double seconds;
    private double recent;

    Clock(long tokensPerStep) {
        tokens = tokensPerStep;
    }

    void start() {
        began = System.nanoTime();
    }

    void end() {
        double took = (System.nanoTime() - began) / 1e9;
        steps++;
        seconds += took;
        double memory = Math.min(MEMORY, 1 - 1.0 / steps); // a plain mean until there is enough past
        recent = memory * recent + (1 - memory) * took;
    }

    double recentSecondsPerStep() {
        return recent;
    }

    double recentTokensPerSecond() {
        return tokens / recent;
    }

    double tokensPerSecond() {
        return steps == 0 ? 0 : tokens * steps / seconds;
    }
}
