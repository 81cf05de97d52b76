package dev.prairie.app;

import dev.prairie.tensor.device.ProfiledKernels;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where a training step goes.
 *
 * @param rows    the longest first; last {@code other}, what is in no kernel
 * @param millis  of a whole step
 * @param outside share of the step that is neither a matrix product nor attention
 */
record StepProfile(List<Row> rows, double millis, double outside) {
    /** One operator: calls and milliseconds of a step, and its share of the step. */
    record Row(String op, long calls, double millis, double share) {}

    StepProfile {
        rows = List.copyOf(rows);
    }

    /** From what {@code steps} steps of {@code seconds} in all called. */
    static StepProfile of(List<ProfiledKernels.Line> lines, double seconds, int steps) {
        var rows = new ArrayList<Row>();
        double inside = 0;
        double known = 0;
        for (var line : lines) {
            double share = line.seconds() / seconds;
            rows.add(new Row(line.op(), line.calls() / steps, 1e3 * line.seconds() / steps, share));
            known += share;
            if (line.op().startsWith("matmul") || line.op().startsWith("attention")) inside += share;
        }
        rows.add(new Row("other", 0, 1e3 * seconds * (1 - known) / steps, 1 - known));
        return new StepProfile(rows, 1e3 * seconds / steps, 1 - inside);
    }

    /** For people. */
    void table(PrintWriter out) {
        out.printf("%-22s %6s %10s %7s%n", "operator", "calls", "ms a step", "share");
        for (Row row : rows) line(out, row);
        line(out, new Row("step", 0, millis, 1));
        out.printf(Locale.ROOT, "outside matrix products and attention: %.1f %%%n", 100 * outside);
    }

    private static void line(PrintWriter out, Row row) {
        String calls = row.calls == 0 ? "" : Long.toString(row.calls);
        out.printf(Locale.ROOT, "%-22s %6s %10.2f %6.1f%%%n", row.op, calls, row.millis, 100 * row.share);
    }

    /** A line of JSON for each operator, and one for what is outside. */
    void lines(PrintWriter out) {
        for (Row row : rows) {
            var node = JsonMapper.shared().createObjectNode();
            node.put("op", row.op);
            node.put("calls", row.calls);
            node.put("millis", Math.round(row.millis * 1e3) / 1e3);
            node.put("share", Math.round(row.share * 1e4) / 1e4);
            out.println(node);
        }
        out.println(JsonMapper.shared().createObjectNode().put("outside", Math.round(outside * 1e4) / 1e4));
    }
}
