package dev.prairie.train.loop;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The loss curve of a run as SVG: training thin (smoothed where there is much of it), validation bold with its points. */
final class LossPlot {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 420;
    private static final int LEFT = 62;
    private static final int RIGHT = 24;
    private static final int TOP = 44;
    private static final int BOTTOM = 46;
    private static final int COLUMNS = 400;

    private record Point(double step, double loss) {}

    private final double steps;
    private final double low;
    private final double high;
    private final StringBuilder svg = new StringBuilder();

    private LossPlot(double steps, double low, double high) {
        this.steps = steps;
        this.low = low;
        this.high = high;
    }

    static String svg(String title, List<Metrics.Line> lines) {
        List<Point> training = thinned(lines);
        List<Point> validation = lines.stream()
                .filter(l -> l.valLoss().isPresent())
                .map(l -> new Point(l.step(), l.valLoss().getAsDouble()))
                .toList();
        var all = new ArrayList<>(training);
        all.addAll(validation);
        double min = bound(all, Point::loss, 0, false);
        double max = bound(all, Point::loss, 1, true);
        double steps = Math.max(1, bound(all, Point::step, 1, true));
        double tick = tick(Math.max(max - min, 1e-3));
        var plot = new LossPlot(steps, Math.floor(min / tick) * tick, Math.ceil(max / tick) * tick);
        return plot.draw(title, training, validation, tick);
    }

    private static double bound(List<Point> points, ToDoubleFunction<Point> of, double empty, boolean highest) {
        var values = points.stream().mapToDouble(of).filter(Double::isFinite);
        return (highest ? values.max() : values.min()).orElse(empty);
    }

    /** At most {@link #COLUMNS} points, each the mean of its stretch of steps. */
    private static List<Point> thinned(List<Metrics.Line> lines) {
        var points = new ArrayList<Point>();
        int stretch = Math.max(1, lines.size() / COLUMNS);
        for (int from = 0; from < lines.size(); from += stretch) {
            List<Metrics.Line> part = lines.subList(from, Math.min(lines.size(), from + stretch));
            points.add(new Point(
                    part.getLast().step(),
                    part.stream().mapToDouble(Metrics.Line::loss).average().orElseThrow()));
        }
        return points;
    }

    /** A round distance between lines, about five of them to the height. */
    private static double tick(double span) {
        double power = Math.pow(10, Math.floor(Math.log10(span / 5)));
        double mantissa = span / 5 / power;
        return power * (mantissa < 1.5 ? 1 : mantissa < 3.5 ? 2 : mantissa < 7.5 ? 5 : 10);
    }

    private String draw(String title, List<Point> training, List<Point> validation, double tick) {
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"system-ui, sans-serif\""
                        + " font-size=\"12\">",
                WIDTH, HEIGHT);
        add("<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>", WIDTH, HEIGHT);
        text(LEFT, 24, "start", "#222", escaped(title));
        for (double y = low; y <= high + tick / 2; y += tick) {
            add(
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e4e4e4\"/>",
                    LEFT, WIDTH - RIGHT, y(y), y(y));
            text(LEFT - 8, y(y) + 4, "end", "#666", number(y));
        }
        double stepTick = tick(steps);
        for (double x = 0; x <= steps + stepTick / 1000; x += stepTick)
            text(x(x), HEIGHT - BOTTOM + 18, "middle", "#666", number(x));
        text(WIDTH - RIGHT, HEIGHT - 10, "end", "#666", "step");
        text(LEFT, 38, "start", "#666", "loss, nats a token");
        line(training, "#7aa6d8", 1.2);
        line(validation, "#c8402f", 2);
        for (Point p : validation)
            add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\" fill=\"#c8402f\"/>", x(p.step), y(p.loss));
        text(WIDTH - RIGHT, 24, "end", "#7aa6d8", legend("training", training));
        text(WIDTH - RIGHT, 40, "end", "#c8402f", legend("validation", validation));
        add("</svg>");
        return svg.toString();
    }

    private static String legend(String name, List<Point> points) {
        return points.isEmpty() ? name : name + " " + String.format(Locale.ROOT, "%.4f", points.getLast().loss);
    }

    private void line(List<Point> points, String colour, double width) {
        if (points.isEmpty()) return;
        var path = new StringBuilder();
        for (Point p : points)
            if (Double.isFinite(p.loss)) path.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(p.step), y(p.loss)));
        add(
                "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" stroke-linejoin=\"round\"/>",
                path.toString().strip(), colour, width);
    }

    private void text(double x, double y, String anchor, String colour, String content) {
        add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>", x, y, anchor, colour, content);
    }

    private void add(String format, Object... arguments) {
        svg.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }

    private double x(double step) {
        return LEFT + step / steps * (WIDTH - LEFT - RIGHT);
    }

    private double y(double loss) {
        return HEIGHT - BOTTOM - (loss - low) / Math.max(high - low, 1e-9) * (HEIGHT - TOP - BOTTOM);
    }

    private static String number(double v) {
        return v == Math.rint(v)
                ? String.format(Locale.ROOT, "%.0f", v)
                : String.format(Locale.ROOT, "%.4g", v).replaceAll("0+$", "");
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
