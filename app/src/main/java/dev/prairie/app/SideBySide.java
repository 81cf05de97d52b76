package dev.prairie.app;

import dev.prairie.app.peer.Curves;
import dev.prairie.tensor.DType;
import java.io.PrintWriter;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/**
 * The same training steps done twice, in turn.
 *
 * @param model          for people
 * @param precision      of ours
 * @param ours           tokens a second of the device that was chosen
 * @param peer           what it is compared with
 * @param theirs         its tokens a second
 * @param lossDifference the largest relative difference of the losses of a step
 */
record SideBySide(String model, String precision, double ours, String peer, double theirs, double lossDifference) {
    /** Run {@code own} against the speed of run {@code speed} and the losses of run {@code loss}. */
    static SideBySide of(BenchModel model, DType precision, Curves curves, int own, int speed, int loss) {
        double tokens = BenchModel.ROWS * BenchModel.LENGTH;
        return new SideBySide(
                model.title(),
                precision.name().toLowerCase(Locale.ROOT),
                tokens / curves.medianSeconds(own),
                curves.runs().get(speed).name(),
                tokens / curves.medianSeconds(speed),
                curves.lossDifference(own, loss));
    }

    /** A line of JSON, or one for people. */
    void print(PrintWriter out, boolean json) {
        if (json) {
            var line = JsonMapper.shared().createObjectNode();
            line.put("model", model);
            line.put("precision", precision);
            line.putObject("ours").put("tokensPerSecond", rounded(ours, 10));
            line.putObject("peer").put("name", peer).put("tokensPerSecond", rounded(theirs, 10));
            line.put("ratio", rounded(ours / theirs, 1e3));
            line.put("lossDifference", lossDifference);
            out.println(line);
        } else
            out.printf(
                    Locale.ROOT,
                    "%s, %s: %,.0f tokens/s, %s: %,.0f tokens/s, %.2f times; losses differ by at most %.1e%n",
                    model,
                    precision,
                    ours,
                    peer,
                    theirs,
                    ours / theirs,
                    lossDifference);
        out.flush();
    }

    // Not Math.round: it makes 0 of what is no number.
    private static double rounded(double value, double parts) {
        return Math.rint(value * parts) / parts;
    }
}
