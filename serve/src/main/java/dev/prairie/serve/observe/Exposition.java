package dev.prairie.serve.observe;

/**
 * Writes metrics as Prometheus reads them, version 0.0.4 of its
 * <a href="https://prometheus.io/docs/instrumenting/exposition_formats/">text format</a>.
 */
final class Exposition {
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final StringBuilder text = new StringBuilder();

    /** Begins a metric: its samples follow. */
    void metric(String name, String type, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    /** A sample; labels are names and values in turn. */
    void sample(String name, Number value, String... labels) {
        text.append(name);
        for (int i = 0; i < labels.length; i += 2) {
            text.append(i == 0 ? '{' : ',').append(labels[i]).append("=\"");
            escape(labels[i + 1]);
            text.append('"');
        }
        if (labels.length > 0) {
            text.append('}');
        }
        text.append(' ').append(number(value)).append('\n');
    }

    /** A metric of one sample. */
    void single(String name, String type, String help, Number value, String... labels) {
        metric(name, type, help);
        sample(name, value, labels);
    }

    private void escape(String value) {
        for (int i = 0; i < value.length(); i++) {
            switch (value.charAt(i)) {
                case '\\' -> text.append("\\\\");
                case '"' -> text.append("\\\"");
                case '\n' -> text.append("\\n");
                default -> text.append(value.charAt(i));
            }
        }
    }

    /** Whole numbers without a point. */
    static String number(Number number) {
        double value = number.doubleValue();
        return number instanceof Double && (value != Math.rint(value) || Math.abs(value) >= 1e15)
                ? Double.toString(value)
                : Long.toString(number.longValue());
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
