package dev.prairie.app;

import dev.prairie.app.hub.Pull;
import dev.prairie.train.loop.Metrics;
import dev.prairie.train.loop.TrainingListener;
import java.io.PrintStream;
import java.util.Locale;

/**
 * How a run looks in a terminal: one line of progress that is rewritten in place, and above it what is worth keeping. Not
 * on a terminal, a line every ten seconds instead.
 */
final class Terminal implements TrainingListener {
    private static final int BAR = 24;
    private static final long REDRAW_NANOS = 100_000_000L;
    private static final long QUIET_NANOS = 10_000_000_000L;

    private final PrintStream out;
    private final boolean interactive;
    private final long began = System.nanoTime();
    private long drawn = Long.MIN_VALUE / 2;
    private boolean open;
    private long already = -1; // bytes that were here before

    /** On standard error: standard output is for results. */
    Terminal() {
        this(System.err, isTerminal());
    }

    /** Whether a person is at the other end. */
    @SuppressWarnings("SystemConsoleNull") // it is null where the module of the default console is not resolved
    static boolean isTerminal() {
        var console = System.console();
        return console != null && console.isTerminal();
    }

    Terminal(PrintStream out, boolean interactive) {
        this.out = out;
        this.interactive = interactive;
    }

    @Override
    public void stage(String what) {
        if (interactive && !what.equals("training")) draw(what + " …");
        else if (!interactive) print(what);
    }

    @Override
    public void note(String text) {
        print(text);
    }

    @Override
    public void step(Metrics.Line line, int steps, double secondsLeft) {
        progress(
                line.step(),
                steps,
                String.format(
                        Locale.ROOT,
                        "loss %.3f  %,.0f tokens/s  MFU %.0f %%  %s left",
                        line.loss(),
                        line.tokensPerSecond(),
                        100 * line.mfu(),
                        time(secondsLeft)));
    }

    /** {@code done} of {@code all}, as often as a person can read it. */
    void progress(long done, long all, String text) {
        long now = System.nanoTime();
        if (now - drawn < (interactive ? REDRAW_NANOS : QUIET_NANOS) && done < all) return;
        drawn = now;
        int filled = all == 0 ? BAR : (int) Math.round((double) BAR * done / all);
        String line = "━".repeat(filled) + "─".repeat(BAR - filled) + " " + done + "/" + all + "  " + text;
        if (interactive) draw(line);
        else print(line);
    }

    @Override
    public void validated(int step, double loss, double bitsPerByte) {
        print(String.format(
                Locale.ROOT,
                "step %d: validation loss %.4f nats a token, %.4f bits a byte (%s)",
                step,
                loss,
                bitsPerByte,
                time((System.nanoTime() - began) / 1e9)));
    }

    @Override
    public void sample(int step, String text) {
        print("step " + step + " writes: ┄┄┄");
        text.strip().lines().forEach(line -> print("  │ " + line));
    }

    /** Bytes that are here of those that are to come; 0 of those where nobody knows. */
    void arrived(long bytes, long total, String current) {
        if (already < 0) already = bytes;
        long now = System.nanoTime();
        boolean whole = total > 0 && bytes >= total;
        if (now - drawn < (interactive ? REDRAW_NANOS : QUIET_NANOS) && !whole) return;
        if (whole && current.isEmpty() && !open) return;
        drawn = now;
        double seconds = Math.max(1e-3, (now - began) / 1e9);
        int filled = total > 0 ? (int) Math.min(BAR, BAR * bytes / total) : 0;
        String text = (total > 0 ? "━".repeat(filled) + "─".repeat(BAR - filled) + " " : "")
                + Pull.shown(bytes)
                + (total > 0 ? " of " + Pull.shown(total) : "")
                + "  " + Pull.shown((long) (Math.max(0, bytes - already) / seconds)) + "/s  " + current;
        if (interactive) draw(text);
        else print(text);
    }

    /** A line that stays. */
    void print(String text) {
        if (open) out.print("\r\033[K");
        open = false;
        out.println(text);
        out.flush();
    }

    /** Ends the line of progress. */
    void end() {
        if (open) out.println();
        open = false;
        out.flush();
    }

    private void draw(String text) {
        out.print("\r\033[K" + text);
        out.flush();
        open = true;
    }

    private static String time(double seconds) {
        long s = Math.round(seconds);
        return s >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60)
                : String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60);
    }
}
