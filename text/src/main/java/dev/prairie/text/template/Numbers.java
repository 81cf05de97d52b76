package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Python's arithmetic, and the {@code +}, {@code *} and {@code %} of strings and lists. */
final class Numbers {
    /** Integers longer than this are a mistake or an attack; Python itself refuses to print longer ones. */
    private static final int MOST_BITS = 14_000;

    private final Environment environment;

    Numbers(Environment environment) {
        this.environment = environment;
    }

    Value binary(String operator, Value a, Value b) {
        if (Comparison.isNumber(a) && Comparison.isNumber(b)) {
            return a instanceof Value.Float || b instanceof Value.Float || operator.equals("/")
                    ? floating(operator, toDouble(environment, a), toDouble(environment, b))
                    : integral(operator, toInteger(a), toInteger(b));
        }
        return switch (operator) {
            case "+" -> plus(a, b);
            case "*" -> times(a, b);
            case "%" ->
                a instanceof Value.Str format
                        ? environment.made(PercentFormat.format(environment, format.text(), b))
                        : refuse(operator, a, b);
            default -> refuse(operator, a, b);
        };
    }

    private Value plus(Value a, Value b) {
        if (a instanceof Value.Str x && b instanceof Value.Str y) {
            boolean safe = x.safe() || y.safe();
            String left = safe && !x.safe() ? Text.escape(x.text()) : x.text();
            String right = safe && !y.safe() ? Text.escape(y.text()) : y.text();
            environment.text((long) left.length() + right.length());
            return new Value.Str(left + right, safe);
        }
        if (a instanceof Sequence x
                && b instanceof Sequence y
                && x.kind() == y.kind()
                && (x.kind() == Sequence.Kind.LIST || x.kind() == Sequence.Kind.TUPLE)) {
            environment.step((long) x.items().size() + y.items().size());
            List<Value> both = new ArrayList<>(x.items());
            both.addAll(y.items());
            return new Sequence(x.kind(), both);
        }
        return refuse("+", a, b);
    }

    private Value times(Value a, Value b) {
        if (a instanceof Value.Int || a instanceof Value.Bool) {
            return Comparison.isNumber(b) || b instanceof Value.Int ? refuse("*", a, b) : repeat(b, a);
        }
        return repeat(a, b);
    }

    private Value repeat(Value value, Value times) {
        if (!(times instanceof Value.Int || times instanceof Value.Bool)) {
            return refuse("*", value, times);
        }
        long count = Math.max(0, Types.index(environment, times, "*"));
        if (value instanceof Value.Str str) {
            environment.text(count * str.text().length());
            return new Value.Str(str.text().repeat((int) (str.text().isEmpty() ? 0 : count)), str.safe());
        }
        if (value instanceof Sequence sequence
                && (sequence.kind() == Sequence.Kind.LIST || sequence.kind() == Sequence.Kind.TUPLE)) {
            environment.step(count * sequence.items().size());
            List<Value> items = new ArrayList<>();
            for (long i = 0; i < count && !sequence.items().isEmpty(); i++) {
                items.addAll(sequence.items());
            }
            return new Sequence(sequence.kind(), items);
        }
        return refuse("*", value, times);
    }

    private Value refuse(String operator, Value a, Value b) {
        return environment.fail("'" + operator + "' does not take " + Types.name(a) + " and " + Types.name(b)
                + "; convert them, for instance with the filter string");
    }

    private Value integral(String operator, BigInteger a, BigInteger b) {
        environment.step((a.bitLength() + b.bitLength()) >> 6);
        return switch (operator) {
            case "+" -> sized(a.add(b));
            case "-" -> sized(a.subtract(b));
            case "*" -> sized(a.multiply(b));
            case "//" -> new Value.Int(floorDivide(a, nonZero(b))[0]);
            case "%" -> new Value.Int(floorDivide(a, nonZero(b))[1]);
            case "**" -> {
                if (b.signum() < 0) {
                    yield floating("**", a.doubleValue(), b.doubleValue());
                }
                boolean small = a.abs().compareTo(BigInteger.ONE) <= 0;
                if (!small && (b.bitLength() > 31 || b.longValue() * a.bitLength() > MOST_BITS)) {
                    yield environment.fail("a power of more than " + MOST_BITS + " bits; use smaller numbers");
                }
                yield sized(small ? a.pow(b.testBit(0) ? 1 : b.signum() == 0 ? 0 : 2) : a.pow(b.intValue()));
            }
            default -> throw new IllegalStateException(operator);
        };
    }

    private BigInteger nonZero(BigInteger value) {
        return value.signum() != 0 ? value : environment.fail("division by zero; test the divisor before");
    }

    /** Quotient and remainder; the remainder has the sign of the divisor. */
    private static BigInteger[] floorDivide(BigInteger a, BigInteger b) {
        BigInteger[] result = a.divideAndRemainder(b);
        if (result[1].signum() != 0 && result[1].signum() != b.signum()) {
            result[0] = result[0].subtract(BigInteger.ONE);
            result[1] = result[1].add(b);
        }
        return result;
    }

    private Value sized(BigInteger value) {
        return value.bitLength() <= MOST_BITS
                ? new Value.Int(value)
                : environment.fail("an integer of more than " + MOST_BITS + " bits; use smaller numbers");
    }

    private Value floating(String operator, double a, double b) {
        if (b == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw environment.error("division by zero; test the divisor before");
        }
        return new Value.Float(
                switch (operator) {
                    case "+" -> a + b;
                    case "-" -> a - b;
                    case "*" -> a * b;
                    case "/" -> a / b;
                    case "//" -> Math.floor(a / b);
                    case "%" -> a - b * Math.floor(a / b);
                    case "**" -> Math.pow(a, b);
                    default -> throw new IllegalStateException(operator);
                });
    }

    Value negate(Value value) {
        return switch (value) {
            case Value.Float number -> new Value.Float(-number.value());
            case Value.Int integer -> new Value.Int(integer.value().negate());
            case Value.Bool bool -> Value.of(bool.value() ? -1 : 0);
            default -> environment.fail("'-' does not take " + Types.name(value) + "; give a number");
        };
    }

    Value plus(Value value) {
        return switch (value) {
            case Value.Float number -> number;
            case Value.Int integer -> integer;
            case Value.Bool bool -> Value.of(bool.value() ? 1 : 0);
            default -> environment.fail("'+' does not take " + Types.name(value) + "; give a number");
        };
    }

    /** The number as a double; to be asked of numbers only. */
    static double toDouble(Environment environment, Value value) {
        return switch (value) {
            case Value.Float number -> number.value();
            case Value.Int integer -> integer.value().doubleValue();
            case Value.Bool bool -> bool.value() ? 1 : 0;
            default -> environment.fail(Types.name(value) + " is no number; give one");
        };
    }

    private static BigInteger toInteger(Value value) {
        return value instanceof Value.Int integer
                ? integer.value()
                : value instanceof Value.Bool bool && bool.value() ? BigInteger.ONE : BigInteger.ZERO;
    }

    /** The integer of a float, its fraction cut off; empty for what has none. */
    static Optional<BigInteger> truncate(double value) {
        return Double.isFinite(value) ? Optional.of(new BigDecimal(value).toBigInteger()) : Optional.empty();
    }

    /** A float as Python prints it: the fewest digits that give it back, with an exponent below 1e-4 and from 1e16. */
    static String print(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value > 0 ? "0.0" : "-0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(value), MathContext.UNLIMITED).stripTrailingZeros();
        String digits = shortest.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (exponent >= -4 && exponent < 16) {
            String plain = shortest.abs().toPlainString();
            return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
        }
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        String power = Integer.toString(Math.abs(exponent));
        return sign + digits.charAt(0) + fraction + (exponent < 0 ? "e-" : "e+") + (power.length() < 2 ? "0" : "") + power;
    }
}
