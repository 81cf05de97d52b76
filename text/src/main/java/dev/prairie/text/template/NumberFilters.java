package dev.prairie.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Optional;
import java.util.OptionalDouble;

/** The filters that give numbers. */
final class NumberFilters {
    private static final int MOST_DIGITS = 4000;

    private final Environment environment;
    private final Arguments arguments;

    NumberFilters(Environment environment, Arguments arguments) {
        this.environment = environment;
        this.arguments = arguments;
    }

    Value apply(String name, Value value) {
        return switch (name) {
            case "abs" -> abs(value);
            case "int" -> {
                Value otherwise = arguments.next("default").orElse(Value.of(0));
                int base = arguments.integer("base", 10);
                yield integer(value, base).<Value>map(Value.Int::new).orElse(otherwise);
            }
            case "float" -> {
                Value otherwise = arguments.next("default").orElse(new Value.Float(0));
                OptionalDouble number = floating(value);
                yield number.isPresent() ? new Value.Float(number.getAsDouble()) : otherwise;
            }
            default -> round(value);
        };
    }

    private Value abs(Value value) {
        return switch (value) {
            case Value.Int integer -> new Value.Int(integer.value().abs());
            case Value.Float number -> new Value.Float(Math.abs(number.value()));
            case Value.Bool bool -> Value.of(bool.value() ? 1 : 0);
            default -> environment.fail("abs does not take " + Types.name(value) + "; give a number");
        };
    }

    private static Optional<BigInteger> integer(Value value, int base) {
        return switch (value) {
            case Value.Int integer -> Optional.of(integer.value());
            case Value.Bool bool -> Optional.of(bool.value() ? BigInteger.ONE : BigInteger.ZERO);
            case Value.Float number -> Numbers.truncate(number.value());
            case Value.Str str -> parse(str.text(), base).or(() -> {
                OptionalDouble number = floating(value);
                return number.isPresent() ? Numbers.truncate(number.getAsDouble()) : Optional.empty();
            });
            default -> Optional.empty();
        };
    }

    private static Optional<BigInteger> parse(String text, int base) {
        String digits = Text.strip(text);
        boolean negative = digits.startsWith("-");
        if (negative || digits.startsWith("+")) {
            digits = digits.substring(1);
        }
        int radix = base;
        if (digits.length() > 2 && digits.charAt(0) == '0') {
            int named = NumberLexer.radix(digits.charAt(1));
            if (named != 0 && (base == 0 || base == named)) {
                radix = named;
                digits = digits.substring(digits.charAt(2) == '_' ? 3 : 2);
            }
        }
        radix = radix == 0 ? 10 : radix;
        if (digits.length() > MOST_DIGITS || radix < 2 || radix > 36 || !isNumber(digits, radix)) {
            return Optional.empty();
        }
        BigInteger value = new BigInteger(digits.replace("_", ""), radix);
        return Optional.of(negative ? value.negate() : value);
    }

    private static boolean isNumber(String digits, int radix) {
        boolean digitBefore = false;
        for (int i = 0; i < digits.length(); i++) {
            boolean digit = Character.digit(digits.charAt(i), radix) >= 0;
            if (!digit && !(digits.charAt(i) == '_' && digitBefore)) {
                return false;
            }
            digitBefore = digit;
        }
        return digitBefore;
    }

    private static OptionalDouble floating(Value value) {
        return switch (value) {
            case Value.Float number -> OptionalDouble.of(number.value());
            case Value.Int integer -> OptionalDouble.of(integer.value().doubleValue());
            case Value.Bool bool -> OptionalDouble.of(bool.value() ? 1 : 0);
            case Value.Str str -> parseFloat(Text.strip(str.text()));
            default -> OptionalDouble.empty();
        };
    }

    private static OptionalDouble parseFloat(String text) {
        String lower = text.toLowerCase(java.util.Locale.ROOT);
        String unsigned = lower.startsWith("-") || lower.startsWith("+") ? lower.substring(1) : lower;
        double sign = lower.startsWith("-") ? -1 : 1;
        if (unsigned.equals("inf") || unsigned.equals("infinity")) {
            return OptionalDouble.of(sign * Double.POSITIVE_INFINITY);
        }
        if (unsigned.equals("nan")) {
            return OptionalDouble.of(Double.NaN);
        }
        boolean plain = !unsigned.isEmpty()
                && unsigned.length() <= MOST_DIGITS
                && unsigned.chars().allMatch(c -> (c >= '0' && c <= '9') || ".e+-_".indexOf(c) >= 0);
        if (!plain) {
            return OptionalDouble.empty();
        }
        try {
            return OptionalDouble.of(sign * Double.parseDouble(unsigned.replace("_", "")));
        } catch (NumberFormatException noNumber) {
            return OptionalDouble.empty();
        }
    }

    private Value round(Value value) {
        int precision = Math.clamp(arguments.integer("precision", 0), -400, 400);
        String method = arguments.string("method", "common");
        RoundingMode mode =
                switch (method) {
                    case "common" -> RoundingMode.HALF_EVEN;
                    case "ceil" -> RoundingMode.CEILING;
                    case "floor" -> RoundingMode.FLOOR;
                    default -> environment.fail("round: 'method' is '" + method + "'; give common, ceil or floor");
                };
        if (value instanceof Value.Int && method.equals("common") && precision >= 0) {
            return value;
        }
        double number = Numbers.toDouble(environment, value);
        return Double.isFinite(number)
                ? new Value.Float(
                        new BigDecimal(number).setScale(precision, mode).doubleValue())
                : value;
    }
}
