package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.util.List;

/** The {@code %} of strings and the filter {@code format}: {@code %s %r %d %i %x %o %f %e %g %c %%} and {@code %(name)s}. */
final class PercentFormat {
    private final Environment environment;
    private final Value values;
    private final List<Value> positional;
    private int used;

    private PercentFormat(Environment environment, Value values) {
        this.environment = environment;
        this.values = values;
        this.positional = values instanceof Sequence sequence && sequence.kind() == Sequence.Kind.TUPLE
                ? sequence.items()
                : List.of(values);
    }

    static String format(Environment environment, String format, Value values) {
        PercentFormat job = new PercentFormat(environment, values);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); ) {
            char c = format.charAt(i);
            if (c == '%') {
                i = job.directive(format, i + 1, out);
            } else {
                out.append(c);
                i++;
            }
        }
        if (job.used < job.positional.size() && !(values instanceof Value.Dict)) {
            throw environment.error("the format has " + job.used + " places for " + job.positional.size()
                    + " values; give as many of both");
        }
        return out.toString();
    }

    private int directive(String format, int from, StringBuilder out) {
        int at = from;
        String name = "";
        boolean named = at < format.length() && format.charAt(at) == '(';
        if (named) {
            int end = format.indexOf(')', at);
            if (end < 0) {
                throw environment.error("a name in the format is never closed; end it with )");
            }
            name = format.substring(at + 1, end);
            at = end + 1;
        }
        int flags = at;
        while (at < format.length() && "#0- +".indexOf(format.charAt(at)) >= 0) {
            at++;
        }
        String flag = format.substring(flags, at);
        int width = at;
        while (at < format.length() && (Character.isDigit(format.charAt(at)) || format.charAt(at) == '.')) {
            at++;
        }
        String places = format.substring(width, at);
        if (at >= format.length()) {
            throw environment.error("the format ends inside a %; write %% for a percent sign");
        }
        char type = format.charAt(at);
        if (type == '%') {
            out.append('%');
            return at + 1;
        }
        String made = one(type, flag, places, next(named, name));
        environment.text(made.length());
        out.append(made);
        return at + 1;
    }

    private Value next(boolean named, String name) {
        if (named) {
            return values instanceof Value.Dict dict
                    ? Dicts.get(environment, dict, Value.of(name))
                            .orElseThrow(() -> environment.error("the format names '" + name + "'; give it a value"))
                    : environment.fail("a format with names takes a dict; give it one");
        }
        if (used >= positional.size()) {
            throw environment.error("the format has more places than the " + positional.size()
                    + " values given; give as many of both");
        }
        return positional.get(used++);
    }

    private String one(char type, String flag, String places, Value value) {
        Printer printer = new Printer(environment);
        boolean text = type == 's' || type == 'r' || type == 'a' || (type == 'c' && value instanceof Value.Str);
        String align = flag.contains("-") ? "<" : text ? ">" : "";
        String zero = flag.contains("0") && !flag.contains("-") && !text ? "0" : "";
        String sign = text ? "" : flag.contains("+") ? "+" : flag.contains(" ") ? " " : "";
        String alternate = flag.contains("#") && !text ? "#" : "";
        Value shown = text ? Value.of(type == 'r' || type == 'a' ? printer.repr(value) : printer.print(value)) : value;
        if ("diu".indexOf(type) >= 0 && value instanceof Value.Float number) {
            shown = new Value.Int(Numbers.truncate(number.value())
                    .orElseThrow(() -> environment.error("%d does not take an infinite number; give a finite one")));
        }
        char letter = text ? 's' : "diu".indexOf(type) >= 0 ? 'd' : type;
        if ("sdcoxXeEfFgG".indexOf(letter) < 0) {
            throw environment.error("%" + type + " is no format; use %s, %d or %f");
        }
        if (!text && !Comparison.isNumber(shown)) {
            throw environment.error("%" + type + " does not take " + Types.name(value) + "; give a number");
        }
        String cut = letter == 'd' && places.indexOf('.') >= 0 ? places.substring(0, places.indexOf('.')) : places;
        return FormatSpec.parse(environment, align + sign + alternate + zero + cut + letter)
                .apply(environment, letter == 'd' ? new Numbers(environment).plus(shown) : shown);
    }
}
