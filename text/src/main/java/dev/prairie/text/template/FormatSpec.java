package dev.prairie.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How one value is laid out by {@code format}: fill, alignment, sign, width, grouping, precision, type
 * (<a href="https://docs.python.org/3/library/string.html#formatspec">Python's format specification</a>).
 */
record FormatSpec(String fill, char align, char sign, boolean alternate, int width, String grouping, int precision, char type) {
    private static final int LARGEST = 10_000;

    private static final Pattern SPEC = Pattern.compile(
            "(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d{1,9})?([,_])?(?:\\.(\\d{1,9}))?([bcdeEfFgGnosxX%])?", Pattern.DOTALL);

    static FormatSpec parse(Environment environment, String text) {
        Matcher spec = SPEC.matcher(text);
        if (!spec.matches()) {
            throw environment.error("'" + text + "' is no format; use one such as >8 or .2f");
        }
        boolean zeros = spec.group(5) != null;
        String fill = spec.group(1) != null ? spec.group(1) : zeros ? "0" : " ";
        char align = spec.group(2) != null ? spec.group(2).charAt(0) : zeros ? '=' : 0;
        int width = spec.group(6) == null ? 0 : Integer.parseInt(spec.group(6));
        int precision = spec.group(8) == null ? -1 : Integer.parseInt(spec.group(8));
        if (width > LARGEST || precision > LARGEST) {
            throw environment.error("the format '" + text + "' asks for more than " + LARGEST + " places; use fewer");
        }
        return new FormatSpec(
                fill,
                align,
                spec.group(3) == null ? '-' : spec.group(3).charAt(0),
                spec.group(4) != null,
                width,
                spec.group(7) == null ? "" : spec.group(7),
                precision,
                spec.group(9) == null ? 0 : spec.group(9).charAt(0));
    }

    String apply(Environment environment, Value value) {
        environment.text(width + Math.max(0, precision));
        boolean number = Comparison.isNumber(value) && !(value instanceof Value.Bool && type == 0);
        if (!number) {
            if (type != 0 && type != 's') {
                throw environment.error("the format '" + type + "' does not take " + Types.name(value) + "; use s");
            }
            String text = new Printer(environment).print(value);
            return pad(precision >= 0 ? Text.slice(text, 0, Math.min(precision, Text.length(text))) : text, "", '<');
        }
        boolean whole = !(value instanceof Value.Float);
        if (type == 's' || (whole && type == 0 && precision >= 0)) {
            throw environment.error("this format does not take " + Types.name(value) + "; use d or f");
        }
        if (whole && (type == 0 || "bcdnoxX".indexOf(type) >= 0)) {
            return integer(new Numbers(environment).plus(value) instanceof Value.Int i ? i.value() : BigInteger.ZERO);
        }
        if (!whole && type != 0 && "bcdoxX".indexOf(type) >= 0) {
            throw environment.error("the format '" + type + "' does not take a float; use f, or the filter int");
        }
        double number64 = Numbers.toDouble(environment, value);
        String body = floating(Math.abs(number64), precision, type, alternate);
        return pad(group(body), signOf(number64 < 0 || (number64 == 0 && 1 / number64 < 0)), '>');
    }

    private String integer(BigInteger value) {
        if (type == 'c') {
            return pad(Character.toString(value.intValue() & 0xFFFF), "", '<');
        }
        int radix = type == 'b' ? 2 : type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
        String digits = value.abs().toString(radix);
        String prefix = alternate && radix != 10 ? "0" + type : "";
        return pad(
                group(type == 'X' ? digits.toUpperCase(Locale.ROOT) : digits), signOf(value.signum() < 0) + prefix, '>');
    }

    private String signOf(boolean negative) {
        return negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    }

    private String group(String body) {
        if (grouping.isEmpty()) {
            return body;
        }
        int end = 0;
        while (end < body.length() && Character.digit(body.charAt(end), 16) >= 0 && body.charAt(end) != 'e') {
            end++;
        }
        StringBuilder grouped = new StringBuilder(body);
        for (int at = end - 3; at > 0; at -= 3) {
            grouped.insert(at, grouping);
        }
        return grouped.toString();
    }

    private String pad(String body, String prefix, char usual) {
        int missing = width - Text.length(body) - prefix.length();
        if (missing <= 0) {
            return prefix + body;
        }
        return switch (align == 0 ? usual : align) {
            case '<' -> prefix + body + fill.repeat(missing);
            case '=' -> prefix + fill.repeat(missing) + body;
            case '^' -> fill.repeat(missing / 2) + prefix + body + fill.repeat(missing - missing / 2);
            default -> fill.repeat(missing) + prefix + body;
        };
    }

    /** A float that is not negative, by the rules of C's printf. */
    static String floating(double value, int precision, char type, boolean alternate) {
        if (!Double.isFinite(value)) {
            return Double.isNaN(value) ? "nan" : "inf";
        }
        int places = precision < 0 ? 6 : precision;
        return switch (type) {
            case 'f', 'F' -> new BigDecimal(value).setScale(places, RoundingMode.HALF_EVEN).toPlainString();
            case '%' ->
                new BigDecimal(value * 100).setScale(places, RoundingMode.HALF_EVEN).toPlainString() + "%";
            case 'e', 'E' -> scientific(value, places, type);
            case 0 -> precision < 0 ? Numbers.print(value) : general(value, precision, 'g', false, true);
            default -> general(value, places, type, alternate, false);
        };
    }

    private static String scientific(double value, int places, char letter) {
        BigDecimal exact = new BigDecimal(value);
        BigDecimal rounded = exact.signum() == 0
                ? BigDecimal.ZERO.setScale(places)
                : exact.round(new java.math.MathContext(places + 1, RoundingMode.HALF_EVEN));
        String digits = rounded.unscaledValue().toString();
        int exponent = exact.signum() == 0 ? 0 : digits.length() - 1 - rounded.scale();
        StringBuilder text = new StringBuilder(digits);
        text.append("0".repeat(Math.max(0, places + 1 - digits.length())));
        text.setLength(places + 1);
        if (places > 0) {
            text.insert(1, '.');
        }
        return text + (letter == 'E' ? "E" : "e") + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }

    private static String general(double value, int precision, char letter, boolean alternate, boolean point) {
        int digits = Math.max(1, precision);
        String scientific = scientific(value, digits - 1, letter == 'G' ? 'E' : 'e');
        int at = scientific.indexOf(letter == 'G' ? 'E' : 'e');
        int exponent = Integer.parseInt(scientific.substring(at + 1));
        if (exponent < -4 || exponent >= (point ? digits - 1 : digits)) {
            return (alternate ? scientific.substring(0, at) : trim(scientific.substring(0, at)))
                    + scientific.substring(at);
        }
        String plain = new BigDecimal(value)
                .setScale(Math.max(0, digits - 1 - exponent), RoundingMode.HALF_EVEN)
                .toPlainString();
        String trimmed = alternate ? plain : trim(plain);
        return point && trimmed.indexOf('.') < 0 ? trimmed + ".0" : trimmed;
    }

    private static String trim(String digits) {
        if (digits.indexOf('.') < 0) {
            return digits;
        }
        int end = digits.length();
        while (digits.charAt(end - 1) == '0') {
            end--;
        }
        return digits.substring(0, digits.charAt(end - 1) == '.' ? end - 1 : end);
    }
}
