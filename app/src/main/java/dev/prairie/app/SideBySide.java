package dev.prairie.app;

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
    /** {@code |a - b| / b}, the largest of all steps. */
    static double lossDifference(double[] a, double[] b) {
        double worst = 0;
        for (int i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]) / Math.abs(b[i]));
        return worst;
    }

    void print(PrintWriter out, boolean json) {
        if (json) {
            var line = JsonMapper.shared().createObjectNode();
            line.put("model", model);
            line.put("precision", precision);
            line.putObject("ours").put("tokensPerSecond", Math.round(ours * 10) / 10.0);
            line.putObject("peer").put("name", peer).put("tokensPerSecond", Math.round(theirs * 10) / 10.0);
            line.put("ratio", Math.round(ours / theirs * 1e3) / 1e3);
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
}
